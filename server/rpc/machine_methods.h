// The unary methods of MachineService.

#ifndef MEMSIM_SERVER_RPC_MACHINE_METHODS_H_
#define MEMSIM_SERVER_RPC_MACHINE_METHODS_H_

#include "server/rpc/unary_rpc.h"

namespace memsim {

void CreateMachine(UnaryRpc& rpc);
void GetMachine(UnaryRpc& rpc);
void ListMachines(UnaryRpc& rpc);
void DeleteMachine(UnaryRpc& rpc);
void ReadProc(UnaryRpc& rpc);
void GetCounters(UnaryRpc& rpc);
void GetTracepoints(UnaryRpc& rpc);

}  // namespace memsim

#endif  // MEMSIM_SERVER_RPC_MACHINE_METHODS_H_
