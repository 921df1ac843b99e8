#include "client/cli/call_hints.h"

namespace memsim::cli {
namespace {

// What the examples with --fd 0 need on a new machine.
constexpr char kOpenFirst[] = "open --machine demo --pid 1 --path /data/log --flags 'RDWR|CREAT'";

std::vector<CallHints> ProcessHints() {
  return {
      {"spawn", AnswerValue::kPid, {}, {}, {"spawn --machine demo --comm worker --store-as 1"}},
      {"fork",
       AnswerValue::kPid,
       {},
       {},
       {"fork --machine demo --pid 1", "fork --machine demo --pid '$1' --store-as 2"}},
      {"vfork", AnswerValue::kPid, {}, {}, {"vfork --machine demo --pid 1"}},
      {"clone", AnswerValue::kPid, {}, {}, {"clone --machine demo --pid 1 --flags 'VM|FILES|SIGHAND|THREAD'"}},
      {"execve",
       AnswerValue::kNothing,
       {"path"},
       {},
       {"execve --machine demo --pid 2 --path /usr/bin/true",
        "execve --machine demo --pid 2 --path /usr/bin/python3 --program /usr/bin/python3",
        "execve --machine demo --pid 2 --path /usr/bin/x --mapping '555555554000-555555556000 r-xp 00000000 "
        "/usr/bin/x' "
        "--mapping '7ffffffde000-7ffffffff000 rw-p 00000000 [stack]'"}},
      {"exit_group", AnswerValue::kNothing, {"pid"}, {}, {"exit_group --machine demo --pid 2 --status 1"}},
      {"exit", AnswerValue::kNothing, {"pid"}, {}, {"exit --machine demo --pid 2"}},
      {"personality",
       AnswerValue::kNumber,
       {"persona"},
       {},
       {"personality --machine demo --pid 1 --persona 'ADDR_NO_RANDOMIZE|READ_IMPLIES_EXEC'"}},
      {"wait4",
       AnswerValue::kPid,
       {},
       {},
       {"wait4 --machine demo --pid 1", "wait4 --machine demo --pid 1 --child-pid 2"}},
      {"prlimit64",
       AnswerValue::kNothing,
       {"resource"},
       {},
       {"prlimit64 --machine demo --pid 1 --resource STACK",
        "prlimit64 --machine demo --pid 1 --resource AS --new-limit 64MiB:unlimited"}},
  };
}

std::vector<CallHints> CredentialHints() {
  return {
      {"setuid", AnswerValue::kNothing, {"uid"}, {}, {"setuid --machine demo --pid 1 --uid 1000"}},
      {"setgid", AnswerValue::kNothing, {"gid"}, {}, {"setgid --machine demo --pid 1 --gid 1000"}},
      {"setreuid", AnswerValue::kNothing, {}, {}, {"setreuid --machine demo --pid 1 --euid 1000"}},
      {"setregid", AnswerValue::kNothing, {}, {}, {"setregid --machine demo --pid 1 --egid 1000"}},
      {"setresuid",
       AnswerValue::kNothing,
       {},
       {},
       {"setresuid --machine demo --pid 1 --ruid 1000 --euid 1000 --suid 0"}},
      {"setresgid", AnswerValue::kNothing, {}, {}, {"setresgid --machine demo --pid 1 --egid 1000"}},
      {"setfsuid", AnswerValue::kNumber, {"uid"}, {}, {"setfsuid --machine demo --pid 1 --uid 1000"}},
      {"setfsgid", AnswerValue::kNumber, {"gid"}, {}, {"setfsgid --machine demo --pid 1 --gid 1000"}},
      {"setgroups", AnswerValue::kNothing, {}, {}, {"setgroups --machine demo --pid 1 --gid 4 --gid 24"}},
      {"capset",
       AnswerValue::kNothing,
       {},
       {},
       {"capset --machine demo --pid 1 --effective 0x4000 --permitted 0x4000"}},
      {"prctl", AnswerValue::kNumber, {"option"}, {}, {"prctl --machine demo --pid 1 --option SET_MDWE --argument2 1"}},
  };
}

std::vector<CallHints> AddressSpaceHints() {
  return {
      {"mmap",
       AnswerValue::kAddress,
       {"length"},
       {{"prot", "READ|WRITE"}, {"flags", "PRIVATE|ANONYMOUS", "fd"}, {"flags", "PRIVATE"}, {"fd", "-1"}},
       {"mmap --machine demo --pid 1 --length 64KiB --prot rw",
        "mmap --machine demo --pid 1 --length 1MiB --flags 'SHARED|ANONYMOUS|POPULATE' --store-as 3", kOpenFirst,
        "mmap --machine demo --pid 1 --length 64KiB --fd 0 --offset 4096 --prot r"}},
      {"munmap",
       AnswerValue::kNothing,
       {"address", "length"},
       {},
       {"munmap --machine demo --pid 1 --address 0x7ffff7dc0000 --length 64KiB  # the address that mmap answered",
        "munmap --machine demo --pid 1 --address '$3+0x1000' --length 4KiB"}},
      {"mprotect",
       AnswerValue::kNothing,
       {"address", "length", "prot"},
       {},
       {"mprotect --machine demo --pid 1 --address '$3' --length 4KiB --prot r"}},
      {"mremap",
       AnswerValue::kAddress,
       {"address", "old-length", "new-length"},
       {{"flags", "MAYMOVE"}},
       {"mremap --machine demo --pid 1 --address '$3' --old-length 64KiB --new-length 1MiB --store-as 3"}},
      {"brk",
       AnswerValue::kAddress,
       {},
       {},
       {"brk --machine demo --pid 1 --store-as 4", "brk --machine demo --pid 1 --address '$4+132KiB'"}},
  };
}

std::vector<CallHints> PageAdviceHints() {
  return {
      {"madvise",
       AnswerValue::kNothing,
       {"address", "length", "advice"},
       {},
       {"madvise --machine demo --pid 1 --address '$3' --length 64KiB --advice DONTNEED"}},
      {"process_madvise",
       AnswerValue::kBytes,
       {"target-pid", "range", "advice"},
       {},
       {"process_madvise --machine demo --pid 1 --target-pid 2 --range 0x7f0000000000:64KiB "
        "--advice COLD"}},
      {"mincore",
       AnswerValue::kNothing,
       {"address", "length"},
       {},
       {"mincore --machine demo --pid 1 --address '$3' --length 64KiB"}},
      {"msync",
       AnswerValue::kNothing,
       {"address", "length"},
       {},
       {"msync --machine demo --pid 1 --address '$3' --length 64KiB --flags SYNC"}},
      {"mseal",
       AnswerValue::kNothing,
       {"address", "length"},
       {},
       {"mseal --machine demo --pid 1 --address '$3' --length 64KiB"}},
      {"remap_file_pages",
       AnswerValue::kNothing,
       {"address", "length", "page-offset"},
       {},
       {"remap_file_pages --machine demo --pid 1 --address '$3' --length 8KiB --page-offset 2"}},
      {"mlock",
       AnswerValue::kNothing,
       {"address", "length"},
       {},
       {"mlock --machine demo --pid 1 --address '$3' --length 64KiB"}},
      {"mlock2",
       AnswerValue::kNothing,
       {"address", "length", "flags"},
       {},
       {"mlock2 --machine demo --pid 1 --address '$3' --length 64KiB --flags ONFAULT"}},
      {"munlock",
       AnswerValue::kNothing,
       {"address", "length"},
       {},
       {"munlock --machine demo --pid 1 --address '$3' --length 4KiB"}},
      {"mlockall", AnswerValue::kNothing, {"flags"}, {}, {"mlockall --machine demo --pid 1 --flags 'CURRENT|FUTURE'"}},
      {"munlockall", AnswerValue::kNothing, {}, {}, {"munlockall --machine demo --pid 1"}},
  };
}

std::vector<CallHints> MemoryPolicyHints() {
  return {
      {"mbind",
       AnswerValue::kNothing,
       {"address", "length", "mode"},
       {{"maxnode", "65"}},
       {"mbind --machine demo --pid 1 --address '$3' --length 64KiB --mode BIND --nodemask 1"}},
      {"set_mempolicy",
       AnswerValue::kNothing,
       {"mode"},
       {{"maxnode", "65"}},
       {"set_mempolicy --machine demo --pid 1 --mode INTERLEAVE --nodemask 1"}},
      {"get_mempolicy",
       AnswerValue::kNothing,
       {},
       {},
       {"get_mempolicy --machine demo --pid 1",
        "get_mempolicy --machine demo --pid 1 --address '$3' --flags 'ADDR|NODE'"}},
  };
}

std::vector<CallHints> ProtectionKeyHints() {
  return {
      {"pkey_alloc", AnswerValue::kNumber, {}, {}, {"pkey_alloc --machine demo --pid 1 --access-rights DISABLE_WRITE"}},
      {"pkey_free", AnswerValue::kNothing, {"pkey"}, {}, {"pkey_free --machine demo --pid 1 --pkey 1"}},
      {"pkey_mprotect",
       AnswerValue::kNothing,
       {"address", "length", "prot", "pkey"},
       {},
       {"pkey_mprotect --machine demo --pid 1 --address '$3' --length 64KiB --prot 'READ|WRITE' --pkey 1"}},
      {"pkey_set",
       AnswerValue::kNothing,
       {"pkey", "access-rights"},
       {},
       {"pkey_set --machine demo --pid 1 --pkey 1 --access-rights DISABLE_ACCESS"}},
      {"pkey_get", AnswerValue::kNumber, {"pkey"}, {}, {"pkey_get --machine demo --pid 1 --pkey 1"}},
  };
}

std::vector<CallHints> ContentsHints() {
  return {
      {"touch",
       AnswerValue::kMinorFaults,
       {"address"},
       {},
       {"touch --machine demo --pid 1 --address '$3' --page-count 16 --access write",
        "touch --machine demo --pid 1 --address 0x7ffff7dc0000  # the address that mmap answered"}},
      {"load",
       AnswerValue::kBytes,
       {"address"},
       {{"length", "64"}},
       {"load --machine demo --pid 1 --address '$3'", "load --machine demo --pid 1 --address '$3+0xffc' --length 8"}},
      {"store",
       AnswerValue::kBytes,
       {"address"},
       {},
       {"store --machine demo --pid 1 --address '$3' --data 'hello, world'",
        "store --machine demo --pid 1 --address '$3+0xffe' --hex 00ff00ff"}},
  };
}

std::vector<CallHints> InspectionHints() {
  return {
      {"find_vma",
       AnswerValue::kAddress,
       {"address"},
       {},
       {"find_vma --machine demo --pid 1 --address 0x555555555000"}},
      {"find_vma_prev",
       AnswerValue::kAddress,
       {"address"},
       {},
       {"find_vma_prev --machine demo --pid 1 --address 0x555555562000"}},
      {"find_vma_intersection",
       AnswerValue::kAddress,
       {"address", "length"},
       {},
       {"find_vma_intersection --machine demo --pid 1 --address 0x555555550000 --length 64KiB"}},
      {"get_unmapped_area",
       AnswerValue::kAddress,
       {"length"},
       {{"flags", "PRIVATE|ANONYMOUS", "fd"}, {"flags", "PRIVATE"}, {"fd", "-1"}},
       {"get_unmapped_area --machine demo --pid 1 --length 64KiB",
        "get_unmapped_area --machine demo --pid 1 --length 2MiB --address 0x7ffff0000000"}},
      {"mm_struct", AnswerValue::kNumber, {}, {}, {"mm_struct --machine demo --pid 1"}},
      {"mmlist", AnswerValue::kNumber, {}, {}, {"mmlist --machine demo"}},
      {"rmap_walk",
       AnswerValue::kNumber,
       {},
       {{"pid", "0", "address"}},
       {"rmap_walk --machine demo --pid 1 --address 0x7fffffffe000", "rmap_walk --machine demo --frame-number 4096"}},
      {"explain",
       AnswerValue::kMinorFaults,
       {"address"},
       {},
       {"explain --machine demo --pid 1 --address '$3' --access write"}},
  };
}

// What the examples that name a segment need on a new machine.
constexpr char kSegmentFirst[] =
    "shmget --machine demo --pid 1 --key 42 --size 64KiB --flags 'CREAT|0600' --store-as 9";
constexpr char kAttachFirst[] = "shmat --machine demo --pid 1 --shmid '$9' --store-as 10";

std::vector<CallHints> SharedMemoryHints() {
  return {
      {"shmget", AnswerValue::kNumber, {"size"}, {{"flags", "CREAT|0600"}}, {kSegmentFirst}},
      {"shmat", AnswerValue::kAddress, {}, {}, {kSegmentFirst, kAttachFirst}},
      {"shmdt",
       AnswerValue::kNothing,
       {"address"},
       {},
       {kSegmentFirst, kAttachFirst, "shmdt --machine demo --pid 1 --address '$10'"}},
      {"shmctl",
       AnswerValue::kNumber,
       {"command"},
       {},
       {kSegmentFirst, "shmctl --machine demo --pid 1 --shmid '$9' --command STAT",
        "shmctl --machine demo --pid 1 --shmid '$9' --command RMID"}},
  };
}

std::vector<CallHints> PageHints() {
  return {
      {"alloc_pages",
       AnswerValue::kFrame,
       {},
       {{"gfp-mask", "GFP_KERNEL"}},
       {"alloc_pages --machine demo --order 3 --store-as 5",
        "alloc_pages --machine demo --gfp-mask 'GFP_DMA|__GFP_ZERO'"}},
      {"get_zeroed_page",
       AnswerValue::kAddress,
       {},
       {{"gfp-mask", "GFP_KERNEL"}},
       {"get_zeroed_page --machine demo --store-as 6"}},
      {"free_pages",
       AnswerValue::kNothing,
       {},
       {},
       {"free_pages --machine demo --frame-number '$5' --order 3", "free_pages --machine demo --address '$6'"}},
  };
}

// What the examples that name a cache need on a new machine.
constexpr char kCreateFirst[] = "kmem_cache_create --machine demo --name cell --object-size 200 --store-as 1";
constexpr char kAllocFirst[] = "kmem_cache_alloc --machine demo --name cell --store-as 2";
constexpr char kAllocBulkFirst[] =
    "kmem_cache_alloc_bulk --machine demo --name cell --object-count 32 --first-store-as 100";
constexpr char kKmallocFirst[] = "kmalloc --machine demo --size 100 --store-as 7";

std::vector<CallHints> CacheHints() {
  return {
      {"kmem_cache_create",
       AnswerValue::kCache,
       {"name", "object-size"},
       {},
       {kCreateFirst,
        "kmem_cache_create --machine demo --name node --object-size 200 --flags 'HWCACHE_ALIGN|NO_MERGE'"}},
      {"kmem_cache_destroy",
       AnswerValue::kNothing,
       {},
       {},
       {kCreateFirst, "kmem_cache_destroy --machine demo --name cell"}},
      {"kmem_cache_alloc",
       AnswerValue::kAddress,
       {},
       {{"gfp-mask", "GFP_KERNEL"}},
       {kCreateFirst, kAllocFirst, "kmem_cache_alloc --machine demo --cache '$1' --gfp-mask GFP_ATOMIC"}},
      {"kmem_cache_free",
       AnswerValue::kNothing,
       {"address"},
       {},
       {kCreateFirst, kAllocFirst, "kmem_cache_free --machine demo --name cell --address '$2'"}},
      {"kmem_cache_alloc_bulk",
       AnswerValue::kObjects,
       {"object-count", "first-store-as"},
       {{"gfp-mask", "GFP_KERNEL"}},
       {kCreateFirst, kAllocBulkFirst}},
      {"kmem_cache_free_bulk",
       AnswerValue::kNothing,
       {"object-count", "first-stored-as"},
       {},
       {kCreateFirst, kAllocBulkFirst,
        "kmem_cache_free_bulk --machine demo --name cell --object-count 32 --first-stored-as 100"}},
      {"kmem_cache_shrink", AnswerValue::kNothing, {}, {}, {"kmem_cache_shrink --machine demo --name kmalloc-64"}},
  };
}

std::vector<CallHints> KmallocHints() {
  return {
      {"kmalloc",
       AnswerValue::kAddress,
       {"size"},
       {{"gfp-mask", "GFP_KERNEL"}},
       {kKmallocFirst, "kmalloc --machine demo --size 64KiB --gfp-mask 'GFP_KERNEL|__GFP_ACCOUNT'"}},
      {"kzalloc",
       AnswerValue::kAddress,
       {"size"},
       {{"gfp-mask", "GFP_KERNEL"}},
       {"kzalloc --machine demo --size 4KiB --store-as 8"}},
      {"krealloc",
       AnswerValue::kAddress,
       {"size"},
       {{"gfp-mask", "GFP_KERNEL"}},
       {kKmallocFirst, "krealloc --machine demo --address '$7' --size 200 --store-as 7"}},
      {"kfree", AnswerValue::kNothing, {"address"}, {}, {kKmallocFirst, "kfree --machine demo --address '$7'"}},
  };
}

std::vector<CallHints> CpuHints() {
  return {
      {"concurrent",
       AnswerValue::kNumber,
       {"lane"},
       {},
       {"concurrent --machine demo --lane '0: spawn --comm a; spawn --comm b' --lane '1: alloc_pages --order 4'",
        "concurrent --machine demo --lane '0: mmap --pid 1 --length 1MiB; brk' --lane '1: fork --pid 1'"}},
      {"advance_time", AnswerValue::kNothing, {"duration"}, {}, {"advance_time --machine demo --duration 1.5s"}},
  };
}

std::vector<CallHints> FileHints() {
  return {
      {"mknod",
       AnswerValue::kNothing,
       {"path"},
       {},
       {"mknod --machine demo --path /data/log --size 1MiB",
        "mknod --machine demo --path /dev/zero --kind zero-device"}},
      {"open", AnswerValue::kDescriptor, {"path"}, {}, {kOpenFirst}},
      {"close", AnswerValue::kNothing, {"fd"}, {}, {kOpenFirst, "close --machine demo --pid 1 --fd 0"}},
      {"dup",
       AnswerValue::kDescriptor,
       {"fd"},
       {},
       {kOpenFirst, "dup --machine demo --pid 1 --fd 0",
        "dup --machine demo --pid 1 --fd 0 --new-fd 10 --flags CLOEXEC"}},
      {"unlink", AnswerValue::kNothing, {"path"}, {}, {kOpenFirst, "unlink --machine demo --path /data/log"}},
      {"rename",
       AnswerValue::kNothing,
       {"old-path", "new-path"},
       {},
       {kOpenFirst, "rename --machine demo --old-path /data/log --new-path /data/log.1"}},
      {"write_proc",
       AnswerValue::kBytes,
       {"path", "text"},
       {},
       {"write_proc --machine demo --pid 1 --path sys/vm/max_map_count --text 262144",
        "write_proc --machine demo --pid 1 --path sys/vm/overcommit_memory --text 2"}},
  };
}

std::vector<CallHints> DescriptorHints() {
  return {
      {"memfd_create",
       AnswerValue::kDescriptor,
       {"name"},
       {},
       {"memfd_create --machine demo --pid 1 --name buffer --flags ALLOW_SEALING"}},
      {"fcntl",
       AnswerValue::kNumber,
       {"fd", "command"},
       {},
       {"fcntl --machine demo --pid 1 --fd 3 --command ADD_SEALS --argument 8",
        "fcntl --machine demo --pid 1 --fd 3 --command GET_SEALS"}},
      {"cachestat",
       AnswerValue::kNothing,
       {"fd"},
       {},
       {kOpenFirst, "cachestat --machine demo --pid 1 --fd 0 --length 1MiB"}},
      {"fallocate",
       AnswerValue::kNothing,
       {"fd", "length"},
       {},
       {"fallocate --machine demo --pid 1 --fd 3 --length 64KiB",
        "fallocate --machine demo --pid 1 --fd 3 --mode 'KEEP_SIZE|PUNCH_HOLE' --offset 8KiB --length 16KiB"}},
      {"ftruncate",
       AnswerValue::kNothing,
       {"fd", "length"},
       {},
       {kOpenFirst, "ftruncate --machine demo --pid 1 --fd 0 --length 1MiB"}},
      {"read",
       AnswerValue::kBytes,
       {"fd"},
       {{"length", "4096"}},
       {kOpenFirst, "read --machine demo --pid 1 --fd 0",
        "read --machine demo --pid 1 --fd 0 --offset 4096 --length 100"}},
      {"write",
       AnswerValue::kBytes,
       {"fd"},
       {},
       {kOpenFirst, "write --machine demo --pid 1 --fd 0 --length 64KiB",
        "write --machine demo --pid 1 --fd 0 --offset 4096 --data 'a line'"}},
      {"lseek",
       AnswerValue::kOffset,
       {"fd"},
       {},
       {kOpenFirst, "lseek --machine demo --pid 1 --fd 0 --offset 4096 --whence END"}},
  };
}

}  // namespace

const CallHints& HintsFor(absl::string_view operation) {
  static const auto* const kHints = [] {
    auto* const hints = new std::vector<CallHints>;
    for (const auto& group :
         {ProcessHints(), CredentialHints(), AddressSpaceHints(), PageAdviceHints(), MemoryPolicyHints(),
          ProtectionKeyHints(), ContentsHints(), SharedMemoryHints(), InspectionHints(), PageHints(), CacheHints(),
          KmallocHints(), CpuHints(), FileHints(), DescriptorHints()}) {
      hints->insert(hints->end(), group.begin(), group.end());
    }
    return hints;
  }();
  static const auto* const kNone = new CallHints{"", AnswerValue::kNumber};
  for (const CallHints& hints : *kHints) {
    if (hints.operation == operation) return hints;
  }
  return *kNone;
}

}  // namespace memsim::cli
