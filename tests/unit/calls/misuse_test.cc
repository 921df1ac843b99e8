#include "server/calls/misuse.h"

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

TEST(MisuseTest, EveryReasonHasItsOwnCode) {
  for (int i = v1::ErrorReason_MIN + 1; i <= v1::ErrorReason_MAX; ++i) {
    if (!v1::ErrorReason_IsValid(i)) continue;
    EXPECT_NE(MisuseCode(static_cast<v1::ErrorReason>(i)), absl::StatusCode::kInternal) << i;
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
