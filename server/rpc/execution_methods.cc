#include "server/rpc/execution_methods.h"

#include <memory>
#include <utility>

#include "google/protobuf/message.h"

#include "memsim/v1/answer.pb.h"
#include "server/calls/misuse.h"
#include "server/rpc/message_bytes.h"

namespace memsim {
namespace {

// An operation as its unary method needs it.
struct UnaryOperation {
  // The field of Call that is the request, and the request's own that says where and how.
  const google::protobuf::FieldDescriptor* request;
  const google::protobuf::FieldDescriptor* target;
};

// The batch that a unary request stands for: its bytes become the call, and its target says where and how.
absl::Status ParseOperation(const grpc::ByteBuffer& bytes, const UnaryOperation& operation,
                            v1::ExecuteBatchRequest& batch) {
  v1::Call& call = *batch.add_calls();
  google::protobuf::Message& request = *call.GetReflection()->MutableMessage(&call, operation.request);
  absl::Status status = ParseMessage(bytes, request);
  if (!status.ok()) return status;

  // A generated message's field is of the generated type.
  const auto& target =
      static_cast<const v1::CallTarget&>(request.GetReflection()->GetMessage(request, operation.target));
  batch.set_machine(target.machine());
  if (target.has_expected_sequence()) batch.set_expected_sequence(target.expected_sequence());
  call.set_store_as(target.store_as());
  if (target.has_cpu()) call.set_cpu(target.cpu());
  request.GetReflection()->ClearField(&request, operation.target);
  return absl::OkStatus();
}

void ReplyWithAnswer(UnaryRpc& rpc, const v1::Answer& answer) {
  if (!answer.has_misuse()) return rpc.Reply(answer);
  rpc.Refuse(MisuseStatus(answer.misuse().reason(), answer.misuse().message()));
}

absl::Status CheckBytes(const UnaryRpc& rpc) {
  return CheckBatchWireBytes(rpc.request().Length(), rpc.host().options().batch);
}

void Submit(UnaryRpc& rpc, const std::shared_ptr<BatchJob>& job) {
  job->set_wire_bytes(rpc.request().Length());
  rpc.CancelWithCaller(job);
  rpc.host().Submit(job);
}

void RunOperation(UnaryRpc& rpc, const UnaryOperation& operation) {
  // The job outlives its callback: the host holds it there.
  auto job = std::make_shared<BatchJob>([&rpc](BatchJob& done, const absl::Status& status) {
    return status.ok() ? ReplyWithAnswer(rpc, done.response().answers(0)) : rpc.Refuse(status);
  });
  absl::Status status = CheckBytes(rpc);
  if (status.ok()) status = ParseOperation(rpc.request(), operation, job->request());
  return status.ok() ? Submit(rpc, job) : rpc.Refuse(status);
}

}  // namespace

UnaryHandler OperationHandler(const Operation& operation) {
  const UnaryOperation unary{operation.field, operation.field->message_type()->FindFieldByName("target")};
  return [unary](UnaryRpc& rpc) { RunOperation(rpc, unary); };
}

void ExecuteBatch(UnaryRpc& rpc) {
  auto job = std::make_shared<BatchJob>([&rpc](BatchJob& done, const absl::Status& status) {
    return status.ok() ? rpc.Reply(done.response()) : rpc.Refuse(status);
  });
  absl::Status status = CheckBytes(rpc);
  if (status.ok()) status = ParseMessage(rpc.request(), job->request());
  return status.ok() ? Submit(rpc, job) : rpc.Refuse(status);
}

}  // namespace memsim
