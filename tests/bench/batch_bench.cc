// A batch of calls from its bytes to those of its answers, as the server handles it between gRPC's read and write.

#include <benchmark/benchmark.h>

#include <memory>
#include <utility>

#include "grpcpp/support/byte_buffer.h"

#include "memsim/v1/execution_service.pb.h"
#include "server/base/check.h"
#include "server/host/hosted_machine.h"
#include "server/rpc/message_bytes.h"
#include "tests/bench/figure.h"
#include "tests/bench/simulated_process.h"

namespace memsim::bench {
namespace {

constexpr int kCalls = 1'000;

// A machine with its queue and its turns, which this thread takes.
class Hosted {
 public:
  Hosted() : pending_(options_.max_queued_bytes), meter_(ByteCount(1ULL << 40)) {
    auto machine = *Machine::Create(LargeSpec());
    MachineInfo info;
    info.name = {kDefaultTenant, "bench"};
    pid_ = *machine->Spawn("bench");
    area_ = *machine->Mmap(pid_, VirtualAddress(0), kPageSize, kProtRead | kProtWrite, kMapPrivate | kMapAnonymous, -1,
                           ByteCount(0));
    machine_ = machine.get();
    hosted_ = std::make_unique<HostedMachine>(std::move(info), std::move(machine), options_, meter_, pending_);
  }

  // Loads from a page that is mapped: what costs the machine least, and takes as many fields as most calls do.
  void Load() { MEMSIM_CHECK(machine_->Touch(pid_, area_, AccessKind::kRead, PageCount(1)).ok()); }
  grpc::ByteBuffer Batch() const {
    v1::ExecuteRequest request;
    request.mutable_batch()->set_machine("bench");
    for (int i = 0; i < kCalls; ++i) {
      v1::TouchRequest& touch = *request.mutable_batch()->add_calls()->mutable_touch();
      touch.set_pid(pid_.value());
      touch.set_address(area_.value());
      touch.set_access(v1::ACCESS_KIND_READ);
      touch.set_page_count(1);
    }
    return SerializeMessage(request);
  }

  // The way of a batch, without the hop from one thread to the other.
  void Run(const grpc::ByteBuffer& bytes) {
    int answers = 0;
    auto job = std::make_shared<BatchJob>([&answers](BatchJob& done, const absl::Status& status) {
      MEMSIM_CHECK(status.ok());
      answers = done.response().answers_size();
      auto* message = google::protobuf::Arena::CreateMessage<v1::ExecuteResponse>(&done.arena());
      message->unsafe_arena_set_allocated_batch(&done.response());
      benchmark::DoNotOptimize(SerializeMessage(*message));
    });
    auto* message = google::protobuf::Arena::CreateMessage<v1::ExecuteRequest>(&job->arena());
    MEMSIM_CHECK(ParseMessage(bytes, *message).ok());
    job->request().Swap(message->mutable_batch());
    job->set_wire_bytes(bytes.Length());
    auto reserved = pending_.Reserve(job->MemoryBytes());
    MEMSIM_CHECK(reserved.ok() && pending_.Add().ok());
    job->Hold(*std::move(reserved));
    if (hosted_->Submit(job) == Wake::kSchedule) {
      while (hosted_->RunTurn() == AfterTurn::kRunAgain) continue;
    }
    MEMSIM_CHECK(answers == kCalls, answers);
  }

 private:
  const HostOptions options_;
  PendingWork pending_;
  HostMemoryMeter meter_;
  Pid pid_;
  VirtualAddress area_;
  Machine* machine_ = nullptr;
  std::unique_ptr<HostedMachine> hosted_;
};

void CallInBatch(benchmark::State& state) {
  Hosted hosted;
  const grpc::ByteBuffer batch = hosted.Batch();
  for (auto _ : state) {
    const Stopwatch whole;
    hosted.Run(batch);
    const double seconds = whole.Seconds();
    const Stopwatch machine;
    for (int i = 0; i < kCalls; ++i) hosted.Load();
    state.SetIterationTime(seconds - machine.Seconds());
  }
  ReportOperations(state, kCalls);
}
BENCHMARK(CallInBatch)->Name("call_in_batch")->UseManualTime();

}  // namespace
}  // namespace memsim::bench
