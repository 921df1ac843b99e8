// 16 threads hammer 8 machines, by batches for the workers and by short calls that they run themselves. Whatever order
// the host chose, it is one that a single thread could have chosen: the sequence numbers tell which, and running the
// same calls in that order on a fresh machine gives the same digests.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "server/base/random.h"
#include "server/calls/execute_call.h"
#include "tests/unit/host/host_test_fixture.h"

namespace memsim {
namespace {

constexpr int kMachines = 8;
constexpr int kThreads = 16;
constexpr int kBatchesPerThread = 60;
constexpr std::uint64_t kMaxCallsPerBatch = 40;
constexpr std::uint64_t kSlots = 40;

// What a thread was answered: which call was which of its machine's calls.
struct Executed {
  int machine;
  std::uint64_t sequence;
  v1::Call call;
};

std::string MachineId(int machine) { return absl::StrCat("m", machine); }

std::uint32_t Slot(Random& random) { return static_cast<std::uint32_t>(1 + random.Below(kSlots)); }

// Processes in slots 1 to 40, mappings of init in slots 41 to 80, page blocks in slots 81 to 120: each kind used and
// reused by all threads.
v1::Call RandomCall(Random& random) {
  constexpr std::uint64_t kPage = 4096;
  v1::Call call;
  switch (random.Below(9)) {
    case 0:
      call.mutable_spawn();
      call.set_store_as(Slot(random));
      break;
    case 1:
      call.mutable_fork()->set_pid_slot(Slot(random));
      call.set_store_as(Slot(random));
      break;
    case 2:
      call.mutable_exit_group()->set_pid_slot(Slot(random));
      break;
    case 3:
    case 4:
      call.mutable_mmap()->set_pid(1);
      call.mutable_mmap()->set_length_bytes(kPage * (1 + random.Below(64)));
      call.mutable_mmap()->set_prot(3);
      call.mutable_mmap()->set_flags(0x22);
      call.set_store_as(kSlots + Slot(random));
      break;
    case 5:
      call.mutable_touch()->set_pid(1);
      call.mutable_touch()->set_address_slot(kSlots + Slot(random));
      call.mutable_touch()->set_access(v1::ACCESS_KIND_WRITE);
      call.mutable_touch()->set_page_count(1 + random.Below(8));
      break;
    case 6:
      call.mutable_munmap()->set_pid(1);
      call.mutable_munmap()->set_address_slot(kSlots + Slot(random));
      call.mutable_munmap()->set_length_bytes(kPage * (1 + random.Below(64)));
      break;
    case 7:
      call.mutable_alloc_pages()->set_gfp_mask(0xcc0);
      call.mutable_alloc_pages()->set_order(static_cast<std::uint32_t>(random.Below(4)));
      call.set_store_as(2 * kSlots + Slot(random));
      break;
    default:
      call.mutable_free_pages()->set_frame_number_slot(2 * kSlots + Slot(random));
      call.mutable_free_pages()->set_order(static_cast<std::uint32_t>(random.Below(4)));
      break;
  }
  return call;
}

class HostHammerTest : public HostTest {
 protected:
  std::vector<Executed> HammerFromOneThread(std::uint64_t seed) {
    Random random(seed);
    std::vector<Executed> executed;
    for (int i = 0; i < kBatchesPerThread; ++i) {
      const int machine = static_cast<int>(random.Below(kMachines));
      v1::ExecuteBatchRequest request;
      request.set_machine(MachineId(machine));
      // Half of them single calls, most of which are short: run on the spot if they find their machine idle.
      const std::uint64_t calls = random.Below(2) == 0 ? 1 : 1 + random.Below(kMaxCallsPerBatch);
      for (std::uint64_t n = 0; n < calls; ++n) *request.add_calls() = RandomCall(random);
      const absl::StatusOr<v1::ExecuteBatchResponse> response = ExecuteAndWait(host(), request);
      EXPECT_TRUE(response.ok()) << response.status();
      if (!response.ok()) continue;
      for (int c = 0; c < response->answers_size(); ++c) {
        if (response->answers(c).has_misuse()) continue;
        executed.push_back({machine, response->answers(c).sequence(), request.calls(c)});
      }
      (void)InspectAndWait(host(), MachineId(machine), Soon(),
                           [](const Machine& look) { (void)look.ReadProc("meminfo"); });
    }
    return executed;
  }

