// Where the next page of a list of machines begins.

#ifndef MEMSIM_SERVER_RPC_PAGE_TOKEN_H_
#define MEMSIM_SERVER_RPC_PAGE_TOKEN_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "server/host/machine_name.h"

namespace memsim {

// A token for the page after last, of the tenant's list. It says nothing to its reader, so that we may change it.
std::string MakePageToken(absl::string_view tenant, const MachineName& last);

// What MakePageToken was given; nullopt for an empty token, which is the first page. PAGE_TOKEN_INVALID: it was made
// for another list, or not by us.
absl::StatusOr<std::optional<MachineName>> ReadPageToken(absl::string_view tenant, absl::string_view token);

}  // namespace memsim

#endif  // MEMSIM_SERVER_RPC_PAGE_TOKEN_H_
