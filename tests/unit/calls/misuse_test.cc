#include "server/calls/misuse.h"

#include <map>
#include <string>

#include "gtest/gtest.h"

namespace memsim {
namespace {

TEST(MisuseTest, AStatusCarriesItsReasonAndItsCode) {
  const absl::Status status = MisuseStatus(v1::ERROR_REASON_QUEUE_FULL, "full");
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(MisuseReason(status), v1::ERROR_REASON_QUEUE_FULL);
  EXPECT_EQ(MisuseReasonName(v1::ERROR_REASON_QUEUE_FULL), "QUEUE_FULL");
}

TEST(MisuseTest, AStatusFromElsewhereHasNoReason) {
  EXPECT_EQ(MisuseReason(absl::InternalError("x")), v1::ERROR_REASON_UNSPECIFIED);
  EXPECT_EQ(MisuseReason(absl::OkStatus()), v1::ERROR_REASON_UNSPECIFIED);
  EXPECT_TRUE(MisuseMetadata(absl::InternalError("x")).empty());
}

// What error_reason.proto says of each.
const std::map<v1::ErrorReason, absl::StatusCode>& PromisedCodes() {
  static const auto* const kCodes = new std::map<v1::ErrorReason, absl::StatusCode>{
      {v1::ERROR_REASON_MACHINE_NOT_FOUND, absl::StatusCode::kNotFound},
      {v1::ERROR_REASON_MACHINE_ALREADY_EXISTS, absl::StatusCode::kAlreadyExists},
      {v1::ERROR_REASON_NAME_INVALID, absl::StatusCode::kInvalidArgument},
      {v1::ERROR_REASON_SPEC_INVALID, absl::StatusCode::kInvalidArgument},
      {v1::ERROR_REASON_FIELD_INVALID, absl::StatusCode::kInvalidArgument},
      {v1::ERROR_REASON_MESSAGE_MALFORMED, absl::StatusCode::kInvalidArgument},
      {v1::ERROR_REASON_BATCH_TOO_LARGE, absl::StatusCode::kInvalidArgument},
      {v1::ERROR_REASON_OPERATION_UNKNOWN, absl::StatusCode::kInvalidArgument},
      {v1::ERROR_REASON_PROC_PATH_NOT_FOUND, absl::StatusCode::kNotFound},
      {v1::ERROR_REASON_SLOT_UNSET, absl::StatusCode::kFailedPrecondition},
      {v1::ERROR_REASON_SEQUENCE_STALE, absl::StatusCode::kAborted},
      {v1::ERROR_REASON_QUEUE_FULL, absl::StatusCode::kResourceExhausted},
      {v1::ERROR_REASON_TOO_MANY_MACHINES, absl::StatusCode::kResourceExhausted},
      {v1::ERROR_REASON_HOST_MEMORY_EXHAUSTED, absl::StatusCode::kResourceExhausted},
      {v1::ERROR_REASON_ROLE_INSUFFICIENT, absl::StatusCode::kPermissionDenied},
      {v1::ERROR_REASON_SERVER_DRAINING, absl::StatusCode::kUnavailable},
      {v1::ERROR_REASON_MACHINE_DELETED, absl::StatusCode::kAborted},
      {v1::ERROR_REASON_PAGE_TOKEN_INVALID, absl::StatusCode::kInvalidArgument},
      {v1::ERROR_REASON_METHOD_UNKNOWN, absl::StatusCode::kUnimplemented},
      {v1::ERROR_REASON_CALLER_GONE, absl::StatusCode::kCancelled},
      {v1::ERROR_REASON_ANSWER_TOO_LARGE, absl::StatusCode::kResourceExhausted},
      {v1::ERROR_REASON_TIME_EXHAUSTED, absl::StatusCode::kFailedPrecondition},
  };
  return *kCodes;
}

TEST(MisuseTest, EveryReasonHasTheCodeThatTheApiPromises) {
  for (int i = v1::ErrorReason_MIN + 1; i <= v1::ErrorReason_MAX; ++i) {
    if (!v1::ErrorReason_IsValid(i)) continue;
    const auto reason = static_cast<v1::ErrorReason>(i);
    const auto promised = PromisedCodes().find(reason);
    ASSERT_NE(promised, PromisedCodes().end()) << MisuseReasonName(reason);
    EXPECT_EQ(MisuseCode(reason), promised->second) << MisuseReasonName(reason);
    EXPECT_EQ(MisuseReason(MisuseStatus(reason, "")), reason);
  }
}

TEST(MisuseTest, MetadataComesBackByKey) {
  absl::Status status = MisuseStatus(v1::ERROR_REASON_SEQUENCE_STALE, "stale");
  AddMisuseMetadata("sequence", "7", status);
  AddMisuseMetadata("other", "", status);
  const std::map<std::string, std::string> expected = {{"sequence", "7"}, {"other", ""}};
  EXPECT_EQ(MisuseMetadata(status), expected);
  EXPECT_EQ(MisuseReason(status), v1::ERROR_REASON_SEQUENCE_STALE);
}

}  // namespace
}  // namespace memsim
