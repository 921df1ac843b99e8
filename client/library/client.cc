#include "client/library/client.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "grpcpp/alarm.h"
#include "grpcpp/client_context.h"
#include "grpcpp/completion_queue.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/security/credentials.h"

#include "client/library/errors.h"
#include "client/library/operation_request.h"
#include "client/library/status_conversion.h"
#include "memsim/v1/execution_service.grpc.pb.h"
#include "memsim/v1/machine_service.grpc.pb.h"

namespace memsim::client {
namespace {

// The maps of a process with 65,530 mappings take about 7 MiB, more than gRPC's own limit of 4 MiB.
constexpr int kMaxResponseBytes = 64 << 20;
// The most that ListMachines gives at once.
constexpr int kListPageSize = 1000;

using OperationStub = grpc::TemplatedGenericStub<google::protobuf::MessageLite, v1::Answer>;

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxResponseBytes);
  // A memsim server is spoken to directly; a proxy for the web is not in the way to it.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // Each Client has its own connection, so that many of them load a server as many clients do.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

absl::Status CheckAddress(absl::string_view address) {
  if (absl::StartsWith(address, "unix:")) {
    if (address.size() > 5) return absl::OkStatus();
  } else {
    const std::size_t colon = address.rfind(':');
    int port = 0;
    if (colon != absl::string_view::npos && colon > 0 && absl::SimpleAtoi(address.substr(colon + 1), &port) &&
        port > 0 && port < 65536) {
      return absl::OkStatus();
    }
  }
  return absl::InvalidArgumentError(absl::StrCat("the server address \"", address,
                                                 "\" is neither HOST:PORT nor unix:PATH; example: ", kDefaultAddress));
}

void SetDeadline(grpc::ClientContext& context, absl::Duration wait) {
  if (wait == absl::InfiniteDuration()) return;
  context.set_deadline(absl::ToChronoTime(absl::Now() + wait));
}

// What a stream and the timers of its steps share: a timer may go off while its step ends.
struct StreamCall {
  grpc::ClientContext context;
  std::atomic<bool> overdue = false;
};

// Cancels the stream unless the step is over, and the object gone, in time. gRPC's synchronous streams themselves know
// a deadline of the whole only.
class StepTimer {
 public:
  StepTimer(const std::shared_ptr<StreamCall>& call, absl::Duration wait) {
    if (wait == absl::InfiniteDuration()) return;
    alarm_.emplace();
    alarm_->Set(absl::ToChronoTime(absl::Now() + wait), [call](bool went_off) {
      if (!went_off) return;
      call->overdue = true;
      call->context.TryCancel();
    });
  }

 private:
  // Its destructor stops it.
  std::optional<grpc::Alarm> alarm_;
};

class GrpcExecuteStream : public ExecuteStream {
 public:
  GrpcExecuteStream(v1::ExecutionService::StubInterface& stub, std::string address, const StreamOptions& options)
      : address_(std::move(address)), step_deadline_(options.step_deadline) {
    SetDeadline(call_->context, options.deadline.value_or(absl::InfiniteDuration()));
    // This already waits for the connection.
    const StepTimer timer(call_, step_deadline_);
    stream_ = stub.Execute(&call_->context);
  }

  ~GrpcExecuteStream() override {
    if (finished_) return;
    call_->context.TryCancel();
    Finish().IgnoreError();
  }

  bool Write(const v1::ExecuteBatchRequest& batch) override {
    const StepTimer timer(call_, step_deadline_);
    v1::ExecuteRequest request;
    *request.mutable_batch() = batch;
    return stream_->Write(request);
  }

  void WritesDone() override {
    if (!writes_done_) stream_->WritesDone();
    writes_done_ = true;
  }

  std::optional<v1::ExecuteBatchResponse> Read() override {
    const StepTimer timer(call_, step_deadline_);
    v1::ExecuteResponse response;
    if (!stream_->Read(&response)) return std::nullopt;
    return std::move(*response.mutable_batch());
  }

  absl::Status Finish() override {
    if (finished_) return status_;
    WritesDone();
    while (Read().has_value()) {
    }
    finished_ = true;
    status_ = ToAbslStatus(End(), address_);
    return status_;
  }

 private:
  grpc::Status End() {
    const StepTimer timer(call_, step_deadline_);
    grpc::Status end = stream_->Finish();
    if (end.error_code() != grpc::StatusCode::CANCELLED || !call_->overdue) return end;
    return {grpc::StatusCode::DEADLINE_EXCEEDED, absl::StrCat("waited ", absl::FormatDuration(step_deadline_))};
  }

