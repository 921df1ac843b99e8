#include "client/library/operation_request.h"

#include "absl/strings/cord.h"

#include "client/library/error_info.h"
#include "memsim/v1/answer.pb.h"
#include "memsim/v1/error_reason.pb.h"
#include "proto/operations.h"

namespace memsim::client {
namespace {

absl::Status NoOperation() {
  google::rpc::ErrorInfo info;
  info.set_domain(kErrorDomain);
  info.set_reason("OPERATION_UNKNOWN");
  absl::Status status = absl::InvalidArgumentError("the call has no operation; set one, as in call.mutable_mmap()");
  status.SetPayload(kErrorInfoUrl, absl::Cord(info.SerializeAsString()));
  return status;
}

}  // namespace

absl::StatusOr<OperationRequest> MakeOperationRequest(absl::string_view machine, const v1::Call& call,
                                                      std::optional<std::uint64_t> expected_sequence) {
  const auto* const reflection = call.GetReflection();
  const auto* const oneof = v1::Call::descriptor()->FindOneofByName("operation");
  const auto* const field = reflection->GetOneofFieldDescriptor(call, oneof);
  if (field == nullptr) return NoOperation();
  const google::protobuf::Message& operation = reflection->GetMessage(call, field);

  OperationRequest request;
  request.method_path = FindOperation(field->name())->MethodPath();
  request.message.reset(operation.New());
  request.message->CopyFrom(operation);
  auto* const target = request.message->GetReflection()->MutableMessage(
      request.message.get(), operation.GetDescriptor()->FindFieldByName("target"));
  v1::CallTarget& call_target = *google::protobuf::DynamicCastToGenerated<v1::CallTarget>(target);
  call_target.Clear();
  call_target.set_machine(std::string(machine));
  call_target.set_store_as(call.store_as());
  if (call.has_cpu()) call_target.set_cpu(call.cpu());
  if (expected_sequence.has_value()) call_target.set_expected_sequence(*expected_sequence);
  return request;
}

}  // namespace memsim::client
