#include "server/calls/misuse.h"

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace memsim {
namespace {

constexpr char kReasonUrl[] = "memsim/error-reason";
constexpr char kMetadataUrlPrefix[] = "memsim/metadata/";

}  // namespace

absl::StatusCode MisuseCode(v1::ErrorReason reason) {
  switch (reason) {
    case v1::ERROR_REASON_MACHINE_NOT_FOUND:
    case v1::ERROR_REASON_PROC_PATH_NOT_FOUND:
      return absl::StatusCode::kNotFound;
    case v1::ERROR_REASON_MACHINE_ALREADY_EXISTS:
      return absl::StatusCode::kAlreadyExists;
    case v1::ERROR_REASON_NAME_INVALID:
    case v1::ERROR_REASON_SPEC_INVALID:
    case v1::ERROR_REASON_FIELD_INVALID:
    case v1::ERROR_REASON_MESSAGE_MALFORMED:
    case v1::ERROR_REASON_BATCH_TOO_LARGE:
    case v1::ERROR_REASON_OPERATION_UNKNOWN:
    case v1::ERROR_REASON_PAGE_TOKEN_INVALID:
      return absl::StatusCode::kInvalidArgument;
    case v1::ERROR_REASON_SLOT_UNSET:
    case v1::ERROR_REASON_TIME_EXHAUSTED:
      return absl::StatusCode::kFailedPrecondition;
    case v1::ERROR_REASON_SEQUENCE_STALE:
    case v1::ERROR_REASON_MACHINE_DELETED:
      return absl::StatusCode::kAborted;
    case v1::ERROR_REASON_QUEUE_FULL:
    case v1::ERROR_REASON_TOO_MANY_MACHINES:
    case v1::ERROR_REASON_HOST_MEMORY_EXHAUSTED:
    case v1::ERROR_REASON_ANSWER_TOO_LARGE:
      return absl::StatusCode::kResourceExhausted;
    case v1::ERROR_REASON_ROLE_INSUFFICIENT:
      return absl::StatusCode::kPermissionDenied;
    case v1::ERROR_REASON_SERVER_DRAINING:
      return absl::StatusCode::kUnavailable;
    case v1::ERROR_REASON_METHOD_UNKNOWN:
      return absl::StatusCode::kUnimplemented;
    case v1::ERROR_REASON_CALLER_GONE:
      return absl::StatusCode::kCancelled;
    default:
      return absl::StatusCode::kInternal;
  }
}

absl::Status MisuseStatus(v1::ErrorReason reason, absl::string_view message) {
  absl::Status status(MisuseCode(reason), message);
  status.SetPayload(kReasonUrl, absl::Cord(absl::StrCat(static_cast<int>(reason))));
  return status;
}

v1::ErrorReason MisuseReason(const absl::Status& status) {
  const auto payload = status.GetPayload(kReasonUrl);
  int number = 0;
  if (!payload.has_value() || !absl::SimpleAtoi(std::string(*payload), &number) || !v1::ErrorReason_IsValid(number)) {
    return v1::ERROR_REASON_UNSPECIFIED;
  }
  return static_cast<v1::ErrorReason>(number);
}

v1::Misuse ToMisuse(const absl::Status& status) {
  v1::Misuse misuse;
  misuse.set_reason(MisuseReason(status));
  misuse.set_message(std::string(status.message()));
  return misuse;
}

void AddMisuseMetadata(absl::string_view key, absl::string_view value, absl::Status& status) {
  status.SetPayload(absl::StrCat(kMetadataUrlPrefix, key), absl::Cord(value));
}

std::map<std::string, std::string> MisuseMetadata(const absl::Status& status) {
  std::map<std::string, std::string> metadata;
  status.ForEachPayload([&metadata](absl::string_view url, const absl::Cord& value) {
    if (absl::ConsumePrefix(&url, kMetadataUrlPrefix)) metadata.emplace(url, value);
  });
  return metadata;
}

std::string MisuseReasonName(v1::ErrorReason reason) {
  return std::string(absl::StripPrefix(v1::ErrorReason_Name(reason), "ERROR_REASON_"));
}

}  // namespace memsim
