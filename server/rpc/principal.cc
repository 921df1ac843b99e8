#include "server/rpc/principal.h"

#include "absl/strings/str_cat.h"

#include "server/calls/misuse.h"

namespace memsim {

absl::Status Authorize(const Principal& principal, v1::Role required, absl::string_view method) {
  if (principal.role >= required) return absl::OkStatus();
  return MisuseStatus(v1::ERROR_REASON_ROLE_INSUFFICIENT,
                      absl::StrCat(method, " requires ", v1::Role_Name(required), ", and ", principal.name, " has ",
                                   v1::Role_Name(principal.role), "; ask the server's owner for it"));
}

}  // namespace memsim
