#include "server/rpc/page_token.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "server/base/digest.h"
#include "server/calls/misuse.h"

namespace memsim {
namespace {

// Ties a token to its list: enough against mistakes, which is all that it guards against.
std::string Seal(absl::string_view tenant, absl::string_view last) {
  Digest digest;
  digest.Add(tenant);
  digest.Add(last);
  return digest.ToHex().substr(0, 8);
}

}  // namespace

std::string MakePageToken(absl::string_view tenant, const MachineName& last) {
  const std::string name = last.ToString();
  return absl::WebSafeBase64Escape(absl::StrCat(Seal(tenant, name), ":", name));
}

absl::StatusOr<std::optional<MachineName>> ReadPageToken(absl::string_view tenant, absl::string_view token) {
  if (token.empty()) return std::optional<MachineName>();
  std::string text;
  if (absl::WebSafeBase64Unescape(token, &text)) {
    const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(text, absl::MaxSplits(':', 1));
    absl::StatusOr<MachineName> last = MachineName::Parse(parts.second);
    if (last.ok() && parts.first == Seal(tenant, parts.second)) return std::optional<MachineName>(*std::move(last));
  }
  return MisuseStatus(v1::ERROR_REASON_PAGE_TOKEN_INVALID,
                      "page_token was not made for this list; send the next_page_token of its last response, or none");
}

}  // namespace memsim
