// The server of --server local: all of memsimd but its ports, inside this process.

#ifndef MEMSIM_CLIENT_CLI_LOCAL_SERVER_H_
#define MEMSIM_CLIENT_CLI_LOCAL_SERVER_H_

#include <memory>

#include "absl/status/statusor.h"

#include "client/cli/session.h"

namespace memsim::cli {

absl::StatusOr<std::unique_ptr<LocalServer>> StartLocalServer();

}  // namespace memsim::cli

#endif  // MEMSIM_CLIENT_CLI_LOCAL_SERVER_H_
