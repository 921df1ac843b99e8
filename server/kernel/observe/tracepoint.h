// The one registry of tracepoints: every event that a machine can tell of is declared here once, with the system, name,
// fields and text that it has in Linux 6.18 (/sys/kernel/tracing/events/SYSTEM/NAME/format).
//
// A text has fields in braces, with how they are written after a colon: {order} in decimal, {pfn:x} in hexadecimal,
// {gfp_flags:gfp} as a word. procfs/event_text.cc knows these.

#ifndef MEMSIM_SERVER_KERNEL_OBSERVE_TRACEPOINT_H_
#define MEMSIM_SERVER_KERNEL_OBSERVE_TRACEPOINT_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace memsim {

// clang-format off

// X(symbol, system, name, fields, text, help)
#define MEMSIM_TRACEPOINTS(X)                                                                                          \
  X(kMmPageAlloc, "kmem", "mm_page_alloc", "pfn order gfp_flags migratetype",                                          \
    "page={pfn:page} pfn=0x{pfn:pfn} order={order} migratetype={migratetype} gfp_flags={gfp_flags:gfp}",               \
    "A block of pages was asked for; pfn 0 if there was none")                                                         \
  X(kMmPageAllocZoneLocked, "kmem", "mm_page_alloc_zone_locked", "pfn order migratetype percpu_refill",                \
    "page={pfn:page} pfn=0x{pfn:pfn} order={order} migratetype={migratetype} percpu_refill={percpu_refill}",           \
    "A block left the free lists of its zone, under the zone's lock")                                                  \
  X(kMmPageAllocExtfrag, "kmem", "mm_page_alloc_extfrag",                                                              \
    "pfn alloc_order fallback_order alloc_migratetype fallback_migratetype change_ownership",                          \
    "page={pfn:page} pfn=0x{pfn:pfn} alloc_order={alloc_order} fallback_order={fallback_order} "                       \
    "pageblock_order={fallback_order:pageblock_order} alloc_migratetype={alloc_migratetype} "                          \
    "fallback_migratetype={fallback_migratetype} fragmenting={fallback_order:fragmenting} "                            \
    "change_ownership={change_ownership}",                                                                             \
    "A block of one migrate type served another one")                                                                  \
  X(kMmPageFree, "kmem", "mm_page_free", "pfn order",                                                                  \
    "page={pfn:page} pfn=0x{pfn:pfn} order={order}", "A block of pages was given back")                                \
  X(kMmPageFreeBatched, "kmem", "mm_page_free_batched", "pfn",                                                         \
    "page={pfn:page} pfn=0x{pfn:pfn} order=0", "A page was given back as one of many, as munmap does")                 \
  X(kMmPagePcpuDrain, "kmem", "mm_page_pcpu_drain", "pfn order migratetype",                                           \
    "page={pfn:page} pfn=0x{pfn:pfn} order={order} migratetype={migratetype}",                                         \
    "A block went from a CPU's list back to its zone")                                                                 \
  X(kKmalloc, "kmem", "kmalloc", "call_site ptr bytes_req bytes_alloc gfp_flags node",                                 \
    "call_site={call_site:site} ptr={ptr:p} bytes_req={bytes_req} bytes_alloc={bytes_alloc} "                          \
    "gfp_flags={gfp_flags:gfp} node={node} accounted={gfp_flags:accounted}",                                           \
    "Memory was asked of kmalloc; ptr 0 if there was none")                                                            \
  X(kKfree, "kmem", "kfree", "call_site ptr", "call_site={call_site:site} ptr={ptr:p}",                                \
    "kmalloc's memory was given back")                                                                                 \
  X(kKmemCacheAlloc, "kmem", "kmem_cache_alloc", "call_site ptr name bytes_req bytes_alloc gfp_flags node accounted",  \
    "call_site={call_site:site} ptr={ptr:p} name={name:s} bytes_req={bytes_req} bytes_alloc={bytes_alloc} "            \
    "gfp_flags={gfp_flags:gfp} node={node} accounted={accounted:bool}",                                                \
    "An object of a slab cache was asked for; ptr 0 if there was none")                                                \
  X(kKmemCacheFree, "kmem", "kmem_cache_free", "call_site ptr name",                                                   \
    "call_site={call_site:site} ptr={ptr:p} name={name:s}", "An object of a slab cache was given back")                \
  X(kRssStat, "kmem", "rss_stat", "mm_id curr member size",                                                            \
    "mm_id={mm_id} curr={curr} type={member:rss} size={size}B", "The resident pages of an address space changed")      \
  X(kPageFaultUser, "exceptions", "page_fault_user", "address ip error_code",                                          \
    "address={address:p} ip={ip:p} error_code=0x{error_code:x}",                                                       \
    "An access of a process faulted; error_code has bit 0: present, 1: write, 2: user, 4: execute, 5: key")            \
  X(kTlbFlush, "tlb", "tlb_flush", "reason pages", "pages:{pages} reason:{reason:flush} ({reason})",                   \
    "The CPU forgets so many entries of its address space, or tells others to; -1: all of them")                       \
  X(kVmUnmappedArea, "mmap", "vm_unmapped_area",                                                                       \
    "addr total_vm flags length low_limit high_limit align_mask align_offset",                                         \
    "addr=0x{addr:address} err={addr:err} total_vm=0x{total_vm:x} flags=0x{flags:x} len=0x{length:x} "                 \
    "lo=0x{low_limit:x} hi=0x{high_limit:x} mask=0x{align_mask:x} ofs=0x{align_offset:x}",                             \
    "Room for a mapping was looked for; flags 1: from the top down")                                                   \
  X(kExitMmap, "mmap", "exit_mmap", "mm mt", "mt_mod {mt:p}, DESTROY", "An address space ended")                       \
  X(kTaskNewtask, "task", "task_newtask", "pid comm clone_flags oom_score_adj",                                        \
    "pid={pid} comm={comm:s} clone_flags={clone_flags:x} oom_score_adj={oom_score_adj}", "A task was made")            \
  X(kTaskRename, "task", "task_rename", "pid oldcomm newcomm oom_score_adj",                                           \
    "pid={pid} oldcomm={oldcomm:s} newcomm={newcomm:s} oom_score_adj={oom_score_adj}", "A task got another name")      \
  X(kSchedSwitch, "sched", "sched_switch",                                                                             \
    "prev_comm prev_pid prev_prio prev_state next_comm next_pid next_prio",                                            \
    "prev_comm={prev_comm:s} prev_pid={prev_pid} prev_prio={prev_prio} prev_state={prev_state:state} ==> "             \
    "next_comm={next_comm:s} next_pid={next_pid} next_prio={next_prio}",                                               \
    "A CPU went on with another task")                                                                                 \
  X(kSchedProcessFork, "sched", "sched_process_fork", "parent_comm parent_pid child_comm child_pid",                   \
    "comm={parent_comm:s} pid={parent_pid} child_comm={child_comm:s} child_pid={child_pid}", "A task had a child")     \
  X(kSchedProcessExec, "sched", "sched_process_exec", "filename pid old_pid",                                          \
    "filename={filename:s} pid={pid} old_pid={old_pid}", "A task became another program")                              \
  X(kSchedProcessExit, "sched", "sched_process_exit", "comm pid prio group_dead",                                      \
    "comm={comm:s} pid={pid} prio={prio} group_dead={group_dead:bool}", "A task ended")                                \
  X(kSchedProcessFree, "sched", "sched_process_free", "comm pid prio",                                                 \
    "comm={comm:s} pid={pid} prio={prio}", "The last of a task was given back")                                        \
  X(kMarkVictim, "oom", "mark_victim",                                                                                 \
    "pid comm total_vm anon_rss file_rss shmem_rss uid pgtables oom_score_adj",                                        \
    "pid={pid} comm={comm:s} total-vm={total_vm}kB anon-rss={anon_rss}kB file-rss:{file_rss}kB "                       \
    "shmem-rss:{shmem_rss}kB uid={uid} pgtables={pgtables}kB oom_score_adj={oom_score_adj}",                           \
    "The OOM killer chose a process")                                                                                  \
  X(kMmapLockStartLocking, "mmap_lock", "mmap_lock_start_locking", "mm memcg_id write",                                \
    "mm={mm:p} memcg_id={memcg_id} write={write:bool}", "mmap_lock was asked for")                                     \
  X(kMmapLockAcquireReturned, "mmap_lock", "mmap_lock_acquire_returned", "mm memcg_id write success",                  \
    "mm={mm:p} memcg_id={memcg_id} write={write:bool} success={success:bool}", "mmap_lock was taken")                  \
  X(kMmapLockReleased, "mmap_lock", "mmap_lock_released", "mm memcg_id write",                                         \
    "mm={mm:p} memcg_id={memcg_id} write={write:bool}", "mmap_lock was left")

