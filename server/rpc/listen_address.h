// Whether a server may listen at an address, found out before gRPC tries, because gRPC would not say why not.

#ifndef MEMSIM_SERVER_RPC_LISTEN_ADDRESS_H_
#define MEMSIM_SERVER_RPC_LISTEN_ADDRESS_H_

#include <string>

#include "absl/status/status.h"

namespace memsim {

// address: "HOST:PORT" (port 0: any), or "unix:PATH", where a socket that nobody answers at may lie about.
// INVALID_ARGUMENT, UNAVAILABLE if another server has it, with one line that says what to do.
absl::Status CheckListenAddress(const std::string& address);

}  // namespace memsim

#endif  // MEMSIM_SERVER_RPC_LISTEN_ADDRESS_H_
