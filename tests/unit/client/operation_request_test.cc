#include "client/library/operation_request.h"

#include "gtest/gtest.h"

#include "client/library/errors.h"
#include "memsim/v1/address_space_service.pb.h"
#include "proto/operations.h"

namespace memsim::client {
namespace {

TEST(OperationRequestTest, TheCallBecomesTheRequestOfItsMethodWithATarget) {
  v1::Call call;
  call.set_store_as(3);
  call.mutable_mmap()->set_length_bytes(4096);
  const auto request = MakeOperationRequest("demo", call, 7);
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(request->method_path, "/memsim.v1.AddressSpaceService/Mmap");
  EXPECT_EQ(request->message->GetDescriptor(), v1::MmapRequest::descriptor());
  EXPECT_EQ(request->message->ShortDebugString(),
            "target { machine: \"demo\" expected_sequence: 7 store_as: 3 } length_bytes: 4096");
  EXPECT_FALSE(call.mmap().has_target()) << "the caller's call stays as it was";
}

TEST(OperationRequestTest, ATargetThatTheCallerLeftInTheCallIsReplaced) {
  v1::Call call;
  call.mutable_brk()->mutable_target()->set_machine("other");
  call.mutable_brk()->mutable_target()->set_expected_sequence(5);
  EXPECT_EQ(MakeOperationRequest("demo", call, {})->message->ShortDebugString(), "target { machine: \"demo\" }");
}

TEST(OperationRequestTest, EveryOperationHasAMethod) {
  for (const Operation& operation : Operations()) {
    v1::Call call;
    call.GetReflection()->MutableMessage(&call, operation.field);
    const auto request = MakeOperationRequest("demo", call, {});
    ASSERT_TRUE(request.ok()) << operation.name();
    EXPECT_EQ(request->method_path, operation.MethodPath());
  }
}

TEST(OperationRequestTest, ACallWithoutAnOperationIsMisuse) {
  const auto request = MakeOperationRequest("demo", v1::Call(), {});
  EXPECT_EQ(request.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ErrorReasonOf(request.status()), v1::ERROR_REASON_OPERATION_UNKNOWN);
}

}  // namespace
}  // namespace memsim::client