  // The digests of state and answers.
  static std::pair<std::string, std::string> Replay(std::uint64_t machine_seed, const std::vector<Executed>& calls) {
    const auto machine = Machine::Create(SmallSpec(machine_seed));
    EXPECT_TRUE(machine.ok());
    for (const Executed& executed : calls) {
      v1::Answer answer;
      ExecuteCall(**machine, executed.call, answer);
      EXPECT_EQ(answer.sequence(), executed.sequence) << executed.call.ShortDebugString();
    }
    (*machine)->CheckInvariants();
    return {(*machine)->StateDigest(), (*machine)->AnswerDigest()};
  }
};

TEST_F(HostHammerTest, AnyOrderOfTheHostIsOneOfASingleThread) {
  constexpr std::uint64_t kSeed = 20240607;
  HostOptions options;
  options.worker_count = 4;
  options.turn = std::chrono::microseconds(50);  // Many turns.
  StartHost(options);
  for (int m = 0; m < kMachines; ++m) Create(MachineId(m), static_cast<std::uint64_t>(m));

  std::vector<std::vector<Executed>> by_thread(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back(
        [this, t, &by_thread] { by_thread[t] = HammerFromOneThread(kSeed + static_cast<std::uint64_t>(t)); });
  }
  for (std::thread& thread : threads) thread.join();

  std::vector<std::vector<Executed>> by_machine(kMachines);
  for (const auto& executed : by_thread) {
    for (const Executed& one : executed) by_machine[one.machine].push_back(one);
  }
  for (int m = 0; m < kMachines; ++m) {
    SCOPED_TRACE(MachineId(m));
    std::vector<Executed>& calls = by_machine[m];
    std::sort(calls.begin(), calls.end(), [](const Executed& a, const Executed& b) { return a.sequence < b.sequence; });
    ASSERT_FALSE(calls.empty());
    for (std::size_t i = 0; i < calls.size(); ++i) ASSERT_EQ(calls[i].sequence, i + 1) << "each number is given once";
    std::pair<std::string, std::string> digests;
    ASSERT_EQ(InspectAndWait(host(), MachineId(m), Soon(),
                             [&digests](const Machine& machine) {
                               machine.CheckInvariants();
                               digests = {machine.StateDigest(), machine.AnswerDigest()};
                             }),
              absl::OkStatus());
    EXPECT_EQ(digests, Replay(static_cast<std::uint64_t>(m), calls));
  }
}

// Short calls that are run on the spot, among long batches, looks, callers who go, machines that are deleted and made
// again: every batch ends once, and every call that was executed was counted once.
class HostSpotHammerTest : public HostTest {
 protected:
  struct Tally {
    std::atomic<int> ended = 0;
    std::atomic<int> on_the_spot = 0;
    std::atomic<int> refused = 0;
    std::atomic<std::uint64_t> executed = 0;
  };

  std::shared_ptr<BatchJob> Job(const std::string& machine, int calls) {
    auto job = std::make_shared<BatchJob>(
        [this, submitter = std::this_thread::get_id()](BatchJob& done, const absl::Status& status) {
          ++tally_.ended;
          if (!status.ok()) ++tally_.refused;
          if (!status.ok()) return;
          if (submitter == std::this_thread::get_id()) ++tally_.on_the_spot;
          tally_.executed += static_cast<std::uint64_t>(done.response().answers_size());
        });
    job->request() = BatchOf(machine, BrkCall(), calls);
    return job;
  }

  void HammerFromOneThread(std::uint64_t seed) {
    Random random(seed);
    for (int i = 0; i < kRounds; ++i) {
      const std::string machine = MachineId(static_cast<int>(random.Below(kSpotMachines)));
      const auto job = Job(machine, random.Below(8) == 0 ? 50 : 1);
      // From another thread, while this one submits.
      std::thread leaver;
      if (random.Below(8) == 0) leaver = std::thread([this, job] { host().Cancel(job); });
      host().Submit(job);
      if (leaver.joinable()) leaver.join();
      if (random.Below(16) == 0) {
        (void)InspectAndWait(host(), machine, Soon(), [](const Machine& look) { look.CheckInvariants(); });
      }
    }
  }

  static constexpr int kSpotMachines = 3;
  static constexpr int kSpotThreads = 6;
  static constexpr int kRounds = 400;
  Tally tally_;
};

TEST_F(HostSpotHammerTest, EveryBatchEndsOnceWhoeverRunsIt) {
  HostOptions options;
  options.worker_count = 2;
  StartHost(options);
  for (int m = 0; m < kSpotMachines; ++m) Create(MachineId(m));
  Create("doomed");

  std::vector<std::thread> threads;
  for (int t = 0; t < kSpotThreads; ++t) {
    threads.emplace_back([this, t] { HammerFromOneThread(static_cast<std::uint64_t>(t)); });
  }
  // Beside them a machine that is deleted while short calls run on it.
  int doomed = 0;
  for (; doomed < 100; ++doomed) {
    std::thread deleter([this] { EXPECT_EQ(host().DeleteMachine("doomed"), absl::OkStatus()); });
    auto job = std::make_shared<BatchJob>([](BatchJob&, const absl::Status&) {});
    job->request() = BatchOf("doomed", BrkCall());
    host().Submit(job);
    deleter.join();
    Create("doomed");
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(host().AwaitIdle(Soon()));

  EXPECT_EQ(tally_.ended, kSpotThreads * kRounds);
  // How many find their machine idle is up to the host's scheduler.
  EXPECT_GT(tally_.on_the_spot, 0);
  std::uint64_t sequences = 0;
  for (int m = 0; m < kSpotMachines; ++m) sequences += host().GetMachine(MachineId(m))->sequence;
  // What a cancelled batch had executed is not in its answers.
  EXPECT_GE(sequences, tally_.executed);
  EXPECT_LE(sequences, tally_.executed + static_cast<std::uint64_t>(tally_.refused) * 50);
}

}  // namespace
}  // namespace memsim
