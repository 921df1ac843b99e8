// Whatever is called, every frame stays free, on a CPU's own list, or somebody's.

#include <cstdint>
#include <set>
#include <string>

#include "gtest/gtest.h"

#include "tests/unit/calls/call_fixture.h"

namespace memsim {
namespace {

// One call of each kind at least, each of which does something.
const char* const kOneOfEachKind[] = {
    "spawn { comm: 'one' } store_as: 1",
    "execve { pid_slot: 1 path: '/sbin/init' }",
    "mmap { pid_slot: 1 length_bytes: 4194304 prot: 3 flags: 0x22 fd: -1 } store_as: 2",
    "touch { pid_slot: 1 address_slot: 2 page_count: 700 access: ACCESS_KIND_WRITE } cpu: 1",
    "fork { pid_slot: 1 } store_as: 3",
    "touch { pid_slot: 3 address_slot: 2 page_count: 50 access: ACCESS_KIND_WRITE }",
    "store { pid_slot: 1 address_slot: 2 address: 4090 data: 'bytes of two pages' }",
    "load { pid_slot: 3 address_slot: 2 address: 4090 length_bytes: 18 }",
    "explain { pid_slot: 3 address_slot: 2 address: 0x100000 access: ACCESS_KIND_WRITE }",
    "rmap_walk { pid_slot: 3 address_slot: 2 }",
    "find_vma { pid_slot: 3 address_slot: 2 }",
    "find_vma_prev { pid_slot: 3 address_slot: 2 }",
    "find_vma_intersection { pid_slot: 3 address_slot: 2 length_bytes: 4096 }",
    "get_unmapped_area { pid_slot: 3 length_bytes: 4096 flags: 0x22 fd: -1 }",
    "mm_struct { pid_slot: 3 }",
    "mmlist {}",
    "mremap { pid_slot: 1 address_slot: 2 old_length_bytes: 4194304 new_length_bytes: 8388608 flags: 1 } store_as: 2",
    "mprotect { pid_slot: 1 address_slot: 2 length_bytes: 40960 prot: 1 }",
    "madvise { pid_slot: 1 address_slot: 2 length_bytes: 81920 advice: 4 }",
    "process_madvise { pid_slot: 1 target_pid_slot: 3 advice: 21 ranges { address: 0x555555554000 length_bytes: 8192 } "
    "}",
    "madvise { pid_slot: 1 address_slot: 2 length_bytes: 81920 advice: 8 }",
    "madvise { pid_slot: 1 address_slot: 2 length_bytes: 40960 advice: 102 }",
    "madvise { pid_slot: 1 address_slot: 2 length_bytes: 40960 advice: 103 }",
    "mincore { pid_slot: 1 address_slot: 2 length_bytes: 81920 }",
    "mbind { pid_slot: 1 address_slot: 2 length_bytes: 8192 mode: 2 nodemask: 1 maxnode: 64 }",
    "get_mempolicy { pid_slot: 1 address_slot: 2 flags: 3 }",
    "set_mempolicy { pid_slot: 1 mode: 3 nodemask: 1 maxnode: 64 }",
    "personality { pid_slot: 1 persona: 0x40000 }",
    "msync { pid_slot: 1 address_slot: 2 length_bytes: 81920 flags: 4 }",
    "mmap { pid_slot: 1 length_bytes: 16384 prot: 3 flags: 0x21 } store_as: 14",
    "remap_file_pages { pid_slot: 1 address_slot: 14 length_bytes: 8192 page_offset: 2 }",
    "mlock { pid_slot: 1 address_slot: 2 length_bytes: 409600 }",
    "mlock2 { pid_slot: 1 address_slot: 2 length_bytes: 4194304 flags: 1 }",
    "munlock { pid_slot: 1 address_slot: 2 length_bytes: 8192 }",
    "mlockall { pid_slot: 1 flags: 1 }",
    "munlockall { pid_slot: 1 }",
    "munmap { pid_slot: 1 address_slot: 2 length_bytes: 2097152 }",
    "pkey_alloc { pid_slot: 1 } store_as: 15",
    "pkey_mprotect { pid_slot: 1 address: 0x555555554000 length_bytes: 4096 prot: 5 pkey: 1 }",
    "pkey_set { pid_slot: 1 pkey: 1 access_rights: 2 }",
    "pkey_get { pid_slot: 1 pkey: 1 }",
    "pkey_free { pid_slot: 1 pkey: 1 }",
    "mseal { pid_slot: 1 address: 0x555555554000 length_bytes: 4096 }",
    "brk { pid_slot: 1 address: 0x555555700000 }",
    "prlimit64 { pid_slot: 1 resource: 9 }",
    "setgroups { pid_slot: 1 gids: 4 gids: 24 }",
    "setfsuid { pid_slot: 1 uid: 1000 }",
    "setfsgid { pid_slot: 1 gid: 1000 }",
    "setregid { pid_slot: 1 egid: 1000 }",
    "setresgid { pid_slot: 1 sgid: 1000 }",
    "setgid { pid_slot: 1 gid: 1000 }",
    "prctl { pid_slot: 1 option: 66 }",
    "capset { pid_slot: 1 effective: 0x1ffffffffff permitted: 0x1ffffffffff }",
    "setreuid { pid_slot: 1 euid: 0 }",
    "setresuid { pid_slot: 1 euid: 0 }",
    "setuid { pid_slot: 1 uid: 0 }",
    "vfork { pid_slot: 1 } store_as: 4",
    "clone { pid_slot: 1 flags: 0x10f00 } store_as: 5",
    "mknod { path: '/data' size_bytes: 1048576 }",
    "open { pid_slot: 3 path: '/data' flags: 2 } store_as: 6",
    "write { pid_slot: 3 fd: 0 length_bytes: 300000 }",
    "lseek { pid_slot: 3 fd: 0 offset_bytes: 0 whence: 0 }",
    "read { pid_slot: 3 fd: 0 length_bytes: 5000 }",
    "cachestat { pid_slot: 3 fd: 0 }",
    "dup { pid_slot: 3 fd: 0 }",
    "memfd_create { pid_slot: 3 name: 'x' flags: 2 } store_as: 13",
    "fallocate { pid_slot: 3 fd: 2 length_bytes: 100000 }",
    "fallocate { pid_slot: 3 fd: 2 mode: 3 offset_bytes: 8192 length_bytes: 16384 }",
    "fcntl { pid_slot: 3 fd: 2 command: 1033 argument: 8 }",
    "ftruncate { pid_slot: 3 fd: 0 length_bytes: 4096 }",
    "close { pid_slot: 3 fd: 0 }",
    "rename { old_path: '/data' new_path: '/old' }",
    "write_proc { pid_slot: 1 path: 'sys/vm/max_map_count' text: '1000' }",
    "unlink { path: '/old' }",
    "shmget { pid_slot: 3 key: 42 size_bytes: 40960 flags: 01600 } store_as: 13",
    "shmat { pid_slot: 3 shmid_slot: 13 } store_as: 14",
    "touch { pid_slot: 3 address_slot: 14 page_count: 10 access: ACCESS_KIND_WRITE }",
    "shmctl { pid_slot: 3 shmid_slot: 13 command: 11 }",
    "shmdt { pid_slot: 3 address_slot: 14 }",
    "alloc_pages { gfp_mask: 0xcc0 order: 3 } store_as: 7",
    "alloc_pages { gfp_mask: 0x100cca order: 9 } store_as: 8",
    "alloc_pages { gfp_mask: 0xcc1 order: 5 }",
    "get_zeroed_page { gfp_mask: 0xcc0 } store_as: 9 cpu: 1",
    "free_pages { frame_number_slot: 7 order: 3 }",
    "free_pages { frame_number_slot: 8 order: 9 } cpu: 1",
    "free_pages { address_slot: 9 }",
    "kmem_cache_create { name: 'things' object_size_bytes: 700 } store_as: 10",
    "kmem_cache_alloc { cache_slot: 10 gfp_mask: 0xcc0 } store_as: 11",
    "kmem_cache_alloc_bulk { cache_slot: 10 gfp_mask: 0xcc0 object_count: 100 first_store_as: 100 }",
    "kmem_cache_free { cache_slot: 10 address_slot: 11 } cpu: 1",
    "kmem_cache_free_bulk { cache_slot: 10 object_count: 100 first_stored_as: 100 }",
    "kmem_cache_shrink { cache_slot: 10 }",
    "kmem_cache_destroy { cache_slot: 10 }",
    "kmalloc { size_bytes: 100 gfp_mask: 0xcc0 } store_as: 12",
    "krealloc { address_slot: 12 size_bytes: 100000 gfp_mask: 0xcc0 } store_as: 12",
    "kfree { address_slot: 12 }",
    "kzalloc { size_bytes: 5000 gfp_mask: 0xcc0 }",
    "concurrent { lanes { cpu: 0 calls { spawn {} } } lanes { cpu: 1 calls { alloc_pages { gfp_mask: 0xcc0 } } } }",
    "exit { pid_slot: 5 }",
    "exit_group { pid_slot: 3 }",
    "wait4 { pid_slot: 1 }",
    "advance_time { duration_ns: 100000000000 }",
};

class FrameSumTest : public CallTest {
 protected:
  // nr_free_pages, pcp_pages, and what was allocated and not freed, against all that is managed.
  void ExpectSum(const std::string& after) {
    std::int64_t sum = 0;
    std::int64_t managed = 0;
    for (const CounterSample& sample : machine_->ReadCounters()) {
      const bool of_machine = sample.zone.empty();
      if (sample.info->name == "nr_free_pages" || sample.info->name == "pcp_pages") sum += sample.value;
      if (of_machine && sample.info->name == "pgalloc") sum += sample.value;
      if (of_machine && sample.info->name == "pgfree") sum -= sample.value;
      if (sample.info->name == "managed") managed += sample.value;
    }
    EXPECT_EQ(sum, managed) << "after " << after;
  }
};

TEST_F(FrameSumTest, AfterACallOfEveryKindAllFramesAreFreeOnListsOrSomebodys) {
  ExpectSum("boot");
  for (const char* const text : kOneOfEachKind) {
    v1::Answer answer;
    ExecuteCall(*machine_, CallOf(text), answer);
    // This proves it frame by frame, owner by owner.
    machine_->CheckInvariants();
    EXPECT_FALSE(answer.has_misuse()) << text << ": " << answer.misuse().message();
    EXPECT_EQ(answer.error_number(), 0) << text << ": " << AnswerText(answer);
    ExpectSum(text);
  }
}

TEST_F(FrameSumTest, NoKindOfCallIsLeftOut) {
  std::set<int> kinds;
  for (const char* const text : kOneOfEachKind) kinds.insert(CallOf(text).operation_case());
  const google::protobuf::OneofDescriptor* operations = v1::Call::descriptor()->FindOneofByName("operation");
  for (int i = 0; i < operations->field_count(); ++i) {
    EXPECT_EQ(kinds.count(operations->field(i)->number()), 1U) << operations->field(i)->name();
  }
}

// --- What happens each second

TEST_F(FrameSumTest, AsSecondsPassIdleCpusKeepFewerPages) {
  // A machine whose CPUs may keep more than the least.
  MachineSpec spec;
  spec.memory = ByteCount(2ULL << 30);
  machine_ = *Machine::Create(spec);
  const auto kept = [this] {
    std::int64_t pages = 0;
    for (const CounterSample& sample : machine_->ReadCounters())
      pages += sample.info->name == "pcp_pages" ? sample.value : 0;
    return pages;
  };
  Run("spawn { comm: 'one' } store_as: 1");
  Run("mmap { pid_slot: 1 length_bytes: 268435456 prot: 3 flags: 0x22 fd: -1 } store_as: 2");
  Run("touch { pid_slot: 1 address_slot: 2 page_count: 65536 access: ACCESS_KIND_WRITE }");
  Run("munmap { pid_slot: 1 address_slot: 2 length_bytes: 268435456 }");
  const std::int64_t at_first = kept();
  Run("advance_time { duration_ns: 500000000 }");
  EXPECT_EQ(kept(), at_first) << "no second has passed yet";
  Run("advance_time { duration_ns: 500000000 }");
  const std::int64_t after_a_second = kept();
  EXPECT_LT(after_a_second, at_first);
  // However long it is, it takes no longer than until nothing changes any more.
  Run("advance_time { duration_ns: 31536000000000000 }");
  EXPECT_LT(kept(), after_a_second);
  ExpectSum("a long time");
}

}  // namespace
}  // namespace memsim