  const std::string address_;
  const absl::Duration step_deadline_;
  // Before the stream, which ends first.
  const std::shared_ptr<StreamCall> call_ = std::make_shared<StreamCall>();
  std::unique_ptr<grpc::ClientReaderWriterInterface<v1::ExecuteRequest, v1::ExecuteResponse>> stream_;
  bool writes_done_ = false;
  bool finished_ = false;
  absl::Status status_;
};

// Calls on_response for each response of a stream until it returns false; then the stream is cancelled, which is no
// error.
template <typename Response>
absl::Status ReadUntilFalse(grpc::ClientContext& context, grpc::ClientReaderInterface<Response>& reader,
                            const std::function<bool(const Response&)>& on_response, const std::string& address) {
  Response response;
  while (reader.Read(&response)) {
    if (on_response(response)) continue;
    context.TryCancel();
    while (reader.Read(&response)) {
    }
    (void)reader.Finish();
    return absl::OkStatus();
  }
  return ToAbslStatus(reader.Finish(), address);
}

}  // namespace

struct Client::State {
  // Runs a unary method of a generated stub.
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Unary(Stub& stub,
                                 grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                 const Request& request, const CallOptions& call_options) {
    grpc::ClientContext context;
    SetDeadline(context, call_options.deadline.value_or(options.default_deadline));
    Response response;
    const grpc::Status status = (stub.*method)(&context, request, &response);
    if (!status.ok()) return ToAbslStatus(status, address);
    return response;
  }

  std::shared_ptr<grpc::Channel> channel;
  ClientOptions options;
  std::string address;
  std::unique_ptr<v1::MachineService::StubInterface> machines;
  std::unique_ptr<v1::ExecutionService::StubInterface> execution;
  OperationStub operations;
};

absl::StatusOr<std::unique_ptr<Client>> Client::Connect(absl::string_view address, const ClientOptions& options) {
  if (absl::Status status = CheckAddress(address); !status.ok()) return status;
  return std::make_unique<Client>(MakeChannel(std::string(address)), options, std::string(address));
}

Client::Client(const std::shared_ptr<grpc::Channel>& channel, const ClientOptions& options, std::string address)
    : state_(new State{channel, options, std::move(address), v1::MachineService::NewStub(channel),
                       v1::ExecutionService::NewStub(channel), OperationStub(channel)}) {}

Client::~Client() = default;

const std::string& Client::address() const { return state_->address; }

absl::StatusOr<v1::Machine> Client::CreateMachine(absl::string_view machine_id, const v1::MachineSpec& spec,
                                                  absl::string_view parent, const CallOptions& options) {
  v1::CreateMachineRequest request;
  request.set_parent(std::string(parent));
  request.set_machine_id(std::string(machine_id));
  *request.mutable_machine()->mutable_spec() = spec;
  return state_->Unary(*state_->machines, &v1::MachineService::StubInterface::CreateMachine, request, options);
}

absl::StatusOr<v1::Machine> Client::GetMachine(absl::string_view name, v1::MachineView view,
                                               const CallOptions& options) {
  v1::GetMachineRequest request;
  request.set_name(std::string(name));
  request.set_view(view);
  return state_->Unary(*state_->machines, &v1::MachineService::StubInterface::GetMachine, request, options);
}

absl::StatusOr<std::vector<v1::Machine>> Client::ListMachines(absl::string_view parent, const CallOptions& options) {
  v1::ListMachinesRequest request;
  request.set_parent(std::string(parent));
  request.set_page_size(kListPageSize);
  std::vector<v1::Machine> machines;
  while (true) {
    auto page = state_->Unary(*state_->machines, &v1::MachineService::StubInterface::ListMachines, request, options);
    if (!page.ok()) return page.status();
    std::move(page->mutable_machines()->begin(), page->mutable_machines()->end(), std::back_inserter(machines));
    if (page->next_page_token().empty()) return machines;
    // A server that answers with the token it was given would keep us here for ever.
    if (page->next_page_token() == request.page_token()) {
      return absl::InternalError(absl::StrCat(address(), " gave the same page of machines twice"));
    }
    request.set_page_token(page->next_page_token());
  }
}

absl::Status Client::DeleteMachine(absl::string_view name, const CallOptions& options) {
  v1::DeleteMachineRequest request;
  request.set_name(std::string(name));
  return state_->Unary(*state_->machines, &v1::MachineService::StubInterface::DeleteMachine, request, options).status();
}

