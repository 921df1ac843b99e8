// The flags of memsimd.

#ifndef MEMSIM_SERVER_SERVER_FLAGS_H_
#define MEMSIM_SERVER_SERVER_FLAGS_H_

#include <chrono>
#include <string>

#include "absl/status/statusor.h"

#include "server/rpc/server.h"

namespace memsim {

struct ServerFlags {
  ServerOptions server;
  // "HOST:PORT"; empty: no HTTP.
  std::string http_address;
  std::chrono::seconds drain_timeout;
};

// Ends the program for --help, --version, and flags that do not exist. INVALID_ARGUMENT: a flag's value is out of its
// range, or there is an argument that is no flag.
absl::StatusOr<ServerFlags> ReadServerFlags(int argc, char** argv);

}  // namespace memsim

#endif  // MEMSIM_SERVER_SERVER_FLAGS_H_
