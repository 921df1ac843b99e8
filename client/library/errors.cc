#include "client/library/errors.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

#include "client/library/error_info.h"

namespace memsim::client {
namespace {

std::optional<google::rpc::ErrorInfo> ErrorInfoOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kErrorInfoUrl);
  google::rpc::ErrorInfo info;
  if (!payload.has_value() || !info.ParseFromString(std::string(*payload))) return std::nullopt;
  return info;
}

}  // namespace

v1::ErrorReason ErrorReasonOf(const absl::Status& status) {
  v1::ErrorReason reason = v1::ERROR_REASON_UNSPECIFIED;
  // Parse leaves reason alone when the name is unknown.
  v1::ErrorReason_Parse(absl::StrCat("ERROR_REASON_", ErrorReasonNameOf(status)), &reason);
  return reason;
}

std::string ErrorReasonNameOf(const absl::Status& status) {
  const auto info = ErrorInfoOf(status);
  return info.has_value() ? info->reason() : "";
}

std::optional<std::string> ErrorMetadataOf(const absl::Status& status, const std::string& key) {
  const auto info = ErrorInfoOf(status);
  if (!info.has_value()) return std::nullopt;
  const auto found = info->metadata().find(key);
  if (found == info->metadata().end()) return std::nullopt;
  return found->second;
}

absl::Status WithMessage(const absl::Status& status, absl::string_view message) {
  absl::Status reworded(status.code(), message);
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) { reworded.SetPayload(url, payload); });
  return reworded;
}

std::string DescribeError(const absl::Status& status) {
  const std::string code = absl::StatusCodeToString(status.code());
  const std::string reason = ErrorReasonNameOf(status);
  return absl::StrCat(code, reason.empty() ? "" : absl::StrCat(" (", reason, ")"), ": ", status.message());
}

}  // namespace memsim::client
