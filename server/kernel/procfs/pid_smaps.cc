// /proc/PID/smaps and smaps_rollup (show_smap and show_smaps_rollup of fs/proc/task_mmu.c).

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"

#include "server/kernel/procfs/maps_line.h"
#include "server/kernel/procfs/mem_size_stats.h"
#include "server/kernel/procfs/proc_files.h"
#include "server/kernel/procfs/procfs.h"
#include "server/kernel/vm/thp_eligibility.h"

namespace memsim {
namespace {

// The names of the flags by their bits (show_smap_vma_flags), those included that no mapping has yet. Soft dirty, which
// few kernels are built with, and the bits of the protection key have none.
constexpr std::array<absl::string_view, 43> kFlagNames = {
    "rd", "wr", "ex", "sh", "mr", "mw", "me", "ms", "gd", "um", "pf", "gu", "uw", "lo", "io",
    "sr", "rr", "dc", "de", "lf", "ac", "nr", "ht", "sf", "ar", "wf", "dd", "",   "mm", "hg",
    "nh", "mg", "",   "",   "",   "",   "",   "",   "",   "",   "dp", "ui", "sl"};

constexpr bool Names(VmFlags flag, absl::string_view name) { return kFlagNames[std::countr_zero(flag)] == name; }
static_assert(Names(kVmGrowsDown, "gd") && Names(kVmMaybeGuard, "gu") && Names(kVmLocked, "lo") &&
              Names(kVmAccount, "ac") && Names(kVmWipeOnFork, "wf") && Names(kVmHugePage, "hg") &&
              Names(kVmNoHugePage, "nh") && Names(kVmSealed, "sl") && Names(kVmDroppable, "dp"));

// What smaps tells of a mapping below its line of maps.
struct SmapsOfMapping {
  ByteCount size;
  VmFlags flags = 0;
  MemSizeStats stats;
  bool huge_page_eligible = false;
};

class SmapsText {
 public:
  void AppendMapping(const SmapsOfMapping& mapping) {
    Row("Size", mapping.size);
    Row("KernelPageSize", kPageSize);
    Row("MMUPageSize", kPageSize);
    AppendStats(mapping.stats, Rollup::kNo);
    Number("THPeligible", mapping.huge_page_eligible ? 1 : 0, "");
    Number("ProtectionKey", KeyOf(mapping.flags), "");
    AppendFlags(mapping.flags);
  }

  enum class Rollup : bool { kNo, kYes };
  // __show_smap.
  void AppendStats(const MemSizeStats& stats, Rollup rollup) {
    Row("Rss", stats.resident);
    Row("Pss", stats.pss.bytes());
    Row("Pss_Dirty", stats.pss_dirty.bytes());
    if (rollup == Rollup::kYes) {
      Row("Pss_Anon", stats.pss_anonymous.bytes());
      Row("Pss_File", stats.pss_file.bytes());
      Row("Pss_Shmem", stats.pss_shmem.bytes());
    }
    Row("Shared_Clean", stats.shared_clean);
    Row("Shared_Dirty", stats.shared_dirty);
    Row("Private_Clean", stats.private_clean);
    Row("Private_Dirty", stats.private_dirty);
    Row("Referenced", stats.referenced);
    Row("Anonymous", stats.anonymous);
    // LazyFree stays 0 where Linux would show pages once a batch of 31 of them is full.
    Row("KSM", ByteCount(0));
    Row("LazyFree", ByteCount(0));
    Row("AnonHugePages", stats.anonymous_huge);
    for (const absl::string_view none :
         {"ShmemPmdMapped", "FilePmdMapped", "Shared_Hugetlb", "Private_Hugetlb", "Swap", "SwapPss"}) {
      Row(none, ByteCount(0));
    }
    Row("Locked", stats.pss_locked.bytes());
  }

  std::string& text() { return text_; }

 private:
  void Row(absl::string_view name, ByteCount size) { Number(name, size.value() / 1024, " kB"); }
  // The number ends in column 24, or runs over. Private_Hugetlb, the longest, leaves it 7 of 8 columns.
  void Number(absl::string_view name, std::uint64_t value, absl::string_view unit) {
    const int name_width = std::max(16, static_cast<int>(name.size()) + 2);
    absl::StrAppendFormat(&text_, "%-*s%*d%s\n", name_width, absl::StrCat(name, ":"), 24 - name_width, value, unit);
  }
  void AppendFlags(VmFlags flags) {
    absl::StrAppend(&text_, "VmFlags: ");
    for (std::size_t bit = 0; bit < kFlagNames.size(); ++bit) {
      if ((flags >> bit & 1) != 0 && !kFlagNames[bit].empty()) absl::StrAppend(&text_, kFlagNames[bit], " ");
    }
    text_ += '\n';
  }

  std::string text_;
};

}  // namespace

std::string PidSmaps(const ProcView& view, const Task& task) {
  SmapsText smaps;
  if (task.mm == AddressSpaceId()) return "";
  const AddressSpace& space = view.tasks.SpaceOf(task);
  space.ForEachVma([&](const Vma& vma) {
    if (smaps.text().size() > kMaxProcFileBytes) return;
    SmapsOfMapping mapping;
    mapping.size = vma.range.size();
    mapping.flags = vma.flags;
    mapping.stats.Add(view, space, vma);
    mapping.huge_page_eligible = MayHaveHugePages(space, vma, HugePageUse::kSmaps);
    AppendMapsLineOf(view.files, space.layout, vma, smaps.text());
    smaps.AppendMapping(mapping);
  });
  AppendMapsLine(kVsyscallLine, smaps.text());
  SmapsOfMapping vsyscall;
  vsyscall.size = kVsyscallLine.range.size();
  vsyscall.flags = kVsyscallLine.flags;
  smaps.AppendMapping(vsyscall);
  return std::move(smaps.text());
}

std::string PidSmapsRollup(const ProcView& view, const Task& task) {
  const AddressSpace& space = view.tasks.SpaceOf(task);
  MemSizeStats stats;
  MapsLine line;
  line.name = "[rollup]";
  space.ForEachVma([&](const Vma& vma) {
    if (line.range.empty()) line.range.start = vma.range.start;
    line.range.end = vma.range.end;
    stats.Add(view, space, vma);
  });
  SmapsText smaps;
  AppendMapsLine(line, smaps.text());
  smaps.AppendStats(stats, SmapsText::Rollup::kYes);
  return std::move(smaps.text());
}

}  // namespace memsim
