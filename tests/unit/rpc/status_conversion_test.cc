#include "server/rpc/status_conversion.h"

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"

#include "server/calls/misuse.h"

namespace memsim {
namespace {

TEST(StatusConversionTest, OkIsOk) { EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok()); }

TEST(StatusConversionTest, AMisuseCarriesOneErrorInfo) {
  absl::Status status = MisuseStatus(v1::ERROR_REASON_SEQUENCE_STALE, "too old");
  AddMisuseMetadata("sequence", "9", status);
  const grpc::Status converted = ToGrpcStatus(status);
  EXPECT_EQ(converted.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(converted.error_message(), "too old");

  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(converted.error_details()));
  EXPECT_EQ(details.code(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(details.message(), "too old");
  ASSERT_EQ(details.details_size(), 1);
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(details.details(0).UnpackTo(&info));
  EXPECT_EQ(info.reason(), "SEQUENCE_STALE");
  EXPECT_EQ(info.domain(), "memsim");
  ASSERT_EQ(info.metadata_size(), 1);
  EXPECT_EQ(info.metadata().at("sequence"), "9");
}

TEST(StatusConversionTest, AStatusFromElsewhereKeepsItsCodeAndHasNoDetails) {
  const grpc::Status converted = ToGrpcStatus(absl::InternalError("ours"));
  EXPECT_EQ(converted.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_EQ(converted.error_message(), "ours");
  EXPECT_TRUE(converted.error_details().empty());
}

}  // namespace
}  // namespace memsim
