#include "client/library/status_conversion.h"

#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"

#include "client/library/errors.h"

namespace memsim::client {
namespace {

using ::testing::HasSubstr;

grpc::Status Misuse(grpc::StatusCode code, const std::string& message, const std::string& reason,
                    const std::string& domain = "memsim") {
  google::rpc::ErrorInfo info;
  info.set_reason(reason);
  info.set_domain(domain);
  (*info.mutable_metadata())["sequence"] = "42";
  google::rpc::Status details;
  details.set_code(code);
  details.add_details()->PackFrom(info);
  return grpc::Status(code, message, details.SerializeAsString());
}

TEST(StatusConversionTest, CodeMessageReasonAndMetadataSurvive) {
  const absl::Status status =
      ToAbslStatus(Misuse(grpc::StatusCode::ABORTED, "the machine is at 42", "SEQUENCE_STALE"), "host:1");
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(status.message(), "the machine is at 42");
  EXPECT_EQ(ErrorReasonOf(status), v1::ERROR_REASON_SEQUENCE_STALE);
  EXPECT_EQ(ErrorMetadataOf(status, "sequence"), "42");
  EXPECT_EQ(ErrorMetadataOf(status, "other"), std::nullopt);
  EXPECT_EQ(DescribeError(status), "ABORTED (SEQUENCE_STALE): the machine is at 42");
}

TEST(StatusConversionTest, AReasonNewerThanThisProgramKeepsItsName) {
  const absl::Status status = ToAbslStatus(Misuse(grpc::StatusCode::INTERNAL, "x", "OF_TOMORROW"), "host:1");
  EXPECT_EQ(ErrorReasonOf(status), v1::ERROR_REASON_UNSPECIFIED);
  EXPECT_EQ(ErrorReasonNameOf(status), "OF_TOMORROW");
}

TEST(StatusConversionTest, OkIsOkAndHasNoReason) {
  EXPECT_TRUE(ToAbslStatus(grpc::Status::OK, "host:1").ok());
  EXPECT_EQ(ErrorReasonOf(absl::OkStatus()), v1::ERROR_REASON_UNSPECIFIED);
  EXPECT_EQ(ErrorMetadataOf(absl::OkStatus(), "sequence"), std::nullopt);
}

TEST(StatusConversionTest, WhatTheTransportSaysIsGivenAnAddressAndARemedy) {
  const absl::Status dead = ToAbslStatus(grpc::Status(grpc::StatusCode::UNAVAILABLE, "refused"), "host:1");
  EXPECT_EQ(dead.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ErrorReasonOf(dead), v1::ERROR_REASON_UNSPECIFIED);
  EXPECT_THAT(std::string(dead.message()), HasSubstr("no memsim server answers at host:1; start one with memsimd"));
  EXPECT_THAT(std::string(dead.message()), HasSubstr("refused"));
  const absl::Status late = ToAbslStatus(grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, "late"), "host:1");
  EXPECT_EQ(late.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(std::string(late.message()), HasSubstr("no answer from host:1 before the deadline"));
  const absl::Status old = ToAbslStatus(grpc::Status(grpc::StatusCode::UNIMPLEMENTED, ""), "host:1");
  EXPECT_THAT(std::string(old.message()), HasSubstr("does not know this method"));
}

TEST(StatusConversionTest, AServerThatDrainsIsNotTakenForADeadOne) {
  const absl::Status status =
      ToAbslStatus(Misuse(grpc::StatusCode::UNAVAILABLE, "the server shuts down", "SERVER_DRAINING"), "host:1");
  EXPECT_EQ(status.message(), "the server shuts down");
  EXPECT_EQ(ErrorReasonOf(status), v1::ERROR_REASON_SERVER_DRAINING);
}

TEST(StatusConversionTest, AnotherDomainsReasonIsNotOurs) {
  const absl::Status status = ToAbslStatus(Misuse(grpc::StatusCode::INTERNAL, "x", "QUEUE_FULL", "proxy"), "host:1");
  EXPECT_EQ(ErrorReasonOf(status), v1::ERROR_REASON_UNSPECIFIED);
}

TEST(StatusConversionTest, GarbageInTheDetailsIsNoReason) {
  const absl::Status status =
      ToAbslStatus(grpc::Status(grpc::StatusCode::INTERNAL, "x", "\xff\xfe\x01garbage"), "host:1");
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(ErrorReasonOf(status), v1::ERROR_REASON_UNSPECIFIED);
}

}  // namespace
}  // namespace memsim::client