// The system calls that calls of a machine stand for: X(symbol, name, fields). Their texts are all alike. Pointers into
// user memory, of which a machine has no bytes, are 0; paths are shown instead of the pointers to them.
#define MEMSIM_RETURNING_SYSTEM_CALLS(X)                                \
  X(Fork, "fork", "")                                                   \
  X(Vfork, "vfork", "")                                                 \
  X(Clone, "clone", "clone_flags newsp parent_tidptr child_tidptr tls") \
  X(Execve, "execve", "filename argv envp")                             \
  X(Wait4, "wait4", "upid stat_addr options ru")                        \
  X(Prlimit64, "prlimit64", "pid resource new_rlim old_rlim")           \
  X(Setuid, "setuid", "uid")                                            \
  X(Setgid, "setgid", "gid")                                            \
  X(Setreuid, "setreuid", "ruid euid")                                  \
  X(Setregid, "setregid", "rgid egid")                                  \
  X(Setresuid, "setresuid", "ruid euid suid")                           \
  X(Setresgid, "setresgid", "rgid egid sgid")                           \
  X(Setfsuid, "setfsuid", "uid")                                        \
  X(Setfsgid, "setfsgid", "gid")                                        \
  X(Setgroups, "setgroups", "gidsetsize grouplist")                     \
  X(Capset, "capset", "header data")                                    \
  X(Mmap, "mmap", "addr len prot flags fd off")                         \
  X(Munmap, "munmap", "addr len")                                       \
  X(Mprotect, "mprotect", "start len prot")                             \
  X(Mremap, "mremap", "addr old_len new_len flags new_addr")            \
  X(Brk, "brk", "brk")                                                  \
  X(Madvise, "madvise", "start len_in behavior")                        \
  X(ProcessMadvise, "process_madvise", "pidfd vec vlen behavior flags") \
  X(Mincore, "mincore", "start len vec")                                \
  X(Msync, "msync", "start len flags")                                  \
  X(Mseal, "mseal", "start len flags")                                  \
  X(RemapFilePages, "remap_file_pages", "start size prot pgoff flags")  \
  X(PkeyAlloc, "pkey_alloc", "flags init_val")                          \
  X(PkeyFree, "pkey_free", "pkey")                                      \
  X(PkeyMprotect, "pkey_mprotect", "start len prot pkey")               \
  X(Mlock, "mlock", "start len")                                        \
  X(Mlock2, "mlock2", "start len flags")                                \
  X(Munlock, "munlock", "start len")                                    \
  X(Mlockall, "mlockall", "flags")                                      \
  X(Munlockall, "munlockall", "")                                       \
  X(Mbind, "mbind", "start len mode nmask maxnode flags")               \
  X(SetMempolicy, "set_mempolicy", "mode nmask maxnode")                \
  X(GetMempolicy, "get_mempolicy", "policy nmask maxnode addr flags")   \
  X(Cachestat, "cachestat", "fd cstat_range cstat flags")               \
  X(Personality, "personality", "personality")                          \
  X(Prctl, "prctl", "option arg2 arg3 arg4 arg5")                       \
  X(Shmget, "shmget", "key size shmflg")                                \
  X(Shmat, "shmat", "shmid shmaddr shmflg")                             \
  X(Shmdt, "shmdt", "shmaddr")                                          \
  X(Shmctl, "shmctl", "shmid cmd buf")                                  \
  X(Open, "open", "filename flags mode")                                \
  X(Close, "close", "fd")                                               \
  X(Dup, "dup", "fildes")                                               \
  X(Dup3, "dup3", "oldfd newfd flags")                                  \
  X(Fcntl, "fcntl", "fd cmd arg")                                       \
  X(MemfdCreate, "memfd_create", "uname flags")                         \
  X(Fallocate, "fallocate", "fd mode offset len")                       \
  X(Ftruncate, "ftruncate", "fd length")                                \
  X(Write, "write", "fd buf count")                                     \
  X(Pwrite64, "pwrite64", "fd buf count pos")                           \
  X(Read, "read", "fd buf count")                                       \
  X(Pread64, "pread64", "fd buf count pos")                             \
  X(Lseek, "lseek", "fd offset whence")                                 \
  X(Unlink, "unlink", "pathname")                                       \
  X(Rename, "rename", "oldname newname")
