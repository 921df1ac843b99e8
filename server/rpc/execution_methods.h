// The unary methods that run calls: one for each operation, derived from the Call message, and ExecuteBatch.

#ifndef MEMSIM_SERVER_RPC_EXECUTION_METHODS_H_
#define MEMSIM_SERVER_RPC_EXECUTION_METHODS_H_

#include "proto/operations.h"
#include "server/rpc/unary_rpc.h"

namespace memsim {

// Runs the operation's request as a batch of one.
UnaryHandler OperationHandler(const Operation& operation);

void ExecuteBatch(UnaryRpc& rpc);

}  // namespace memsim

#endif  // MEMSIM_SERVER_RPC_EXECUTION_METHODS_H_
