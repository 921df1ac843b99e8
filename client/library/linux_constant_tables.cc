#include "client/library/linux_constant_tables.h"

#include <cstdint>

namespace memsim::client {
namespace {

constexpr std::uint64_t kAll = ~std::uint64_t{0};
// Bit fields whose values are numbers rather than flags.
constexpr std::uint64_t kMapType = 0xf;
constexpr std::uint64_t kHugeSizes = std::uint64_t{0x3f} << 26;
constexpr std::uint64_t kAccessMode = 3;
constexpr std::uint64_t kCloneSignal = 0xff;
constexpr std::uint64_t kMempolicyMode = 0x1fff;
constexpr std::uint64_t kPersona = 0xff;

// A bit, or a set of bits.
constexpr LinuxConstant Flag(absl::string_view name, std::uint64_t value) { return {name, value, value}; }
// A number of its own.
constexpr LinuxConstant Value(absl::string_view name, std::uint64_t value) { return {name, value, kAll}; }
// A value of a bit field.
constexpr LinuxConstant In(std::uint64_t mask, absl::string_view name, std::uint64_t value) {
  return {name, value, mask};
}
// Understood, never printed.
constexpr LinuxConstant Spelling(absl::string_view name, std::uint64_t value) { return {name, value, 0}; }

// clang-format off

// mman-common.h
constexpr LinuxConstant kProtTable[] = {
    Value("PROT_NONE", 0), Flag("PROT_READ", 1), Flag("PROT_WRITE", 2), Flag("PROT_EXEC", 4), Flag("PROT_SEM", 8),
    Flag("PROT_GROWSDOWN", 0x1000000), Flag("PROT_GROWSUP", 0x2000000),
};

// mman-common.h, linux/mman.h, arch/x86 mman.h
constexpr LinuxConstant kMapTable[] = {
    In(kMapType, "MAP_SHARED", 1), In(kMapType, "MAP_PRIVATE", 2), In(kMapType, "MAP_SHARED_VALIDATE", 3),
    In(kMapType, "MAP_DROPPABLE", 8), Flag("MAP_FIXED", 0x10), Flag("MAP_ANONYMOUS", 0x20), Flag("MAP_32BIT", 0x40),
    Flag("MAP_ABOVE4G", 0x80), Flag("MAP_GROWSDOWN", 0x100), Flag("MAP_DENYWRITE", 0x800),
    Flag("MAP_EXECUTABLE", 0x1000), Flag("MAP_LOCKED", 0x2000), Flag("MAP_NORESERVE", 0x4000),
    Flag("MAP_POPULATE", 0x8000), Flag("MAP_NONBLOCK", 0x10000), Flag("MAP_STACK", 0x20000),
    Flag("MAP_HUGETLB", 0x40000), Flag("MAP_SYNC", 0x80000), Flag("MAP_FIXED_NOREPLACE", 0x100000),
    In(kHugeSizes, "MAP_HUGE_64KB", std::uint64_t{16} << 26), In(kHugeSizes, "MAP_HUGE_512KB", std::uint64_t{19} << 26),
    In(kHugeSizes, "MAP_HUGE_1MB", std::uint64_t{20} << 26), In(kHugeSizes, "MAP_HUGE_2MB", std::uint64_t{21} << 26),
    In(kHugeSizes, "MAP_HUGE_8MB", std::uint64_t{23} << 26), In(kHugeSizes, "MAP_HUGE_16MB", std::uint64_t{24} << 26),
    In(kHugeSizes, "MAP_HUGE_32MB", std::uint64_t{25} << 26), In(kHugeSizes, "MAP_HUGE_256MB", std::uint64_t{28} << 26),
    In(kHugeSizes, "MAP_HUGE_512MB", std::uint64_t{29} << 26), In(kHugeSizes, "MAP_HUGE_1GB", std::uint64_t{30} << 26),
    In(kHugeSizes, "MAP_HUGE_2GB", std::uint64_t{31} << 26), In(kHugeSizes, "MAP_HUGE_16GB", std::uint64_t{34} << 26),
    Spelling("MAP_HUGE_SHIFT", 26), Spelling("MAP_HUGE_MASK", 0x3f), Spelling("MAP_ANON", 0x20),
    Spelling("MAP_FILE", 0), Spelling("MAP_TYPE", kMapType), Spelling("MAP_UNINITIALIZED", 0x4000000),
};

// linux/mman.h
constexpr LinuxConstant kMremapTable[] = {
    Flag("MREMAP_MAYMOVE", 1), Flag("MREMAP_FIXED", 2), Flag("MREMAP_DONTUNMAP", 4),
};

// mman-common.h
constexpr LinuxConstant kMadvTable[] = {
    Value("MADV_NORMAL", 0), Value("MADV_RANDOM", 1), Value("MADV_SEQUENTIAL", 2), Value("MADV_WILLNEED", 3),
    Value("MADV_DONTNEED", 4), Value("MADV_FREE", 8), Value("MADV_REMOVE", 9), Value("MADV_DONTFORK", 10),
    Value("MADV_DOFORK", 11), Value("MADV_MERGEABLE", 12), Value("MADV_UNMERGEABLE", 13), Value("MADV_HUGEPAGE", 14),
    Value("MADV_NOHUGEPAGE", 15), Value("MADV_DONTDUMP", 16), Value("MADV_DODUMP", 17), Value("MADV_WIPEONFORK", 18),
    Value("MADV_KEEPONFORK", 19), Value("MADV_COLD", 20), Value("MADV_PAGEOUT", 21), Value("MADV_POPULATE_READ", 22),
    Value("MADV_POPULATE_WRITE", 23), Value("MADV_DONTNEED_LOCKED", 24), Value("MADV_COLLAPSE", 25),
    Value("MADV_HWPOISON", 100), Value("MADV_SOFT_OFFLINE", 101), Value("MADV_GUARD_INSTALL", 102),
    Value("MADV_GUARD_REMOVE", 103),
};

// mman-common.h
constexpr LinuxConstant kMlockTable[] = {
    Flag("MLOCK_ONFAULT", 1),
};

// mman-common.h
constexpr LinuxConstant kMsTable[] = {
    Flag("MS_ASYNC", 1), Flag("MS_INVALIDATE", 2), Flag("MS_SYNC", 4),
};

// mman.h
constexpr LinuxConstant kMclTable[] = {
    Flag("MCL_CURRENT", 1), Flag("MCL_FUTURE", 2), Flag("MCL_ONFAULT", 4),
};

// memfd.h
constexpr LinuxConstant kMfdTable[] = {
    Flag("MFD_CLOEXEC", 1), Flag("MFD_ALLOW_SEALING", 2), Flag("MFD_HUGETLB", 4), Flag("MFD_NOEXEC_SEAL", 8),
    Flag("MFD_EXEC", 0x10), In(kHugeSizes, "MFD_HUGE_64KB", std::uint64_t{16} << 26),
    In(kHugeSizes, "MFD_HUGE_512KB", std::uint64_t{19} << 26), In(kHugeSizes, "MFD_HUGE_1MB", std::uint64_t{20} << 26),
    In(kHugeSizes, "MFD_HUGE_2MB", std::uint64_t{21} << 26), In(kHugeSizes, "MFD_HUGE_8MB", std::uint64_t{23} << 26),
    In(kHugeSizes, "MFD_HUGE_16MB", std::uint64_t{24} << 26), In(kHugeSizes, "MFD_HUGE_32MB", std::uint64_t{25} << 26),
    In(kHugeSizes, "MFD_HUGE_256MB", std::uint64_t{28} << 26),
    In(kHugeSizes, "MFD_HUGE_512MB", std::uint64_t{29} << 26), In(kHugeSizes, "MFD_HUGE_1GB", std::uint64_t{30} << 26),
    In(kHugeSizes, "MFD_HUGE_2GB", std::uint64_t{31} << 26), In(kHugeSizes, "MFD_HUGE_16GB", std::uint64_t{34} << 26),
    Spelling("MFD_HUGE_SHIFT", 26), Spelling("MFD_HUGE_MASK", 0x3f),
};

// mempolicy.h
constexpr LinuxConstant kMpolTable[] = {
    In(kMempolicyMode, "MPOL_DEFAULT", 0), In(kMempolicyMode, "MPOL_PREFERRED", 1), In(kMempolicyMode, "MPOL_BIND", 2),
    In(kMempolicyMode, "MPOL_INTERLEAVE", 3), In(kMempolicyMode, "MPOL_LOCAL", 4),
    In(kMempolicyMode, "MPOL_PREFERRED_MANY", 5), In(kMempolicyMode, "MPOL_WEIGHTED_INTERLEAVE", 6),
    Flag("MPOL_F_NUMA_BALANCING", 0x2000), Flag("MPOL_F_RELATIVE_NODES", 0x4000), Flag("MPOL_F_STATIC_NODES", 0x8000),
};

// mempolicy.h: of get_mempolicy
constexpr LinuxConstant kMpolFTable[] = {
    Flag("MPOL_F_NODE", 1),
    Flag("MPOL_F_ADDR", 2),
    Flag("MPOL_F_MEMS_ALLOWED", 4),
};

// mempolicy.h: of mbind
constexpr LinuxConstant kMpolMfTable[] = {
    Flag("MPOL_MF_STRICT", 1),
    Flag("MPOL_MF_MOVE", 2),
    Flag("MPOL_MF_MOVE_ALL", 4),
};

// mman-common.h
constexpr LinuxConstant kPkeyTable[] = {
    Flag("PKEY_DISABLE_ACCESS", 1), Flag("PKEY_DISABLE_WRITE", 2),
    // Of no x86: EINVAL.
    Flag("PKEY_DISABLE_EXECUTE", 4),
};

// sched.h; the low byte is the signal that the child's end sends
constexpr LinuxConstant kCloneTable[] = {
    Flag("CLONE_VM", 0x100), Flag("CLONE_FS", 0x200), Flag("CLONE_FILES", 0x400), Flag("CLONE_SIGHAND", 0x800),
    Flag("CLONE_PIDFD", 0x1000), Flag("CLONE_PTRACE", 0x2000), Flag("CLONE_VFORK", 0x4000),
    Flag("CLONE_PARENT", 0x8000), Flag("CLONE_THREAD", 0x10000), Flag("CLONE_NEWNS", 0x20000),
    Flag("CLONE_SYSVSEM", 0x40000), Flag("CLONE_SETTLS", 0x80000), Flag("CLONE_PARENT_SETTID", 0x100000),
    Flag("CLONE_CHILD_CLEARTID", 0x200000), Flag("CLONE_DETACHED", 0x400000), Flag("CLONE_UNTRACED", 0x800000),
    Flag("CLONE_CHILD_SETTID", 0x1000000), Flag("CLONE_NEWCGROUP", 0x2000000), Flag("CLONE_NEWUTS", 0x4000000),
    Flag("CLONE_NEWIPC", 0x8000000), Flag("CLONE_NEWUSER", 0x10000000), Flag("CLONE_NEWPID", 0x20000000),
    Flag("CLONE_NEWNET", 0x40000000), Flag("CLONE_IO", 0x80000000), Flag("CLONE_CLEAR_SIGHAND", 0x100000000),
    Flag("CLONE_INTO_CGROUP", 0x200000000), In(kCloneSignal, "SIGCHLD", 17), Spelling("CLONE_NEWTIME", 0x80),
};

// asm-generic/fcntl.h
constexpr LinuxConstant kOTable[] = {
    In(kAccessMode, "O_RDONLY", 0), In(kAccessMode, "O_WRONLY", 1), In(kAccessMode, "O_RDWR", 2),
    Flag("O_TMPFILE", 020200000), Flag("O_SYNC", 04010000), Flag("O_CREAT", 0100), Flag("O_EXCL", 0200),
    Flag("O_NOCTTY", 0400), Flag("O_TRUNC", 01000), Flag("O_APPEND", 02000), Flag("O_NONBLOCK", 04000),
    Flag("O_DSYNC", 010000), Flag("O_ASYNC", 020000), Flag("O_DIRECT", 040000), Flag("O_LARGEFILE", 0100000),
    Flag("O_DIRECTORY", 0200000), Flag("O_NOFOLLOW", 0400000), Flag("O_NOATIME", 01000000), Flag("O_CLOEXEC", 02000000),
    Flag("O_PATH", 010000000), Spelling("O_ACCMODE", kAccessMode), Spelling("O_NDELAY", 04000),
};

// fcntl.h
constexpr LinuxConstant kAtTable[] = {
    Value("AT_FDCWD", static_cast<std::uint64_t>(-100)), Flag("AT_SYMLINK_NOFOLLOW", 0x100),
    Flag("AT_REMOVEDIR", 0x200), Flag("AT_SYMLINK_FOLLOW", 0x400), Flag("AT_NO_AUTOMOUNT", 0x800),
    Flag("AT_EMPTY_PATH", 0x1000), Spelling("AT_EACCESS", 0x200),
};

// asm-generic/fcntl.h, linux/fcntl.h
constexpr LinuxConstant kFTable[] = {
    Value("F_DUPFD", 0), Value("F_GETFD", 1), Value("F_SETFD", 2), Value("F_GETFL", 3), Value("F_SETFL", 4),
    Value("F_GETLK", 5), Value("F_SETLK", 6), Value("F_SETLKW", 7), Value("F_SETOWN", 8), Value("F_GETOWN", 9),
    Value("F_SETSIG", 10), Value("F_GETSIG", 11), Value("F_SETOWN_EX", 15), Value("F_GETOWN_EX", 16),
    Value("F_OFD_GETLK", 36), Value("F_OFD_SETLK", 37), Value("F_OFD_SETLKW", 38), Value("F_SETLEASE", 1024),
    Value("F_GETLEASE", 1025), Value("F_NOTIFY", 1026), Value("F_CANCELLK", 1029), Value("F_DUPFD_CLOEXEC", 1030),
    Value("F_SETPIPE_SZ", 1031), Value("F_GETPIPE_SZ", 1032), Value("F_ADD_SEALS", 1033), Value("F_GET_SEALS", 1034),
};

// linux/fcntl.h
constexpr LinuxConstant kFSealTable[] = {
    Flag("F_SEAL_SEAL", 1), Flag("F_SEAL_SHRINK", 2), Flag("F_SEAL_GROW", 4), Flag("F_SEAL_WRITE", 8),
    Flag("F_SEAL_FUTURE_WRITE", 0x10), Flag("F_SEAL_EXEC", 0x20),
};

// asm-generic/fcntl.h
constexpr LinuxConstant kFdTable[] = {
    Flag("FD_CLOEXEC", 1),
};

// falloc.h
constexpr LinuxConstant kFallocTable[] = {
    Flag("FALLOC_FL_KEEP_SIZE", 1), Flag("FALLOC_FL_PUNCH_HOLE", 2), Flag("FALLOC_FL_NO_HIDE_STALE", 4),
    Flag("FALLOC_FL_COLLAPSE_RANGE", 8), Flag("FALLOC_FL_ZERO_RANGE", 0x10), Flag("FALLOC_FL_INSERT_RANGE", 0x20),
    Flag("FALLOC_FL_UNSHARE_RANGE", 0x40), Flag("FALLOC_FL_WRITE_ZEROES", 0x80),
};

// fs.h
constexpr LinuxConstant kSeekTable[] = {
    Value("SEEK_SET", 0), Value("SEEK_CUR", 1), Value("SEEK_END", 2), Value("SEEK_DATA", 3), Value("SEEK_HOLE", 4),
};

// asm-generic/resource.h
constexpr LinuxConstant kRlimitTable[] = {
    Value("RLIMIT_CPU", 0), Value("RLIMIT_FSIZE", 1), Value("RLIMIT_DATA", 2), Value("RLIMIT_STACK", 3),
    Value("RLIMIT_CORE", 4), Value("RLIMIT_RSS", 5), Value("RLIMIT_NPROC", 6), Value("RLIMIT_NOFILE", 7),
    Value("RLIMIT_MEMLOCK", 8), Value("RLIMIT_AS", 9), Value("RLIMIT_LOCKS", 10), Value("RLIMIT_SIGPENDING", 11),
    Value("RLIMIT_MSGQUEUE", 12), Value("RLIMIT_NICE", 13), Value("RLIMIT_RTPRIO", 14), Value("RLIMIT_RTTIME", 15),
};

// resource.h
constexpr LinuxConstant kRlimTable[] = {
    Value("RLIM_INFINITY", kAll), Spelling("RLIM64_INFINITY", kAll),
};

// linux/capability.h
constexpr LinuxConstant kCapTable[] = {
    Value("CAP_CHOWN", 0), Value("CAP_DAC_OVERRIDE", 1), Value("CAP_DAC_READ_SEARCH", 2), Value("CAP_FOWNER", 3),
    Value("CAP_FSETID", 4), Value("CAP_KILL", 5), Value("CAP_SETGID", 6), Value("CAP_SETUID", 7),
    Value("CAP_SETPCAP", 8), Value("CAP_LINUX_IMMUTABLE", 9), Value("CAP_NET_BIND_SERVICE", 10),
    Value("CAP_NET_BROADCAST", 11), Value("CAP_NET_ADMIN", 12), Value("CAP_NET_RAW", 13), Value("CAP_IPC_LOCK", 14),
    Value("CAP_IPC_OWNER", 15), Value("CAP_SYS_MODULE", 16), Value("CAP_SYS_RAWIO", 17), Value("CAP_SYS_CHROOT",
    18), Value("CAP_SYS_PTRACE", 19), Value("CAP_SYS_PACCT", 20), Value("CAP_SYS_ADMIN", 21), Value("CAP_SYS_BOOT",
    22), Value("CAP_SYS_NICE", 23), Value("CAP_SYS_RESOURCE", 24), Value("CAP_SYS_TIME", 25),
    Value("CAP_SYS_TTY_CONFIG", 26), Value("CAP_MKNOD", 27), Value("CAP_LEASE", 28), Value("CAP_AUDIT_WRITE", 29),
    Value("CAP_AUDIT_CONTROL", 30), Value("CAP_SETFCAP", 31), Value("CAP_MAC_OVERRIDE", 32), Value("CAP_MAC_ADMIN",
    33), Value("CAP_SYSLOG", 34), Value("CAP_WAKE_ALARM", 35), Value("CAP_BLOCK_SUSPEND", 36),
    Value("CAP_AUDIT_READ", 37), Value("CAP_PERFMON", 38), Value("CAP_BPF", 39), Value("CAP_CHECKPOINT_RESTORE",
    40),
};

// prctl.h; memory's options, and what programs commonly ask
constexpr LinuxConstant kPrTable[] = {
    Value("PR_SET_PDEATHSIG", 1), Value("PR_GET_PDEATHSIG", 2), Value("PR_GET_DUMPABLE", 3),
    Value("PR_SET_DUMPABLE", 4), Value("PR_GET_KEEPCAPS", 7), Value("PR_SET_KEEPCAPS", 8), Value("PR_SET_NAME", 15),
    Value("PR_GET_NAME", 16), Value("PR_GET_SECCOMP", 21), Value("PR_SET_SECCOMP", 22), Value("PR_CAPBSET_READ", 23),
    Value("PR_CAPBSET_DROP", 24), Value("PR_SET_TIMERSLACK", 29), Value("PR_GET_TIMERSLACK", 30),
    Value("PR_MCE_KILL", 33), Value("PR_MCE_KILL_GET", 34), Value("PR_SET_MM", 35), Value("PR_SET_CHILD_SUBREAPER", 36),
    Value("PR_GET_CHILD_SUBREAPER", 37), Value("PR_SET_NO_NEW_PRIVS", 38), Value("PR_GET_NO_NEW_PRIVS", 39),
    Value("PR_GET_TID_ADDRESS", 40), Value("PR_SET_THP_DISABLE", 41), Value("PR_GET_THP_DISABLE", 42),
    Value("PR_CAP_AMBIENT", 47), Value("PR_SET_TAGGED_ADDR_CTRL", 55), Value("PR_GET_TAGGED_ADDR_CTRL", 56),
    Value("PR_SET_IO_FLUSHER", 57), Value("PR_GET_IO_FLUSHER", 58), Value("PR_SET_MDWE", 65), Value("PR_GET_MDWE", 66),
    Value("PR_SET_MEMORY_MERGE", 67), Value("PR_GET_MEMORY_MERGE", 68), Value("PR_GET_AUXV", 0x41555856),
    Value("PR_SET_VMA", 0x53564d41), Spelling("PR_SET_VMA_ANON_NAME", 0), Spelling("PR_MDWE_REFUSE_EXEC_GAIN", 1),
    Spelling("PR_MDWE_NO_INHERIT", 2), Spelling("PR_THP_DISABLE_EXCEPT_ADVISED", 2), Spelling("PR_MCE_KILL_CLEAR", 0),
    Spelling("PR_MCE_KILL_SET", 1), Spelling("PR_MCE_KILL_LATE", 0), Spelling("PR_MCE_KILL_EARLY", 1),
    Spelling("PR_MCE_KILL_DEFAULT", 2), Spelling("PR_SET_MM_START_CODE", 1), Spelling("PR_SET_MM_END_CODE", 2),
    Spelling("PR_SET_MM_START_DATA", 3), Spelling("PR_SET_MM_END_DATA", 4), Spelling("PR_SET_MM_START_STACK", 5),
    Spelling("PR_SET_MM_START_BRK", 6), Spelling("PR_SET_MM_BRK", 7), Spelling("PR_SET_MM_ARG_START", 8),
    Spelling("PR_SET_MM_ARG_END", 9), Spelling("PR_SET_MM_ENV_START", 10), Spelling("PR_SET_MM_ENV_END", 11),
    Spelling("PR_SET_MM_AUXV", 12), Spelling("PR_SET_MM_EXE_FILE", 13), Spelling("PR_SET_MM_MAP", 14),
    Spelling("PR_SET_MM_MAP_SIZE", 15),
};

// personality.h
constexpr LinuxConstant kPersonalityTable[] = {
    Flag("UNAME26", 0x20000), Flag("ADDR_NO_RANDOMIZE", 0x40000), Flag("FDPIC_FUNCPTRS", 0x80000),
    Flag("MMAP_PAGE_ZERO", 0x100000), Flag("ADDR_COMPAT_LAYOUT", 0x200000), Flag("READ_IMPLIES_EXEC", 0x400000),
    Flag("ADDR_LIMIT_32BIT", 0x800000), Flag("SHORT_INODE", 0x1000000), Flag("WHOLE_SECONDS", 0x2000000),
    Flag("STICKY_TIMEOUTS", 0x4000000), Flag("ADDR_LIMIT_3GB", 0x8000000), In(kPersona, "PER_LINUX", 0),
    In(kPersona, "PER_LINUX32", 8),
};

// linux/ipc.h
constexpr LinuxConstant kIpcTable[] = {
    Flag("IPC_CREAT", 01000), Flag("IPC_EXCL", 02000), Flag("IPC_NOWAIT", 04000), Spelling("IPC_PRIVATE", 0),
    Spelling("IPC_RMID", 0), Spelling("IPC_SET", 1), Spelling("IPC_STAT", 2), Spelling("IPC_INFO", 3),
    Spelling("IPC_64", 0x100),
};

// linux/shm.h: flags of shmat; those of shmget share its bits
constexpr LinuxConstant kShmTable[] = {
    Flag("SHM_RDONLY", 010000), Flag("SHM_RND", 020000), Flag("SHM_REMAP", 040000), Flag("SHM_EXEC", 0100000),
    Spelling("SHM_HUGETLB", 04000), Spelling("SHM_NORESERVE", 010000), Spelling("SHM_LOCK", 11),
    Spelling("SHM_UNLOCK", 12), Spelling("SHM_STAT", 13), Spelling("SHM_INFO", 14), Spelling("SHM_STAT_ANY", 15),
    Spelling("SHM_DEST", 01000), Spelling("SHM_LOCKED", 02000), Spelling("SHM_R", 0400), Spelling("SHM_W", 0200),
    Spelling("SHM_HUGE_SHIFT", 26), Spelling("SHM_HUGE_MASK", 0x3f), Spelling("SHM_HUGE_2MB", std::uint64_t{21} << 26),
    Spelling("SHM_HUGE_1GB", std::uint64_t{30} << 26),
};

// include/linux/gfp_types.h of Linux 6.18; the sets first
constexpr LinuxConstant kGfpTable[] = {
    Flag("GFP_TRANSHUGE", 0x1c24ca), Flag("GFP_TRANSHUGE_LIGHT", 0x1c20ca), Flag("GFP_HIGHUSER_MOVABLE", 0x100cca),
    Flag("GFP_HIGHUSER", 0x100cc2), Flag("GFP_USER", 0x100cc0), Flag("GFP_KERNEL_ACCOUNT", 0x400cc0),
    Flag("GFP_KERNEL", 0xcc0), Flag("GFP_NOFS", 0xc40), Flag("GFP_ATOMIC", 0x820), Flag("GFP_NOIO", 0xc00),
    Flag("GFP_NOWAIT", 0x2800), Flag("GFP_DMA", 0x1), Flag("GFP_DMA32", 0x4), Spelling("__GFP_DMA", 0x1),
    Flag("__GFP_HIGHMEM", 0x2), Spelling("__GFP_DMA32", 0x4), Flag("__GFP_MOVABLE", 0x8),
    Flag("__GFP_RECLAIMABLE", 0x10), Flag("__GFP_HIGH", 0x20), Flag("__GFP_IO", 0x40), Flag("__GFP_FS", 0x80),
    Flag("__GFP_ZERO", 0x100), Flag("__GFP_DIRECT_RECLAIM", 0x400), Flag("__GFP_KSWAPD_RECLAIM", 0x800),
    Flag("__GFP_WRITE", 0x1000), Flag("__GFP_NOWARN", 0x2000), Flag("__GFP_RETRY_MAYFAIL", 0x4000),
    Flag("__GFP_NOFAIL", 0x8000), Flag("__GFP_NORETRY", 0x10000), Flag("__GFP_MEMALLOC", 0x20000),
    Flag("__GFP_COMP", 0x40000), Flag("__GFP_NOMEMALLOC", 0x80000), Flag("__GFP_HARDWALL", 0x100000),
    Flag("__GFP_THISNODE", 0x200000), Flag("__GFP_ACCOUNT", 0x400000), Flag("__GFP_ZEROTAGS", 0x800000),
    Spelling("__GFP_RECLAIM", 0xc00),
};

// include/linux/slab.h of Linux 6.18: the bits that it gives them with memory control groups
constexpr LinuxConstant kSlabTable[] = {
    Flag("SLAB_CONSISTENCY_CHECKS", 0x1), Flag("SLAB_RED_ZONE", 0x2), Flag("SLAB_POISON", 0x4),
    Flag("SLAB_HWCACHE_ALIGN", 0x10), Flag("SLAB_CACHE_DMA", 0x20), Flag("SLAB_CACHE_DMA32", 0x40),
    Flag("SLAB_STORE_USER", 0x80), Flag("SLAB_PANIC", 0x100), Flag("SLAB_TYPESAFE_BY_RCU", 0x200),
    Flag("SLAB_TRACE", 0x400), Flag("SLAB_NOLEAKTRACE", 0x800), Flag("SLAB_NO_MERGE", 0x1000),
    Flag("SLAB_ACCOUNT", 0x2000), Flag("SLAB_NO_USER_FLAGS", 0x4000), Flag("SLAB_RECLAIM_ACCOUNT", 0x8000),
};

// asm-generic/siginfo.h
constexpr LinuxConstant kSegvTable[] = {
    Value("SEGV_MAPERR", 1), Value("SEGV_ACCERR", 2), Value("SEGV_BNDERR", 3), Value("SEGV_PKUERR", 4),
    Value("SEGV_ACCADI", 5), Value("SEGV_ADIDERR", 6), Value("SEGV_ADIPERR", 7), Value("SEGV_MTEAERR", 8),
    Value("SEGV_MTESERR", 9), Value("SEGV_CPERR", 10),
};

// asm-generic/siginfo.h
constexpr LinuxConstant kBusTable[] = {
    Value("BUS_ADRALN", 1), Value("BUS_ADRERR", 2), Value("BUS_OBJERR", 3), Value("BUS_MCEERR_AR", 4),
    Value("BUS_MCEERR_AO", 5),
};

// asm-generic/siginfo.h
constexpr LinuxConstant kSiTable[] = {
    Value("SI_USER", 0), Value("SI_KERNEL", 128), Value("SI_QUEUE", static_cast<std::uint64_t>(-1)),
    Value("SI_TIMER", static_cast<std::uint64_t>(-2)), Value("SI_TKILL", static_cast<std::uint64_t>(-6)),
};

constexpr ConstantFamily kFamilies[] = {
    {"PROT", "PROT_", kProtTable},
    {"MAP", "MAP_", kMapTable},
    {"MREMAP", "MREMAP_", kMremapTable},
    {"MADV", "MADV_", kMadvTable},
    {"MLOCK", "MLOCK_", kMlockTable},
    {"MS", "MS_", kMsTable},
    {"MCL", "MCL_", kMclTable},
    {"MFD", "MFD_", kMfdTable},
    {"MPOL", "MPOL_", kMpolTable},
    {"MPOL_F", "MPOL_F_", kMpolFTable},
    {"MPOL_MF", "MPOL_MF_", kMpolMfTable},
    {"PKEY", "PKEY_", kPkeyTable},
    {"CLONE", "CLONE_", kCloneTable, "SIG"},
    {"O", "O_", kOTable},
    {"AT", "AT_", kAtTable},
    {"F", "F_", kFTable},
    {"F_SEAL", "F_SEAL_", kFSealTable},
    {"FD", "FD_", kFdTable},
    {"FALLOC", "FALLOC_FL_", kFallocTable},
    {"SEEK", "SEEK_", kSeekTable},
    {"RLIMIT", "RLIMIT_", kRlimitTable},
    {"RLIM", "RLIM_", kRlimTable},
    {"PR", "PR_", kPrTable},
    {"CAP", "CAP_", kCapTable},
    {"PERSONALITY", "", kPersonalityTable},
    {"IPC", "IPC_", kIpcTable, "SHM"},
    {"SHM", "SHM_", kShmTable},
    {"GFP", "GFP_", kGfpTable},
    {"SLAB", "SLAB_", kSlabTable},
    {"SEGV", "SEGV_", kSegvTable},
    {"BUS", "BUS_", kBusTable},
    {"SI", "SI_", kSiTable},
};

// clang-format on

}  // namespace

absl::Span<const ConstantFamily> ConstantTables() { return kFamilies; }

}  // namespace memsim::client
