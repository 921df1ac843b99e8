#include "client/replay/call_table.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>

#include "client/replay/credential_calls.h"
#include "client/replay/file_calls.h"
#include "client/replay/memory_calls.h"
#include "client/replay/mempolicy_calls.h"
#include "client/replay/observations.h"
#include "client/replay/process_calls.h"
#include "client/replay/shared_memory_calls.h"

namespace memsim::replay {
namespace {

constexpr CallClass kCompared = CallClass::kCompared;
constexpr CallClass kObserved = CallClass::kObserved;
constexpr CallClass kApplied = CallClass::kApplied;
constexpr CallClass kFollowed = CallClass::kFollowed;

// prctl(2)'s operations on memory: PR_SET_MM 35, PR_SET_THP_DISABLE 41 and GET 42, PR_SET_MDWE 65 and GET 66,
// PR_SET_MEMORY_MERGE 67 and GET 68, PR_SET_VMA 0x53564d41.
bool ConcernsMemory(const TraceLine& line) {
  if (line.arguments.empty()) return false;
  const std::uint64_t operation = line.arguments[0].Number().value_or(0);
  return operation == 35 || operation == 41 || operation == 42 || (operation >= 65 && operation <= 68) ||
         operation == 0x53564d41;
}

// Whether the line is an fcntl(2) with one of two operations, whose names or numbers may stand there.
bool IsFcntl(const TraceLine& line, std::uint64_t one, std::uint64_t other) {
  if (line.arguments.size() < 2) return false;
  const std::optional<std::uint64_t> operation = line.arguments[1].Number();
  return operation == one || operation == other;
}

// F_ADD_SEALS and F_GET_SEALS.
bool ConcernsSeals(const TraceLine& line) { return IsFcntl(line, 1033, 1034); }

bool ConcernsDuplicates(const TraceLine& line) {
  return IsFcntl(line, kDuplicateDescriptor, kDuplicateDescriptorCloseOnExec);
}

// In the alphabet's order.
constexpr CallRow kRows[] = {
    {"@faults", kObserved, TranslateFaults, nullptr},
    {"@file", kApplied, TranslateFile, nullptr},
    {"@image", kApplied, TranslateImage, nullptr},
    {"@incore", kObserved, TranslateIncore, nullptr},
    {"@maps", kObserved, TranslateMaps, nullptr},
    {"@smaps", kObserved, TranslateSmaps, nullptr},
    {"@status", kObserved, TranslateStatus, nullptr},
    {"@touch", kObserved, TranslateTouch, nullptr},
    {"brk", kCompared, TranslateBrk, nullptr},
    {"cachestat", kCompared, TranslateCachestat, nullptr},
    {"chdir", kFollowed, TranslateChdir, nullptr},
    {"clone", kApplied, TranslateClone, nullptr},
    {"clone3", kApplied, TranslateClone3, nullptr},
    {"close", kApplied, TranslateClose, nullptr},
    {"close_range", kFollowed, TranslateCloseRange, nullptr},
    {"creat", kApplied, TranslateCreat, nullptr},
    {"dup", kApplied, TranslateDup, nullptr},
    {"dup2", kApplied, TranslateDup, nullptr},
    {"dup3", kApplied, TranslateDup, nullptr},
    {"execve", kApplied, TranslateExecve, nullptr},
    {"execveat", kApplied, TranslateExecve, nullptr},
    {"exit", kApplied, TranslateExit, nullptr},
    {"exit_group", kApplied, TranslateExitGroup, nullptr},
    {"fallocate", kApplied, TranslateFallocate, nullptr},
    {"fchdir", kFollowed, TranslateFchdir, nullptr},
    {"fchmod", kApplied, nullptr, nullptr},
    {"fcntl", kApplied, TranslateFcntlSeals, ConcernsSeals},
    {"fcntl", kApplied, TranslateFcntlDuplicate, ConcernsDuplicates},
    {"fcntl", kFollowed, TranslateFcntl, nullptr},
    {"fork", kApplied, TranslateFork, nullptr},
    {"ftruncate", kApplied, TranslateFtruncate, nullptr},
    {"get_mempolicy", kCompared, TranslateGetMempolicy, nullptr},
    {"lseek", kApplied, TranslateLseek, nullptr},
    {"madvise", kCompared, TranslateMadvise, nullptr},
    {"mbind", kCompared, TranslateMbind, nullptr},
    {"memfd_create", kCompared, TranslateMemfdCreate, nullptr},
    {"migrate_pages", kCompared, nullptr, nullptr},
    {"mincore", kCompared, TranslateMincore, nullptr},
    {"mlock", kCompared, TranslateMlock, nullptr},
    {"mlock2", kCompared, TranslateMlock2, nullptr},
    {"mlockall", kCompared, TranslateMlockall, nullptr},
    {"mmap", kCompared, TranslateMmap, nullptr},
    {"move_pages", kCompared, nullptr, nullptr},
    {"mprotect", kCompared, TranslateMprotect, nullptr},
    {"mremap", kCompared, TranslateMremap, nullptr},
    {"mseal", kCompared, TranslateMseal, nullptr},
    {"msync", kCompared, TranslateMsync, nullptr},
    {"munlock", kCompared, TranslateMunlock, nullptr},
    {"munlockall", kCompared, TranslateMunlockall, nullptr},
    {"munmap", kCompared, TranslateMunmap, nullptr},
    {"open", kApplied, TranslateOpen, nullptr},
    {"openat", kApplied, TranslateOpen, nullptr},
    {"openat2", kApplied, TranslateOpen, nullptr},
    {"personality", kApplied, TranslatePersonality, nullptr},
    {"pidfd_open", kFollowed, TranslatePidfdOpen, nullptr},
    {"pkey_alloc", kCompared, TranslatePkeyAlloc, nullptr},
    {"pkey_free", kCompared, TranslatePkeyFree, nullptr},
    {"pkey_mprotect", kCompared, TranslatePkeyMprotect, nullptr},
    {"prctl", kCompared, TranslatePrctl, ConcernsMemory},
    {"prlimit64", kCompared, TranslatePrlimit64, ConcernsMemoryLimit},
    {"process_madvise", kCompared, TranslateProcessMadvise, nullptr},
    {"pwrite64", kApplied, TranslateWrite, nullptr},
    {"read", kFollowed, TranslateRead, nullptr},
    {"remap_file_pages", kCompared, TranslateRemapFilePages, nullptr},
    {"rename", kApplied, TranslateRename, nullptr},
    {"renameat", kApplied, TranslateRename, nullptr},
    {"renameat2", kApplied, TranslateRename, nullptr},
    {"set_mempolicy", kCompared, TranslateSetMempolicy, nullptr},
    {"setfsgid", kApplied, TranslateSetfsgid, nullptr},
    {"setfsuid", kApplied, TranslateSetfsuid, nullptr},
    {"setgid", kApplied, TranslateSetgid, nullptr},
    {"setgroups", kApplied, TranslateSetgroups, nullptr},
    {"setregid", kApplied, TranslateSetregid, nullptr},
    {"setresgid", kApplied, TranslateSetresgid, nullptr},
    {"setresuid", kApplied, TranslateSetresuid, nullptr},
    {"setreuid", kApplied, TranslateSetreuid, nullptr},
    {"setrlimit", kCompared, TranslateSetrlimit, ConcernsMemoryLimit},
    {"setuid", kApplied, TranslateSetuid, nullptr},
    {"shmat", kCompared, TranslateShmat, nullptr},
    {"shmctl", kCompared, TranslateShmctl, nullptr},
    {"shmdt", kCompared, TranslateShmdt, nullptr},
    {"shmget", kCompared, TranslateShmget, nullptr},
    {"syscall_0x1ce", kCompared, TranslateMseal, nullptr},
    {"truncate", kApplied, TranslateTruncate, nullptr},
    {"unlink", kApplied, TranslateUnlink, nullptr},
    {"unlinkat", kApplied, TranslateUnlinkat, nullptr},
    {"userfaultfd", kCompared, nullptr, nullptr},
    {"vfork", kApplied, TranslateVfork, nullptr},
    {"wait4", kApplied, TranslateWait4, nullptr},
    {"write", kApplied, TranslateWrite, nullptr},
    {"writev", kFollowed, TranslateWrite, nullptr},
};

}  // namespace

const CallRow* FindCallRow(const TraceLine& line) {
  const auto before = [](const CallRow& row, absl::string_view name) { return row.name < name; };
  const CallRow* row = std::lower_bound(std::begin(kRows), std::end(kRows), line.name, before);
  for (; row != std::end(kRows) && row->name == line.name; ++row) {
    if (row->concerns == nullptr || row->concerns(line)) return row;
  }
  return nullptr;
}

}  // namespace memsim::replay
