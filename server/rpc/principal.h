// On whose behalf a call runs.

#ifndef MEMSIM_SERVER_RPC_PRINCIPAL_H_
#define MEMSIM_SERVER_RPC_PRINCIPAL_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

#include "memsim/v1/options.pb.h"

namespace memsim {

struct Principal {
  std::string name;
  v1::Role role = v1::ROLE_UNSPECIFIED;
};

// ROLE_INSUFFICIENT unless the principal's role is at least the one that the method requires.
absl::Status Authorize(const Principal& principal, v1::Role required, absl::string_view method);

}  // namespace memsim

#endif  // MEMSIM_SERVER_RPC_PRINCIPAL_H_
