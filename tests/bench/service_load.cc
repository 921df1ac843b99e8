// Calls a service as fast as it answers, and prints how many calls a second that were, as JSON.
//
//   service_load ADDRESS memsimd|echo unary|batch|stream pages|memory SECONDS
//
// memsimd: makes four machines there, and deletes them at the end. echo: calls as if it had. unary: each call is an
// RPC; batch: each thousand calls are; stream: they are a message of a stream. pages and memory: service_calls.h.
//
// One connection a machine. Requests are made before and answers are not read, but for the first of each caller, so
// that the load takes as little of the cores as it can.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/client_callback.h"

#include "client/library/client.h"
#include "memsim/v1/execution_service.pb.h"
#include "server/base/mutex.h"
#include "server/rpc/message_bytes.h"
#include "tests/bench/service_calls.h"

namespace memsim::bench {
namespace {

using grpc::ByteBuffer;

constexpr int kMachines = 4;
// Per machine, what is sent and not answered: enough that no core waits for work.
constexpr int kUnaryCallers = 16;
constexpr int kBatchCallers = 2;
constexpr int kBatchesInStream = 4;
constexpr std::chrono::milliseconds kWarmUp(300);

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "service_load: %s\n", what.c_str());
  std::exit(1);
}

struct Progress {
  std::atomic<bool> stop = false;
  std::atomic<std::uint64_t> calls = 0;
};

// A request with what it stands for.
struct Request {
  std::string path;
  ByteBuffer bytes;
  int calls = 1;
};

// Ends the program unless these are answers to so many calls, all of which succeeded.
void CheckAnswers(const ByteBuffer& bytes, int calls, bool in_stream) {
  v1::ExecuteResponse response;
  absl::Status status;
  if (calls == 1) {
    status = ParseMessage(bytes, *response.mutable_batch()->add_answers());
  } else {
    status = in_stream ? ParseMessage(bytes, response) : ParseMessage(bytes, *response.mutable_batch());
  }
  if (!status.ok() || response.batch().answers_size() != calls) Fail("the answers are no answers");
  for (const v1::Answer& answer : response.batch().answers()) {
    if (answer.error_number() != 0 || answer.has_misuse()) Fail("a call failed: " + answer.ShortDebugString());
  }
}

// Somebody who sends the next request when the last one is answered.
class Caller {
 public:
  Caller(grpc::GenericStub& stub, std::vector<Request> requests, Progress& progress)
      : stub_(stub), requests_(std::move(requests)), progress_(progress) {}

  void Start() { Send(); }
  void AwaitEnd() { ended_.get_future().wait(); }

 private:
  void Send() {
    context_ = std::make_unique<grpc::ClientContext>();
    const Request& request = requests_[next_];
    stub_.UnaryCall(context_.get(), request.path, grpc::StubOptions(), &request.bytes, &response_,
                    [this](const grpc::Status& status) { Answered(status); });
  }
  void Answered(const grpc::Status& status) {
    if (!status.ok()) Fail(status.error_message());
    const Request& request = requests_[next_];
    if (!checked_) CheckAnswers(response_, request.calls, false);
    response_.Clear();
    progress_.calls.fetch_add(request.calls, std::memory_order_relaxed);
    next_ = (next_ + 1) % requests_.size();
    checked_ = checked_ || next_ == 0;
    // At the end of a round, so that nothing is left behind.
    if (next_ == 0 && progress_.stop.load(std::memory_order_relaxed)) return ended_.set_value();
    Send();
  }

  grpc::GenericStub& stub_;
  const std::vector<Request> requests_;
  Progress& progress_;
  std::size_t next_ = 0;
  bool checked_ = false;
  std::unique_ptr<grpc::ClientContext> context_;
  ByteBuffer response_;
  std::promise<void> ended_;
};

// A stream on which some batches are always under way.
class Streamer final : public grpc::ClientBidiReactor<ByteBuffer, ByteBuffer> {
 public:
  Streamer(grpc::GenericStub& stub, Request request, Progress& progress)
      : request_(std::move(request)), progress_(progress) {
    stub.PrepareBidiStreamingCall(&context_, request_.path, grpc::StubOptions(), this);
  }

  void Start() {
    StartCall();
    StartRead(&response_);
    Advance();
  }
  void AwaitEnd() { ended_.get_future().wait(); }

  void OnWriteDone(bool ok) override {
    {
      MutexLock lock(mutex_);
      writing_ = false;
    }
    if (ok) Advance();
  }
  void OnReadDone(bool ok) override {
    if (!ok) return;
    if (!checked_) CheckAnswers(response_, request_.calls, true);
    checked_ = true;
    response_.Clear();
    progress_.calls.fetch_add(request_.calls, std::memory_order_relaxed);
    {
      MutexLock lock(mutex_);
      --in_flight_;
    }
    StartRead(&response_);
    Advance();
  }
  void OnDone(const grpc::Status& status) override {
    if (!status.ok()) Fail(status.error_message());
    ended_.set_value();
  }

 private:
  // Sends the next batch if there is room for it, or says that none follows.
  void Advance() {
    bool write = false;
    {
      MutexLock lock(mutex_);
      if (writing_ || closed_) return;
      closed_ = progress_.stop.load(std::memory_order_relaxed);
      write = !closed_ && in_flight_ < kBatchesInStream;
      if (!closed_ && !write) return;
      writing_ = write;
      in_flight_ += write ? 1 : 0;
    }
    if (write) return StartWrite(&request_.bytes);
    StartWritesDone();
  }

