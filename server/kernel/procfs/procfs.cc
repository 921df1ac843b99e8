#include "server/kernel/procfs/procfs.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"

#include "server/kernel/procfs/pagemap.h"
#include "server/kernel/procfs/proc_files.h"
#include "server/kernel/procfs/sys_huge_pages.h"
#include "server/kernel/procfs/sys_slab.h"
#include "server/kernel/procfs/sys_vm.h"

namespace memsim {
namespace {

struct MachineFile {
  absl::string_view name;
  std::string (*read)(const ProcView& view);
};
constexpr std::array<MachineFile, 12> kMachineFiles = {{
    {"buddyinfo", BuddyInfo},
    {"lock_stat", LockStat},
    {"lock_stat.instances", LockStatInstances},
    {"meminfo", MemInfo},
    {"pagetypeinfo", PageTypeInfo},
    {"slabinfo", SlabInfo},
    {"sys/kernel/shmall", ShmAll},
    {"sys/kernel/shmmax", ShmMax},
    {"sys/kernel/shmmni", ShmMni},
    {"sysvipc/shm", SysvipcShm},
    {"vmstat", VmStat},
    {"zoneinfo", ZoneInfoText},
}};

// What a file is to a task that has no memory, as a zombie.
enum class WithoutMemory : std::uint8_t { kReadable, kNoSuchProcess };

struct TaskFile {
  absl::string_view name;
  std::string (*read)(const ProcView& view, const Task& task);
  WithoutMemory without_memory = WithoutMemory::kReadable;
};
constexpr std::array<TaskFile, 9> kTaskFiles = {{
    {"limits", PidLimits},
    {"maps", PidMaps},
    {"oom_score", PidOomScore},
    {"oom_score_adj", PidOomScoreAdj},
    {"smaps", PidSmaps},
    {"smaps_rollup", PidSmapsRollup, WithoutMemory::kNoSuchProcess},
    {"stat", PidStat},
    {"statm", PidStatm},
    {"status", PidStatus},
}};

// name_to_int of fs/proc: decimal digits without a leading zero.
std::optional<Pid> ParsePid(absl::string_view text) {
  // Longer numbers are no pids: pid_max has five digits.
  constexpr std::size_t kMaxDigits = 7;
  if (text.empty() || text.size() > kMaxDigits || text.front() == '0') return std::nullopt;
  std::uint32_t pid = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    pid = pid * 10 + static_cast<std::uint32_t>(c - '0');
  }
  return Pid(pid);
}

// A file of a task. The task is null: the path is none of such a file.
struct TaskPath {
  const Task* task = nullptr;
  absl::string_view name;
};

TaskPath ParseTaskPath(const ProcView& view, absl::string_view path) {
  const std::size_t slash = path.find('/');
  if (slash == absl::string_view::npos) return {};
  const std::optional<Pid> pid = ParsePid(path.substr(0, slash));
  if (!pid.has_value()) return {};
  return {view.tasks.Find(*pid), path.substr(slash + 1)};
}

const TaskFile* FindTaskFile(absl::string_view name) {
  const auto* const found =
      std::find_if(kTaskFiles.begin(), kTaskFiles.end(), [name](const TaskFile& file) { return file.name == name; });
  return found == kTaskFiles.end() ? nullptr : found;
}

const MachineFile* FindMachineFile(absl::string_view name) {
  const auto* const found = std::find_if(kMachineFiles.begin(), kMachineFiles.end(),
                                         [name](const MachineFile& file) { return file.name == name; });
  return found == kMachineFiles.end() ? nullptr : found;
}

std::optional<std::string> ReadTaskFile(const ProcView& view, const TaskPath& path) {
  if (path.task == nullptr) return std::nullopt;
  const TaskFile* const file = FindTaskFile(path.name);
  if (file == nullptr) return std::nullopt;
  const bool has_memory = path.task->mm != AddressSpaceId();
  if (file->without_memory == WithoutMemory::kNoSuchProcess && !has_memory) return std::nullopt;
  return file->read(view, *path.task);
}

constexpr absl::string_view kPagemap = "pagemap";
constexpr absl::string_view kOomScoreAdj = "oom_score_adj";

// The file is its process's.
ErrnoOr<ByteCount> WriteOomScoreAdj(Tasks& tasks, Task& task, const Credentials& writer, absl::string_view text) {
  const bool owns = writer.users().filesystem == task.credentials.users().effective;
  if (!owns && !writer.Has(Capability::kDacOverride)) return Errno::kAcces;
  const ErrnoOr<OomScoreAdjText> parsed = ParseOomScoreAdj(text);
  if (!parsed.ok()) return parsed.error();
  const Errno error = tasks.SetOomScoreAdj(task, parsed->adjustment, writer.capabilities().effective);
  if (error != Errno::kOk) return error;
  return parsed->taken;
}

}  // namespace