absl::StatusOr<v1::ReadProcResponse> Client::ReadProc(absl::string_view name, absl::string_view path,
                                                      const CallOptions& options) {
  return ReadProcPart(name, path, 0, 0, options);
}

absl::StatusOr<v1::ReadProcResponse> Client::ReadProcPart(absl::string_view name, absl::string_view path,
                                                          std::uint64_t offset_bytes, std::uint64_t length_bytes,
                                                          const CallOptions& options) {
  v1::ReadProcRequest request;
  request.set_name(std::string(name));
  request.set_path(std::string(path));
  request.set_offset_bytes(offset_bytes);
  request.set_length_bytes(length_bytes);
  return state_->Unary(*state_->machines, &v1::MachineService::StubInterface::ReadProc, request, options);
}

absl::StatusOr<v1::GetCountersResponse> Client::GetCounters(absl::string_view name, const CallOptions& options) {
  v1::GetCountersRequest request;
  request.set_name(std::string(name));
  return state_->Unary(*state_->machines, &v1::MachineService::StubInterface::GetCounters, request, options);
}

absl::Status Client::Watch(absl::string_view name, absl::Duration interval,
                           const std::function<bool(const v1::WatchMachineResponse&)>& on_state,
                           const CallOptions& options) {
  v1::WatchMachineRequest request;
  request.set_name(std::string(name));
  // Out of range either way is for the server to refuse; the cast must only not wrap round.
  request.set_interval_ms(
      static_cast<std::uint32_t>(std::clamp<std::int64_t>(interval / absl::Milliseconds(1), 0, UINT32_MAX)));
  grpc::ClientContext context;
  SetDeadline(context, options.deadline.value_or(absl::InfiniteDuration()));
  return ReadUntilFalse<v1::WatchMachineResponse>(context, *state_->machines->WatchMachine(&context, request), on_state,
                                                  state_->address);
}

absl::StatusOr<v1::GetTracepointsResponse> Client::GetTracepoints(absl::Span<const std::string> patterns,
                                                                  const CallOptions& options) {
  v1::GetTracepointsRequest request;
  for (const std::string& pattern : patterns) request.add_patterns(pattern);
  return state_->Unary(*state_->machines, &v1::MachineService::StubInterface::GetTracepoints, request, options);
}

absl::Status Client::WatchEvents(const v1::WatchEventsRequest& request,
                                 const std::function<bool(const v1::WatchEventsResponse&)>& on_events,
                                 const CallOptions& options) {
  grpc::ClientContext context;
  SetDeadline(context, options.deadline.value_or(absl::InfiniteDuration()));
  return ReadUntilFalse<v1::WatchEventsResponse>(context, *state_->machines->WatchEvents(&context, request), on_events,
                                                 state_->address);
}

absl::StatusOr<v1::Answer> Client::Call(absl::string_view machine, const v1::Call& call, const CallOptions& options) {
  absl::StatusOr<OperationRequest> request = MakeOperationRequest(machine, call, options.expected_sequence);
  if (!request.ok()) return request.status();
  grpc::ClientContext context;
  SetDeadline(context, options.deadline.value_or(state_->options.default_deadline));
  grpc::CompletionQueue queue;
  const auto reader = state_->operations.PrepareUnaryCall(&context, request->method_path, *request->message, &queue);
  reader->StartCall();
  v1::Answer answer;
  grpc::Status status;
  reader->Finish(&answer, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  if (!status.ok()) return ToAbslStatus(status, state_->address);
  return answer;
}

absl::StatusOr<v1::ExecuteBatchResponse> Client::ExecuteBatch(absl::string_view machine,
                                                              absl::Span<const v1::Call> calls,
                                                              const v1::StopConditions& stop,
                                                              const CallOptions& options) {
  v1::ExecuteBatchRequest request;
  request.set_machine(std::string(machine));
  request.mutable_calls()->Assign(calls.begin(), calls.end());
  *request.mutable_stop() = stop;
  if (options.expected_sequence.has_value()) request.set_expected_sequence(*options.expected_sequence);
  return ExecuteBatch(request, options);
}

absl::StatusOr<v1::ExecuteBatchResponse> Client::ExecuteBatch(const v1::ExecuteBatchRequest& request,
                                                              const CallOptions& options) {
  return state_->Unary(*state_->execution, &v1::ExecutionService::StubInterface::ExecuteBatch, request, options);
}

std::unique_ptr<ExecuteStream> Client::Stream(const StreamOptions& options) {
  return std::make_unique<GrpcExecuteStream>(*state_->execution, state_->address, options);
}

}  // namespace memsim::client