  const Request request_;
  Progress& progress_;
  grpc::ClientContext context_;
  ByteBuffer response_;
  bool checked_ = false;
  std::promise<void> ended_;

  Mutex mutex_;
  // Written and not answered.
  int in_flight_ ABSL_GUARDED_BY(mutex_) = 0;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  // Nothing more is sent.
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

struct Options {
  std::string address;
  bool machines = false;
  std::string shape;
  Mix mix = Mix::kPages;
  double seconds = 0;
};

struct Place {
  std::string machine;
  std::uint32_t pid = 0;
};

std::vector<Place> Places(client::Client& client, const Options& options) {
  std::vector<Place> places;
  for (int i = 0; i < kMachines; ++i) {
    Place place{"bench-" + std::to_string(i), 2};
    if (options.machines) {
      if (const auto made = client.CreateMachine(place.machine, v1::MachineSpec()); !made.ok()) {
        Fail(std::string(made.status().message()));
      }
      v1::Call spawn;
      spawn.mutable_spawn()->set_comm("bench");
      const auto pid = client.Call(place.machine, spawn);
      if (!pid.ok()) Fail(std::string(pid.status().message()));
      place.pid = static_cast<std::uint32_t>(pid->value());
    }
    places.push_back(place);
  }
  return places;
}

// A round as requests to the unary methods.
std::vector<Request> UnaryRequests(const Place& place, Mix mix, std::uint32_t slot) {
  std::vector<Request> requests;
  for (v1::Call& call : Round(mix, place.pid, slot)) {
    const Operation& operation = OperationOf(call);
    google::protobuf::Message& message = *call.GetReflection()->MutableMessage(&call, operation.field);
    const auto* field = message.GetDescriptor()->FindFieldByName("target");
    auto& target = static_cast<v1::CallTarget&>(*message.GetReflection()->MutableMessage(&message, field));
    target.set_machine(place.machine);
    target.set_store_as(call.store_as());
    requests.push_back({operation.MethodPath(), SerializeMessage(message), 1});
  }
  return requests;
}

Request BatchRequest(const Place& place, const Options& options) {
  v1::ExecuteRequest request;
  request.mutable_batch()->set_machine(place.machine);
  for (const v1::Call& call : Batch(options.mix, place.pid, 1)) *request.mutable_batch()->add_calls() = call;
  if (options.shape == "stream") return {kExecutePath, SerializeMessage(request), kCallsPerBatch};
  return {kExecuteBatchPath, SerializeMessage(request.batch()), kCallsPerBatch};
}

std::unique_ptr<grpc::GenericStub> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return std::make_unique<grpc::GenericStub>(
      grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
}

struct Measured {
  double calls_per_second = 0;
  // From the first to the last.
  std::uint64_t calls = 0;
};

Measured Measure(const Options& options, const std::vector<Place>& places) {
  Progress progress;
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs;
  std::vector<std::unique_ptr<Caller>> callers;
  std::vector<std::unique_ptr<Streamer>> streamers;
  for (const Place& place : places) {
    grpc::GenericStub& stub = *stubs.emplace_back(Connect(options.address));
    if (options.shape == "stream") {
      streamers.push_back(std::make_unique<Streamer>(stub, BatchRequest(place, options), progress));
      continue;
    }
    const bool unary = options.shape == "unary";
    for (int i = 1; i <= (unary ? kUnaryCallers : kBatchCallers); ++i) {
      auto requests = unary ? UnaryRequests(place, options.mix, static_cast<std::uint32_t>(i))
                            : std::vector<Request>{BatchRequest(place, options)};
      callers.push_back(std::make_unique<Caller>(stub, std::move(requests), progress));
    }
  }
  for (const auto& caller : callers) caller->Start();
  for (const auto& streamer : streamers) streamer->Start();
  std::this_thread::sleep_for(kWarmUp);
  const std::uint64_t before = progress.calls;
  const auto start = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(std::chrono::duration<double>(options.seconds));
  const std::uint64_t calls = progress.calls - before;
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  progress.stop = true;
  for (const auto& caller : callers) caller->AwaitEnd();
  for (const auto& streamer : streamers) streamer->AwaitEnd();
  return {static_cast<double>(calls) / seconds, progress.calls};
}

int Run(const Options& options) {
  const auto client = client::Client::Connect(options.address);
  if (!client.ok()) Fail(std::string(client.status().message()));
  const std::vector<Place> places = Places(**client, options);
  const Measured measured = Measure(options, places);
  if (options.machines) {
    for (const Place& place : places) (void)(*client)->DeleteMachine(place.machine);
  }
  std::printf("{\"calls_per_second\": %.0f, \"calls\": %llu}\n", measured.calls_per_second,
              static_cast<unsigned long long>(measured.calls));
  return 0;
}

}  // namespace
}  // namespace memsim::bench

int main(int argc, char** argv) {
  memsim::bench::Options options;
  if (argc == 6) {
    options.address = argv[1];
    options.machines = std::strcmp(argv[2], "memsimd") == 0;
    options.shape = argv[3];
    options.mix = std::strcmp(argv[4], "memory") == 0 ? memsim::bench::Mix::kMemory : memsim::bench::Mix::kPages;
    options.seconds = std::atof(argv[5]);
  }
  if (options.seconds <= 0 || (options.shape != "unary" && options.shape != "batch" && options.shape != "stream")) {
    std::fprintf(stderr, "usage: service_load ADDRESS memsimd|echo unary|batch|stream pages|memory SECONDS\n");
    return 2;
  }
  return memsim::bench::Run(options);
}
