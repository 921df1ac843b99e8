// A mistake in what a person typed, as opposed to what a server answered: the program's exit code differs.

#ifndef MEMSIM_CLIENT_CLI_USAGE_ERROR_H_
#define MEMSIM_CLIENT_CLI_USAGE_ERROR_H_

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

#include "client/library/json_text.h"

namespace memsim::cli {

inline constexpr char kUsageErrorUrl[] = "memsim/usage-error";

// INVALID_ARGUMENT with a mark that IsUsageError finds.
template <typename... Parts>
absl::Status UsageError(const Parts&... parts) {
  absl::Status status = absl::InvalidArgumentError(absl::StrCat(parts...));
  status.SetPayload(kUsageErrorUrl, absl::Cord());
  return status;
}

// A message of the API carries no other text, and its own refusal would not name what was typed.
inline absl::Status CheckUtf8(absl::string_view name, absl::string_view text) {
  return client::IsUtf8(text) ? absl::OkStatus() : UsageError(name, ": \"", client::Printable(text), "\" is no UTF-8");
}

inline bool IsUsageError(const absl::Status& status) { return status.GetPayload(kUsageErrorUrl).has_value(); }

}  // namespace memsim::cli

#endif  // MEMSIM_CLIENT_CLI_USAGE_ERROR_H_
