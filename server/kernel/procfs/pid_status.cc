// /proc/PID/status (proc_pid_status of fs/proc/array.c).
//
// What the machine has no state for is what an idle process has that inherited everything from init: no signals, no
// session, every CPU, node 0. The two rows about speculation are those of a host that
// needs no mitigation switched on for every process.

#include <algorithm>
#include <bit>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

#include "server/kernel/procfs/memory_use.h"
#include "server/kernel/procfs/proc_files.h"
#include "server/kernel/procfs/thread_group.h"

namespace memsim {
namespace {

// NR_OPEN_DEFAULT: the size of a descriptor table that was never grown.
constexpr std::uint64_t kSmallestFileTable = 64;
// CONFIG_NODES_SHIFT 10.
constexpr std::uint32_t kMaxNodes = 1024;

// bitmap_string: hexadecimal in groups of 32 bits, the highest first and cut to its bits.
std::string HexMask(std::uint32_t bits, std::uint32_t set) {
  std::string text;
  for (std::uint32_t chunk = (bits + 31) / 32; chunk-- > 0;) {
    const std::uint32_t chunk_bits = std::min(bits - chunk * 32, 32U);
    const std::uint32_t chunk_set = set <= chunk * 32 ? 0 : std::min(set - chunk * 32, 32U);
    const std::uint64_t value = (1ULL << chunk_set) - 1;
    absl::StrAppendFormat(&text, "%s%0*x", text.empty() ? "" : ",", static_cast<int>((chunk_bits + 3) / 4), value);
  }
  return text;
}

// fdt->max_fds. Linux never shrinks the table; the machine knows only what is open now.
std::uint64_t FileTableSize(const ProcView& view, const Task& task) {
  if (task.files == FileTableId()) return 0;
  std::uint64_t needed = 0;
  view.file_tables.table(task.files).ForEach([&needed](int fd, const FileTable::Entry&) {
    needed = static_cast<std::uint64_t>(fd) + 1;
  });
  return std::max(kSmallestFileTable, std::bit_ceil(needed));
}

class StatusReader {
 public:
  StatusReader(const ProcView& view, const Task& task) : view_(view), task_(task) {}

  std::string Read() {
    AppendIdentity();
    if (task_.mm != AddressSpaceId()) AppendMemory(view_.tasks.SpaceOf(task_));
    AppendSignals();
    AppendRights();
    AppendPlaces();
    return std::move(text_);
  }

 private:
  template <typename T>
  void Row(absl::string_view name, T value) {
    absl::StrAppend(&text_, name, ":\t", value, "\n");
  }
  void IdsRow(absl::string_view name, const TaskIds& ids) {
    Row(name, absl::StrCat(ids.real, "\t", ids.effective, "\t", ids.saved, "\t", ids.filesystem));
  }
  void MaskRow(absl::string_view name, std::uint64_t mask) {
    absl::StrAppendFormat(&text_, "%s:\t%016x\n", name, mask);
  }
  void MemoryRow(absl::string_view name, PageCount pages) {
    absl::StrAppendFormat(&text_, "%s:\t%8d kB\n", name, ToBytes(pages).value() / 1024);
  }

  void AppendIdentity() {
    const bool zombie = task_.state == TaskState::kZombie;
    // The name cannot break the line.
    Row("Name", TaskName(task_));
    // A zombie has given up its fs_struct.
    if (!zombie) Row("Umask", "0022");
    Row("State", zombie ? "Z (zombie)" : "S (sleeping)");
    Row("Tgid", task_.tgid.value());
    Row("Ngid", 0);
    Row("Pid", task_.pid.value());
    Row("PPid", task_.parent.value());
    Row("TracerPid", 0);
    IdsRow("Uid", task_.credentials.users());
    IdsRow("Gid", task_.credentials.groups());
    Row("FDSize", FileTableSize(view_, task_));
    // With a space behind the last one, and where there is none.
    Row("Groups", absl::StrCat(absl::StrJoin(task_.credentials.supplementary_groups(), " "), " "));
    Row("NStgid", task_.tgid.value());
    Row("NSpid", task_.pid.value());
    Row("NSpgid", 0);
    Row("NSsid", 0);
    Row("Kthread", 0);
  }

  void AppendMemory(const AddressSpace& space) {
    const AddressSpaceStatistics& statistics = space.statistics();
    // task_mem: code that is not mapped executable is not counted.
    const PageCount code = std::min(CodePages(space), statistics.exec_vm);
    MemoryRow("VmPeak", std::max(statistics.peak_total_vm, statistics.total_vm));
    MemoryRow("VmSize", statistics.total_vm);
    MemoryRow("VmLck", statistics.locked_vm);
    MemoryRow("VmPin", PageCount(0));
    MemoryRow("VmHWM", std::max(statistics.peak_rss, statistics.resident()));
    MemoryRow("VmRSS", statistics.resident());
    MemoryRow("RssAnon", Rss(space, RssKind::kAnonymous));
    MemoryRow("RssFile", Rss(space, RssKind::kFile));
    MemoryRow("RssShmem", Rss(space, RssKind::kShmem));
    MemoryRow("VmData", statistics.data_vm);
    MemoryRow("VmStk", statistics.stack_vm);
    MemoryRow("VmExe", code);
    MemoryRow("VmLib", statistics.exec_vm - code);
    MemoryRow("VmPTE", ToPages(space.page_tables().table_bytes()));
    MemoryRow("VmSwap", PageCount(0));
    MemoryRow("HugetlbPages", PageCount(0));
    Row("CoreDumping", 0);
    Row("THP_enabled", (space.mm_flags & kMmDisableThpCompletely) != 0 ? 0 : 1);
    Row("untag_mask", "0xffffffffffffffff");
  }

  void AppendSignals() {
    Row("Threads", ThreadGroup::Of(view_.tasks, task_).threads);
    Row("SigQ", absl::StrCat("0/", LimitsOf(view_.tasks, task_)[Resource::kSigpending].current));
    for (const absl::string_view name : {"SigPnd", "ShdPnd", "SigBlk", "SigIgn", "SigCgt"}) MaskRow(name, 0);
  }

  void AppendRights() {
    const CapabilitySets& sets = task_.credentials.capabilities();
    MaskRow("CapInh", sets.inheritable.bits());
    MaskRow("CapPrm", sets.permitted.bits());
    MaskRow("CapEff", sets.effective.bits());
    MaskRow("CapBnd", task_.credentials.bounding().bits());
    MaskRow("CapAmb", 0);
    Row("NoNewPrivs", 0);
    Row("Seccomp", 0);
    Row("Seccomp_filters", 0);
    Row("Speculation_Store_Bypass", "thread vulnerable");
    Row("SpeculationIndirectBranch", "conditional enabled");
  }

  void AppendPlaces() {
    const std::uint32_t cpus = view_.spec.cpu_count;
    Row("Cpus_allowed", HexMask(cpus, cpus));
    Row("Cpus_allowed_list", cpus == 1 ? "0" : absl::StrCat("0-", cpus - 1));
    Row("Mems_allowed", HexMask(kMaxNodes, 1));
    Row("Mems_allowed_list", 0);
    Row("voluntary_ctxt_switches", 0);
    Row("nonvoluntary_ctxt_switches", 0);
  }

  const ProcView& view_;
  const Task& task_;
  std::string text_;
};

}  // namespace

std::string TaskName(const Task& task) { return absl::StrReplaceAll(task.comm, {{"\n", "\\n"}, {"\\", "\\\\"}}); }

std::string PidStatus(const ProcView& view, const Task& task) { return StatusReader(view, task).Read(); }

}  // namespace memsim
