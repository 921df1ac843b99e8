#include "server/host/machine_name.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "server/base/quoted.h"
#include "server/calls/misuse.h"

namespace memsim {
namespace {

bool IsNameCharacter(char c) { return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-'; }

}  // namespace

absl::Status ValidateNamePart(absl::string_view field, absl::string_view part) {
  const bool good = !part.empty() && part.size() <= MachineName::kMaxPartLength && absl::ascii_islower(part.front()) &&
                    part.back() != '-' && std::all_of(part.begin(), part.end(), IsNameCharacter);
  if (good) return absl::OkStatus();
  return MisuseStatus(v1::ERROR_REASON_NAME_INVALID,
                      absl::StrCat(field, " is ", Quoted(part), "; it must be 1 to ", MachineName::kMaxPartLength,
                                   " of a-z, 0-9 and -, first a letter, last not -"));
}

absl::StatusOr<MachineName> MachineName::Parse(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '/');
  const bool is_long = parts.size() == 4 && parts[0] == "tenants" && parts[2] == "machines";
  if (parts.size() != 1 && !is_long) {
    return MisuseStatus(v1::ERROR_REASON_NAME_INVALID,
                        absl::StrCat("the machine's name is ", Quoted(text),
                                     "; it must be tenants/{tenant}/machines/{machine}, or the machine alone"));
  }
  MachineName name;
  name.tenant = is_long ? std::string(parts[1]) : kDefaultTenant;
  name.machine = std::string(parts.back());
  absl::Status status = ValidateNamePart("the tenant of the machine's name", name.tenant);
  if (status.ok()) status = ValidateNamePart("the machine's name", name.machine);
  if (!status.ok()) return status;
  return name;
}

std::string MachineName::ToString() const { return absl::StrCat("tenants/", tenant, "/machines/", machine); }

absl::StatusOr<std::string> ParseTenant(absl::string_view parent, TenantWildcard wildcard) {
  if (parent.empty()) return std::string(kDefaultTenant);
  const std::vector<absl::string_view> parts = absl::StrSplit(parent, '/');
  if (parts.size() != 2 || parts[0] != "tenants") {
    return MisuseStatus(v1::ERROR_REASON_NAME_INVALID,
                        absl::StrCat("parent is ", Quoted(parent),
                                     "; it must be tenants/{tenant}, or empty for tenants/", kDefaultTenant));
  }
  if (parts[1] == kAnyTenant && wildcard == TenantWildcard::kAllowed) return std::string(kAnyTenant);
  const absl::Status status = ValidateNamePart("the tenant of parent", parts[1]);
  if (!status.ok()) return status;
  return std::string(parts[1]);
}

}  // namespace memsim
