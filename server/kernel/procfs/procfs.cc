#include "server/kernel/procfs/procfs.h"

#include <array>
#include <cstdint>

#include "absl/strings/strip.h"

#include "server/kernel/procfs/proc_files.h"
#include "server/kernel/procfs/sys_huge_pages.h"
#include "server/kernel/procfs/sys_slab.h"

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

struct TaskFile {
  absl::string_view name;
  std::string (*read)(const ProcView& view, const Task& task);
};
constexpr std::array<TaskFile, 4> kTaskFiles = {{
    {"maps", PidMaps},
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

std::optional<std::string> ReadTaskFile(const ProcView& view, absl::string_view directory, absl::string_view name) {
  const std::optional<Pid> pid = ParsePid(directory);
  if (!pid.has_value()) return std::nullopt;
  const Task* task = view.tasks.Find(*pid);
  if (task == nullptr) return std::nullopt;
  for (const TaskFile& file : kTaskFiles) {
    if (file.name == name) return file.read(view, *task);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> ReadProc(const ProcView& view, absl::string_view path) {
  if (absl::ConsumePrefix(&path, "/sys/")) {
    std::optional<std::string> text = ReadSysHugePages(view, path);
    return text.has_value() ? text : ReadSys(view, path);
  }
  path = absl::StripPrefix(path, "/proc/");
  for (const MachineFile& file : kMachineFiles) {
    if (file.name == path) return file.read(view);
  }
  const std::size_t slash = path.find('/');
  if (slash == absl::string_view::npos) return std::nullopt;
  return ReadTaskFile(view, path.substr(0, slash), path.substr(slash + 1));
}

std::vector<absl::string_view> ProcMachineFiles() {
  std::vector<absl::string_view> names;
  names.reserve(kMachineFiles.size());
  for (const MachineFile& file : kMachineFiles) names.push_back(file.name);
  return names;
}

std::vector<absl::string_view> ProcTaskFiles() {
  std::vector<absl::string_view> names;
  names.reserve(kTaskFiles.size());
  for (const TaskFile& file : kTaskFiles) names.push_back(file.name);
  return names;
}

}  // namespace memsim