std::optional<std::string> ReadProc(const ProcView& view, absl::string_view path) {
  if (absl::ConsumePrefix(&path, "/sys/")) {
    std::optional<std::string> text = ReadSysHugePages(view, path);
    return text.has_value() ? text : ReadSys(view, path);
  }
  path = absl::StripPrefix(path, "/proc/");
  if (const MachineFile* file = FindMachineFile(path)) return file->read(view);
  if (std::optional<std::string> sysctl = ReadSysVm(view.sysctls, path)) return sysctl;
  return ReadTaskFile(view, ParseTaskPath(view, path));
}

ErrnoOr<std::string> ReadProcPart(const ProcView& view, absl::string_view path, const ProcPart& part) {
  const TaskPath task_path = ParseTaskPath(view, absl::StripPrefix(path, "/proc/"));
  if (task_path.task != nullptr && task_path.name == kPagemap) {
    if (task_path.task->mm == AddressSpaceId()) return Errno::kSrch;
    const ByteCount length = part.length.value_or(ByteCount(UINT64_MAX - UINT64_MAX % kPagemapEntryBytes));
    if (length > ByteCount(kMaxProcFileBytes)) return Errno::kFBig;
    return ReadPagemap(view, view.tasks.SpaceOf(*task_path.task), part.offset, length);
  }
  std::optional<std::string> whole = ReadProc(view, path);
  if (!whole.has_value()) return Errno::kNoEnt;
  // It may be cut off, so that nobody knows where it ends.
  if (whole->size() > kMaxProcFileBytes) return Errno::kFBig;
  if (part.offset.value() >= whole->size()) return std::string();
  return whole->substr(part.offset.value(), part.length.value_or(ByteCount(whole->size())).value());
}

ErrnoOr<ByteCount> WriteProc(const ProcView& view, const Credentials& writer, absl::string_view path,
                             absl::string_view text, Sysctls& sysctls, Tasks& tasks) {
  if (absl::StartsWith(path, "/sys/")) return ReadProc(view, path).has_value() ? Errno::kAcces : Errno::kNoEnt;
  path = absl::StripPrefix(path, "/proc/");
  const bool overrides = writer.Has(Capability::kDacOverride);
  if (FindMachineFile(path) != nullptr) return overrides ? Errno::kIo : Errno::kAcces;
  const TaskPath task_path = ParseTaskPath(view, path);
  if (task_path.task != nullptr) {
    const bool exists = task_path.name == kPagemap || FindTaskFile(task_path.name) != nullptr;
    if (!exists) return Errno::kNoEnt;
    if (task_path.name == kOomScoreAdj) return WriteOomScoreAdj(tasks, *tasks.Find(task_path.task->pid), writer, text);
    return overrides ? Errno::kInval : Errno::kAcces;
  }
  // test_perm.
  const bool is_root = writer.users().effective == kRootUser;
  if (ReadSysVm(sysctls, path).has_value() && !is_root) return Errno::kAcces;
  return WriteSysVm(sysctls, path, text, writer.capabilities().effective);
}

std::vector<absl::string_view> ProcMachineFiles() {
  std::vector<absl::string_view> names;
  names.reserve(kMachineFiles.size());
  for (const MachineFile& file : kMachineFiles) names.push_back(file.name);
  for (const absl::string_view sysctl : SysVmFiles()) names.push_back(sysctl);
  return names;
}

std::vector<absl::string_view> ProcTaskFiles() {
  std::vector<absl::string_view> names;
  names.reserve(kTaskFiles.size());
  for (const TaskFile& file : kTaskFiles) names.push_back(file.name);
  return names;
}

}  // namespace memsim
