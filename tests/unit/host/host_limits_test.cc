// What is too much is refused, at the limit and not before, and everything else goes on.

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "proto/operations.h"
#include "server/host/batch_limits.h"
#include "server/host/growing_calls.h"
#include "server/host/host_memory_meter.h"
#include "tests/unit/host/host_test_fixture.h"

namespace memsim {
namespace {

using testing::HasSubstr;

std::size_t MemoryOf(const v1::ExecuteBatchRequest& request) {
  BatchJob job([](BatchJob&, const absl::Status&) {});
  job.request() = request;
  job.set_wire_bytes(request.ByteSizeLong());
  return job.MemoryBytes();
}

v1::ExecuteBatchRequest ExecveOfEmptyMappings(int mappings) {
  v1::Call call;
  for (int i = 0; i < mappings; ++i) call.mutable_execve()->add_mappings();
  return BatchOf("demo", call);
}

class HostLimitsTest : public HostTest {
 protected:
  std::unique_ptr<SubmittedBatch> Submit(const std::string& machine, int calls = 1) {
    return std::make_unique<SubmittedBatch>(host(), BatchOf(machine, BrkCall(), calls));
  }
};

TEST(BatchLimitsTest, ALimitIsStillAllowed) {
  const BatchLimits limits;
  EXPECT_EQ(CheckBatchCalls(9'999, limits), absl::OkStatus());
  EXPECT_EQ(CheckBatchCalls(10'000, limits), absl::OkStatus());
  EXPECT_THAT(CheckBatchCalls(10'001, limits), HasReason(v1::ERROR_REASON_BATCH_TOO_LARGE));
  EXPECT_EQ(CheckBatchWireBytes(4U << 20, limits), absl::OkStatus());
  EXPECT_THAT(CheckBatchWireBytes((4U << 20) + 1, limits), HasReason(v1::ERROR_REASON_BATCH_TOO_LARGE));
  EXPECT_EQ(CheckBatchMemory(32U << 20, limits), absl::OkStatus());
  EXPECT_THAT(CheckBatchMemory((32U << 20) + 1, limits), HasReason(v1::ERROR_REASON_BATCH_TOO_LARGE));
  EXPECT_THAT(std::string(CheckBatchCalls(10'001, limits).message()),
              HasSubstr("10001 calls with those of lanes, of at most 10000"));
}

TEST_F(HostLimitsTest, ABatchOfTheMostCallsRuns) {
  Create("demo");
  EXPECT_EQ(Execute(BatchOf("demo", BrkCall(), 10'000)), absl::OkStatus());
  EXPECT_THAT(Execute(BatchOf("demo", BrkCall(), 10'001)), HasReason(v1::ERROR_REASON_BATCH_TOO_LARGE));
  EXPECT_EQ(Sequence("demo"), 10'000U);
}

TEST_F(HostLimitsTest, TheCallsOfLanesCountAndSoDoesTheConcurrent) {
  Create("demo");
  const auto concurrent = [](int count) {
    v1::Call call;
    v1::Lane& lane = *call.mutable_concurrent()->add_lanes();
    for (int i = 0; i < count; ++i) *lane.add_calls() = BrkCall();
    return call;
  };
  EXPECT_EQ(Execute(BatchOf("demo", concurrent(9'999))), absl::OkStatus());
  EXPECT_THAT(Execute(BatchOf("demo", concurrent(10'000))), HasReason(v1::ERROR_REASON_BATCH_TOO_LARGE));
}

TEST_F(HostLimitsTest, ABatchOfTooManyBytesIsRefused) {
  Create("demo");
  v1::Call call;
  call.mutable_spawn()->set_comm(std::string(5U << 20, 'x'));
  EXPECT_THAT(Execute(BatchOf("demo", call)), HasReason(v1::ERROR_REASON_BATCH_TOO_LARGE));
}

TEST_F(HostLimitsTest, ABatchThatTakesMuchMoreMemoryThanBytesIsRefused) {
  Create("demo");
  const v1::ExecuteBatchRequest request = ExecveOfEmptyMappings(500'000);
  EXPECT_LT(request.ByteSizeLong(), BatchLimits().wire_bytes / 3);
  const absl::Status status = Execute(request);
  EXPECT_THAT(status, HasReason(v1::ERROR_REASON_BATCH_TOO_LARGE));
  EXPECT_THAT(std::string(status.message()), HasSubstr("bytes once it is parsed, of at most 33554432"));
  EXPECT_EQ(host().Load().queued_bytes, 0U);
}

TEST_F(HostLimitsTest, TheLimitsInBytesLeaveRoomForOrdinaryBatches) {
  const HostOptions options;
  // The queue's own limits of batches and calls come first.
  EXPECT_LT(MemoryOf(BatchOf("demo", BrkCall())) * options.queue.jobs, options.queue.memory_bytes);
  v1::Call mmap;
  mmap.mutable_mmap()->set_pid(1);
  mmap.mutable_mmap()->set_length_bytes(4096);
  const std::size_t full_batches = options.queue.calls / options.batch.calls;
  const std::size_t full_batch = MemoryOf(BatchOf("demo", mmap, static_cast<int>(options.batch.calls)));
  EXPECT_LT(full_batches * full_batch, options.queue.memory_bytes);
  // As many bytes as a batch may have, in strings and in images of programs.
  v1::Call large;
  large.mutable_unlink()->set_path(std::string(options.batch.wire_bytes - 100, 'x'));
  EXPECT_LT(8 * MemoryOf(BatchOf("demo", large)), options.queue.memory_bytes);
  v1::Call execve;
  v1::ImageMapping mapping;
  mapping.set_start(0x7f0000000000);
  mapping.set_end(0x7f0000001000);
  mapping.set_prot(3);
  mapping.set_path("/usr/lib/x86_64-linux-gnu/libc.so.6");
  while (execve.execve().mappings_size() < 65'000) *execve.mutable_execve()->add_mappings() = mapping;
  EXPECT_LT(MemoryOf(BatchOf("demo", execve)), options.batch.memory_bytes);
}

TEST_F(HostLimitsTest, ABatchThatIsNotSubmittedYetCountsIfItsMemoryIsReserved) {
  const std::size_t size = MemoryOf(BatchOf("demo", BrkCall()));
  HostOptions options;
  options.max_queued_bytes = 2 * size - 1;
  StartHost(options);
  Create("demo");
  absl::Status end;
  auto job = std::make_shared<BatchJob>([&end](BatchJob&, absl::Status status) { end = std::move(status); });
  job->request() = BatchOf("demo", BrkCall());
  EXPECT_EQ(host().Reserve(*job), absl::OkStatus());
  EXPECT_EQ(host().Load().queued_bytes, size);
  EXPECT_THAT(Submit("demo")->status(), HasReason(v1::ERROR_REASON_QUEUE_FULL));
  host().Submit(job);
  EXPECT_TRUE(host().AwaitIdle(Soon()));
  EXPECT_EQ(end, absl::OkStatus()) << "it is not counted twice";
  EXPECT_EQ(host().Load().queued_bytes, 0U);
  job = std::make_shared<BatchJob>([](BatchJob&, const absl::Status&) {});
  job->request() = BatchOf("demo", BrkCall());
  EXPECT_EQ(host().Reserve(*job), absl::OkStatus());
  job = nullptr;
  EXPECT_EQ(host().Load().queued_bytes, 0U) << "it was given up";
}

TEST_F(HostLimitsTest, AFullQueueRefusesAndLeavesOtherMachinesAlone) {
  HostOptions options;
  options.queue.jobs = 3;
  StartHost(options);
  Create("demo");
  Create("other");
  HeldMachine held(host(), "demo");
  std::vector<std::unique_ptr<SubmittedBatch>> waiting;
  for (int i = 0; i < 3; ++i) waiting.push_back(Submit("demo"));
  EXPECT_THAT(Submit("demo")->status(), HasReason(v1::ERROR_REASON_QUEUE_FULL));
  EXPECT_EQ(host().GetMachine("demo")->queued_jobs, 3U);
  const auto other = Submit("other");
  held.Release();
  EXPECT_EQ(other->status(), absl::OkStatus());
  for (auto& batch : waiting) EXPECT_EQ(batch->status(), absl::OkStatus());
  EXPECT_EQ(Submit("demo")->status(), absl::OkStatus());
}

TEST_F(HostLimitsTest, CallersWhoLeaveMakeRoomInAFullQueue) {
  HostOptions options;
  options.queue.jobs = 2;
  StartHost(options);
  Create("demo");
  HeldMachine held(host(), "demo");
  const auto first = Submit("demo");
  const auto second = Submit("demo");
  EXPECT_THAT(Submit("demo")->status(), HasReason(v1::ERROR_REASON_QUEUE_FULL));
  first->Cancel();
  const auto third = Submit("demo");
  EXPECT_THAT(Submit("demo")->status(), HasReason(v1::ERROR_REASON_QUEUE_FULL));
  held.Release();
  EXPECT_EQ(second->status(), absl::OkStatus());
  EXPECT_EQ(third->status(), absl::OkStatus());
}

TEST_F(HostLimitsTest, TheBytesOfAllQueuesAreLimited) {
  // Of two calls, so that it waits for the worker.
  const std::size_t size = MemoryOf(BatchOf("demo", BrkCall(), 2));
  HostOptions options;
  options.max_queued_bytes = 3 * size - 1;
  StartHost(options);
  Create("demo");
  Create("four");
  HeldMachine held(host(), "demo");
  const auto first = Submit("demo", 2);
  const auto second = Submit("four", 2);
  EXPECT_EQ(host().Load().queued_bytes, 2 * size);
  EXPECT_THAT(Submit("demo", 2)->status(), HasReason(v1::ERROR_REASON_QUEUE_FULL));
  EXPECT_THAT(Submit("four", 2)->status(), HasReason(v1::ERROR_REASON_QUEUE_FULL));
  held.Release();
  EXPECT_EQ(first->status(), absl::OkStatus());
  EXPECT_EQ(second->status(), absl::OkStatus());
  EXPECT_TRUE(host().AwaitIdle(Soon()));
  EXPECT_EQ(host().Load().queued_bytes, 0U);
}

TEST_F(HostLimitsTest, WhenHostMemoryIsExhaustedOnlyWhatFreesMemoryRuns) {
  HostOptions options;
  options.max_host_memory = ByteCount(1);  // Any machine is more.
  StartHost(options);
  Create("first");
  EXPECT_THAT(CreateMachineAndWait(host(), "default", "second", SmallSpec()).status(),
              HasReason(v1::ERROR_REASON_HOST_MEMORY_EXHAUSTED));

  v1::ExecuteBatchRequest request = BatchOf("first", BrkCall());
  request.add_calls()->mutable_munmap()->set_pid(1);
  const absl::StatusOr<v1::ExecuteBatchResponse> response = ExecuteAndWait(host(), request);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->answers(0).misuse().reason(), v1::ERROR_REASON_HOST_MEMORY_EXHAUSTED);
  EXPECT_FALSE(response->answers(1).has_misuse());
  EXPECT_EQ(response->sequence(), 1U);

  EXPECT_EQ(host().DeleteMachine("first"), absl::OkStatus());
  // The machine's last turn gives its memory back.
  while (host().Load().host_memory > ByteCount(1)) std::this_thread::yield();
  Create("second");
}

TEST_F(HostLimitsTest, TheMemoryOfAllMachinesIsAddedUp) {
  Create("a");
  const ByteCount one = host().Load().host_memory;
  EXPECT_EQ(one, host().GetMachine("a")->host_memory);
  Create("b");
  EXPECT_EQ(host().Load().host_memory, one + host().GetMachine("b")->host_memory);
  EXPECT_EQ(host().DeleteMachine("a"), absl::OkStatus());
  EXPECT_EQ(host().DeleteMachine("b"), absl::OkStatus());
  while (host().Load().host_memory > ByteCount(0)) std::this_thread::yield();
}

TEST(HostMemoryMeterTest, TheCapItselfIsStillAllowed) {
  HostMemoryMeter meter(ByteCount(100));
  meter.Change(ByteCount(0), ByteCount(100));
  EXPECT_FALSE(meter.exhausted());
  meter.Change(ByteCount(0), ByteCount(1));
  EXPECT_TRUE(meter.exhausted());
  meter.Change(ByteCount(100), ByteCount(50));
  EXPECT_EQ(meter.used(), ByteCount(51));
  EXPECT_FALSE(meter.exhausted());
}

TEST(HostMemoryMeterTest, WhatManySmallMachinesLeaveBehindIsReturnedToTheHostTogether) {
  HostMemoryMeter meter(ByteCount(1));
  const ByteCount half(HostMemoryMeter::kBetweenTrims.value() / 2);
  meter.Change(ByteCount(0), half * 5);
  EXPECT_FALSE(meter.Release(half));
  EXPECT_FALSE(meter.Release(half - ByteCount(1)));
  EXPECT_TRUE(meter.Release(ByteCount(1)));
  EXPECT_FALSE(meter.Release(half));
  EXPECT_TRUE(meter.Release(half + ByteCount(1)));
  EXPECT_EQ(meter.used(), half - ByteCount(1));
}

TEST(GrowingCallsTest, EveryOperationGrowsOrIsKnownNotTo) {
  EXPECT_FALSE(MayGrowState(v1::Call())) << "it is refused for what it is";
  const std::set<std::string> frugal = {"exit_group",
                                        "wait4",
                                        "munmap",
                                        "free_pages",
                                        "close",
                                        "unlink",
                                        "lseek",
                                        "munlockall",
                                        "pkey_alloc",
                                        "pkey_free",
                                        "pkey_get",
                                        "pkey_set",
                                        "prctl",
                                        "shmdt",
                                        "shmctl",
                                        "prlimit64",
                                        "concurrent",
                                        "advance_time",
                                        "find_vma",
                                        "find_vma_prev",
                                        "find_vma_intersection",
                                        "get_unmapped_area",
                                        "mm_struct",
                                        "mmlist",
                                        "rmap_walk",
                                        "setuid",
                                        "setgid",
                                        "setreuid",
                                        "setregid",
                                        "setresuid",
                                        "setresgid",
                                        "setfsuid",
                                        "setfsgid",
                                        "capset",
                                        "prctl",
                                        "msync",
                                        "exit",
                                        "personality",
                                        "set_mempolicy",
                                        "kmem_cache_destroy",
                                        "kmem_cache_free",
                                        "kmem_cache_free_bulk",
                                        "kmem_cache_shrink",
                                        "kfree"};
  // These depend on their arguments.
  const std::set<std::string> mixed = {"madvise", "mremap", "ftruncate"};
  const std::set<std::string> growing = {"spawn",
                                         "fork",
                                         "vfork",
                                         "clone",
                                         "execve",
                                         "mmap",
                                         "mprotect",
                                         "brk",
                                         "setgroups",
                                         "process_madvise",
                                         "mincore",
                                         "mseal",
                                         "pkey_mprotect",
                                         "remap_file_pages",
                                         "mbind",
                                         "get_mempolicy",
                                         "cachestat",
                                         "mlock",
                                         "mlock2",
                                         "munlock",
                                         "mlockall",
                                         "shmget",
                                         "shmat",
                                         "touch",
                                         "load",
                                         "store",
                                         "read",
                                         "explain",
                                         "alloc_pages",
                                         "get_zeroed_page",
                                         "mknod",
                                         "open",
                                         "dup",
                                         "write",
                                         "rename",
                                         "memfd_create",
                                         "fcntl",
                                         "fallocate",
                                         "write_proc",
                                         "kmem_cache_create",
                                         "kmem_cache_alloc",
                                         "kmem_cache_alloc_bulk",
                                         "kmalloc",
                                         "kzalloc",
                                         "krealloc"};
  for (const Operation& operation : Operations()) {
    const std::string& name = operation.field->name();
    v1::Call call;
    call.GetReflection()->MutableMessage(&call, operation.field);
    EXPECT_EQ(frugal.count(name) + mixed.count(name) + growing.count(name), 1U) << name << ": say which it is";
    if (mixed.count(name) != 0) continue;
    EXPECT_EQ(MayGrowState(call), growing.count(name) == 1) << name;
  }
}

TEST(GrowingCallsTest, WhatTheArgumentsTellIsBelieved) {
  v1::Call call;
  call.mutable_madvise()->set_advice(4);  // MADV_DONTNEED.
  EXPECT_FALSE(MayGrowState(call));
  call.mutable_madvise()->set_advice(23);  // MADV_POPULATE_WRITE.
  EXPECT_TRUE(MayGrowState(call));

  call.mutable_ftruncate()->set_length_bytes(0);
  EXPECT_FALSE(MayGrowState(call));
  call.mutable_ftruncate()->set_length_bytes(1);
  EXPECT_TRUE(MayGrowState(call));

  v1::MremapRequest& mremap = *call.mutable_mremap();
  mremap.set_old_length_bytes(8192);
  mremap.set_new_length_bytes(4096);
  EXPECT_FALSE(MayGrowState(call));
  mremap.set_flags(1);  // MREMAP_MAYMOVE, as realloc has it.
  EXPECT_FALSE(MayGrowState(call));
  mremap.set_flags(5);  // With MREMAP_DONTUNMAP.
  EXPECT_TRUE(MayGrowState(call));
  mremap.set_flags(1);
  mremap.set_new_length_bytes(8193);
  EXPECT_TRUE(MayGrowState(call));
}

}  // namespace
}  // namespace memsim