#define MEMSIM_SYSTEM_CALLS(X)         \
  MEMSIM_RETURNING_SYSTEM_CALLS(X)     \
  X(ExitGroup, "exit_group", "error_code") \
  X(Exit, "exit", "error_code")

// clang-format on

enum class Tracepoint : std::uint8_t {
#define MEMSIM_ENUMERATOR(symbol, system, name, fields, text, help) symbol,
  MEMSIM_TRACEPOINTS(MEMSIM_ENUMERATOR)
#undef MEMSIM_ENUMERATOR
#define MEMSIM_ENUMERATOR(symbol, name, fields) kSysEnter##symbol,
      MEMSIM_SYSTEM_CALLS(MEMSIM_ENUMERATOR)
#undef MEMSIM_ENUMERATOR
#define MEMSIM_ENUMERATOR(symbol, name, fields) kSysExit##symbol,
          MEMSIM_RETURNING_SYSTEM_CALLS(MEMSIM_ENUMERATOR)
#undef MEMSIM_ENUMERATOR
              kCount
};
inline constexpr std::size_t kTracepointCount = static_cast<std::size_t>(Tracepoint::kCount);

struct TracepointInfo {
  absl::string_view system;
  absl::string_view name;
  // Names with spaces between them, in the order in which a record has them.
  absl::string_view fields;
  // Empty: all fields, as those of a system call are shown.
  absl::string_view text;
  absl::string_view help;
};

