// The names of tenants and machines: "tenants/{tenant}/machines/{machine}", or the machine alone for the tenant
// "default".

#ifndef MEMSIM_SERVER_HOST_MACHINE_NAME_H_
#define MEMSIM_SERVER_HOST_MACHINE_NAME_H_

#include <compare>
#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace memsim {

// The tenant of people who have only one.
inline constexpr char kDefaultTenant[] = "default";
// In a list, stands for every tenant.
inline constexpr char kAnyTenant[] = "-";

// Ordered by tenant, then by machine: the order of lists.
struct MachineName {
  // A DNS label's length (RFC 1035), so that a name can be a host name or a metric's label.
  static constexpr std::size_t kMaxPartLength = 63;

  std::string tenant;
  std::string machine;

  // Either form. NAME_INVALID, which says what a name looks like.
  static absl::StatusOr<MachineName> Parse(absl::string_view text);

  // The long form: "tenants/default/machines/demo".
  std::string ToString() const;

  friend auto operator<=>(const MachineName&, const MachineName&) = default;
  friend bool operator==(const MachineName&, const MachineName&) = default;
};

// "tenants/{tenant}", or empty for the default one, to the tenant's own name. NAME_INVALID; "tenants/-" too, unless
// wildcards are allowed.
enum class TenantWildcard { kRefused, kAllowed };
absl::StatusOr<std::string> ParseTenant(absl::string_view parent, TenantWildcard wildcard);

// NAME_INVALID unless part is 1 to 63 of a-z, 0-9 and -, first a letter, last not -. field names it in the message.
absl::Status ValidateNamePart(absl::string_view field, absl::string_view part);

}  // namespace memsim

#endif  // MEMSIM_SERVER_HOST_MACHINE_NAME_H_
