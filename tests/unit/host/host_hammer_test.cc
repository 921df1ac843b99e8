// 16 threads hammer 8 machines. Whatever order the host chose, it is one that a single thread could have chosen: the
// sequence numbers tell which, and running the same calls in that order on a fresh machine gives the same digests.

#include <algorithm>
#include <cstdint>
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
      for (std::uint64_t n = 1 + random.Below(kMaxCallsPerBatch); n > 0; --n) *request.add_calls() = RandomCall(random);
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

}  // namespace
}  // namespace memsim