inline constexpr std::array<TracepointInfo, kTracepointCount> kTracepointInfo = {{
#define MEMSIM_INFO(symbol, system, name, fields, text, help) TracepointInfo{system, name, fields, text, help},
    MEMSIM_TRACEPOINTS(MEMSIM_INFO)
#undef MEMSIM_INFO
#define MEMSIM_INFO(symbol, name, fields) TracepointInfo{"syscalls", "sys_enter_" name, fields, "", name " was called"},
        MEMSIM_SYSTEM_CALLS(MEMSIM_INFO)
#undef MEMSIM_INFO
#define MEMSIM_INFO(symbol, name, fields) \
  TracepointInfo{"syscalls", "sys_exit_" name, "ret", "0x{ret:x}", name " returned; errors are negative"},
            MEMSIM_RETURNING_SYSTEM_CALLS(MEMSIM_INFO)
#undef MEMSIM_INFO
}};

constexpr const TracepointInfo& InfoOf(Tracepoint point) { return kTracepointInfo[static_cast<std::size_t>(point)]; }

constexpr std::size_t FieldCount(Tracepoint point) {
  const absl::string_view fields = InfoOf(point).fields;
  std::size_t count = fields.empty() ? 0 : 1;
  for (const char c : fields) count += c == ' ' ? 1 : 0;
  return count;
}

// The two events of a system call. Those that do not return have no second one.
struct SystemCallPoints {
  Tracepoint enter;
  Tracepoint exit = Tracepoint::kCount;
};
namespace system_call {
#define MEMSIM_POINTS(symbol, name, fields) \
  inline constexpr SystemCallPoints k##symbol{Tracepoint::kSysEnter##symbol, Tracepoint::kSysExit##symbol};
MEMSIM_RETURNING_SYSTEM_CALLS(MEMSIM_POINTS)
#undef MEMSIM_POINTS
inline constexpr SystemCallPoints kExitGroup{Tracepoint::kSysEnterExitGroup};
inline constexpr SystemCallPoints kExit{Tracepoint::kSysEnterExit};
}  // namespace system_call

// What the tracepoint of more fields than any other has.
inline constexpr std::size_t kMaxTraceFields = [] {
  std::size_t most = 0;
  for (std::size_t i = 0; i < kTracepointCount; ++i) {
    const std::size_t count = FieldCount(static_cast<Tracepoint>(i));
    if (count > most) most = count;
  }
  return most;
}();

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_OBSERVE_TRACEPOINT_H_
