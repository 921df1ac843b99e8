#include "client/cli/inspection_text.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"

#include "client/cli/quantities.h"
#include "client/cli/text_table.h"

namespace memsim::cli {
namespace {

// "7ffff7fef000-7ffff7fff000 rw-p, page offset 0x7ffff7fef, [heap]".
std::string AreaText(const v1::VmArea& area) {
  const auto letter = [&area](std::uint64_t flag, char set) { return (area.flags() & flag) != 0 ? set : '-'; };
  std::string text = absl::StrFormat("%08x-%08x %c%c%c%c, flags 0x%x, page offset 0x%x", area.start(), area.end(),
                                     letter(1, 'r'), letter(2, 'w'), letter(4, 'x'),
                                     (area.flags() & 0x80) != 0 ? 's' : 'p', area.flags(), area.page_offset());
  if (area.inode() != 0) absl::StrAppend(&text, ", inode ", area.inode());
  if (!area.name().empty()) absl::StrAppend(&text, ", ", area.name());
  return text;
}

template <typename Nodes>
std::string NodesText(const Nodes& nodes) {
  std::string text;
  for (const v1::VmaIndexNode& node : nodes) {
    absl::StrAppend(&text, "\n  ", node.leaf() ? "leaf" : "node", " at depth ", node.depth(), ": ",
                    FormatAddress(node.start()), "-", FormatAddress(node.end()), ", ",
                    FormatCount(node.entry_count(), node.leaf() ? "mapping" : "child node"));
  }
  return text;
}

std::string LookupText(const v1::VmaLookup& lookup) {
  std::string text = lookup.has_vma() ? AreaText(lookup.vma()) : "no mapping";
  if (lookup.has_previous()) absl::StrAppend(&text, "\n  previous: ", AreaText(lookup.previous()));
  return text + NodesText(lookup.visited());
}

std::string StepName(v1::UnmappedAreaStep::Kind kind) {
  switch (kind) {
    case v1::UnmappedAreaStep::KIND_HINT:
      return "the hint";
    case v1::UnmappedAreaStep::KIND_TOPDOWN:
      return "from the top down";
    case v1::UnmappedAreaStep::KIND_BOTTOMUP:
      return "from the bottom up";
    default:
      return "a search that this program does not know";
  }
}

std::string SearchText(const v1::Answer& answer) {
  std::string text = answer.error_number() == 0 ? FormatAddress(answer.value()) : "no place";
  for (const v1::UnmappedAreaStep& step : answer.unmapped_area_search().steps()) {
    absl::StrAppend(&text, "\n  ", StepName(step.kind()), ", ", FormatAddress(step.low_limit()), "-",
                    FormatAddress(step.high_limit()), " for ", FormatSize(step.length_bytes()), ": ",
                    step.found() ? "found" : "nothing");
    for (const v1::ConsideredGap& gap : step.gaps()) {
      absl::StrAppend(&text, "\n    gap ", FormatAddress(gap.start()), "-", FormatAddress(gap.end()),
                      gap.fits() ? ": fits" : ": too little");
      if (gap.guard_bytes() != 0) absl::StrAppend(&text, ", ", FormatSize(gap.guard_bytes()), " of it guard a stack");
    }
    const auto told = static_cast<std::uint64_t>(step.gaps_size());
    if (step.gap_count() > told) absl::StrAppend(&text, "\n    and ", step.gap_count() - told, " more");
  }
  return text;
}

template <typename Pids>
std::string PidsText(const Pids& pids) {
  std::string text;
  for (const std::uint64_t pid : pids) absl::StrAppend(&text, text.empty() ? "" : " ", pid);
  return text;
}

std::string CpusText(const v1::MmStruct& mm) {
  std::string text;
  for (int i = 0; i < mm.cpu_vm_mask_size(); ++i) {
    for (int bit = 0; bit < 64; ++bit) {
      if ((mm.cpu_vm_mask(i) >> bit & 1) != 0) absl::StrAppend(&text, text.empty() ? "" : " ", i * 64 + bit);
    }
  }
  return text.empty() ? "none" : text;
}

// A field a line, under the names of struct mm_struct.
std::string MmText(const v1::MmStruct& mm) {
  TextTable table({Alignment::kLeft, Alignment::kLeft});
  const auto address = [&table](const char* name, std::uint64_t value) {
    table.AddRow({absl::StrCat("  ", name), FormatAddress(value)});
  };
  const auto pages = [&table](const char* name, std::uint64_t value) {
    table.AddRow({absl::StrCat("  ", name), FormatCount(value, "page")});
  };
  const auto text = [&table](const char* name, const std::string& value) {
    table.AddRow({absl::StrCat("  ", name), value});
  };
  text("mm_users", absl::StrCat(mm.mm_users(), " (tasks ", PidsText(mm.pids()), ")"));
  text("mm_count", absl::StrCat(mm.mm_count()));
  address("start_code", mm.start_code());
  address("end_code", mm.end_code());
  address("start_data", mm.start_data());
  address("end_data", mm.end_data());
  address("start_brk", mm.start_brk());
  address("brk", mm.brk());
  address("start_stack", mm.start_stack());
  address("mmap_base", mm.mmap_base());
  address("arg_start", mm.arg_start());
  address("arg_end", mm.arg_end());
  address("env_start", mm.env_start());
  address("env_end", mm.env_end());
  address("task_size", mm.task_size());
  address("highest_vm_end", mm.highest_vm_end());
  pages("total_vm", mm.total_vm_pages());
  pages("locked_vm", mm.locked_vm_pages());
  pages("pinned_vm", mm.pinned_vm_pages());
  pages("data_vm", mm.data_vm_pages());
  pages("exec_vm", mm.exec_vm_pages());
  pages("stack_vm", mm.stack_vm_pages());
  pages("rss of files", mm.file_rss_pages());
  pages("rss anonymous", mm.anon_rss_pages());
  pages("rss of shmem", mm.shmem_rss_pages());
  pages("hiwater_rss", mm.hiwater_rss_pages());
  pages("hiwater_vm", mm.hiwater_vm_pages());
  text("map_count", absl::StrCat(mm.map_count()));
  text("mmap_cache", mm.has_mmap_cache() ? FormatAddress(mm.mmap_cache()) : "history: gone since Linux 3.15");
  text("free_area_cache",
       mm.has_free_area_cache() ? FormatAddress(mm.free_area_cache()) : "history: gone since Linux 3.9");
  text("cpu_vm_mask", absl::StrCat("CPUs ", CpusText(mm)));
  text("flags", FormatAddress(mm.flags()));
  text("def_flags", FormatAddress(mm.def_flags()));
  text("pgd", absl::StrCat("frame ", mm.pgd_frame()));
  text("pgtables_bytes", FormatSize(mm.pgtables_bytes()));
  for (const v1::AuxvEntry& entry : mm.saved_auxv()) {
    table.AddRow({absl::StrCat("  saved_auxv[", entry.type(), "]"), FormatAddress(entry.value())});
  }
  return absl::StrCat("mm ", mm.mm(), "\n", absl::StripSuffix(table.ToString(), "\n"));
}

std::string MmListText(const v1::MmList& list) {
  TextTable table({Alignment::kRight, Alignment::kRight, Alignment::kRight, Alignment::kLeft, Alignment::kLeft});
  table.AddRow({"  MM", "MM_USERS", "MM_COUNT", "TASKS", "BORROWED ON CPUS"});
  for (const v1::MmListEntry& mm : list.mms()) {
    std::string pids = PidsText(mm.pids());
    if (mm.mm_users() > static_cast<std::uint32_t>(mm.pids_size())) pids += " …";
    table.AddRow({absl::StrCat("  ", mm.mm()), absl::StrCat(mm.mm_users()), absl::StrCat(mm.mm_count()), pids,
                  PidsText(mm.borrowing_cpus())});
  }
  std::string text = absl::StrCat(FormatCount(list.mm_count(), "address space"), "\n", table.ToString());
  for (const v1::CpuMm& cpu : list.cpus()) {
    const auto number = [](std::uint64_t mm) { return mm == 0 ? std::string("init_mm") : absl::StrCat("mm ", mm); };
    absl::StrAppend(&text, "  cpu ", cpu.cpu(), ": ",
                    cpu.pid() == 0 ? absl::StrCat("swapper/", cpu.cpu(), ", no mm, active_mm ", number(cpu.active_mm()))
                                   : absl::StrCat("pid ", cpu.pid(), ", ", number(cpu.mm())),
                    "\n");
  }
  return std::string(absl::StripSuffix(text, "\n"));
}

std::string UseText(v1::FrameUse use) {
  switch (use) {
    case v1::FRAME_USE_NONE:
      return "no frame of the page allocator's";
    case v1::FRAME_USE_FREE:
      return "free";
    case v1::FRAME_USE_ANONYMOUS:
      return "anonymous, anon_vma";
    case v1::FRAME_USE_FILE:
      return "of a file, inode";
    case v1::FRAME_USE_ZERO_PAGE:
      return "the zero page";
    case v1::FRAME_USE_PAGE_TABLE:
      return "a page table";
    case v1::FRAME_USE_KERNEL:
      return "the kernel's own";
    case v1::FRAME_USE_CALLER:
      return "taken by alloc_pages";
    default:
      return "in a use that this program does not know";
  }
}

std::string ReverseMapText(const v1::ReverseMap& map) {
  std::string text = absl::StrCat("frame ", map.frame_number(), ", ", UseText(map.use()));
  if (map.object() != 0) absl::StrAppend(&text, " ", map.object(), absl::StrFormat(", page 0x%x", map.page_offset()));
  absl::StrAppend(&text, ": mapped ", FormatCount(map.mapping_count(), "time"), ", ",
                  FormatCount(map.visited_vmas(), "mapping"), " visited, ",
                  FormatCount(map.reference_count(), "reference"));
  for (const v1::FrameMapping& mapping : map.mappings()) {
    absl::StrAppend(&text, "\n  pid ", PidsText(mapping.pids()), " at ", FormatAddress(mapping.address()),
                    mapping.huge() ? ", pmd " : ", pte ", FormatAddress(mapping.entry()), " in ",
                    AreaText(mapping.vma()));
  }
  const auto told = static_cast<std::uint64_t>(map.mappings_size());
  if (map.mapping_count() > told) absl::StrAppend(&text, "\n  and ", map.mapping_count() - told, " more");
  return text;
}

std::string VerdictText(v1::AccessVerdict verdict) {
  switch (verdict) {
    case v1::ACCESS_VERDICT_NO_FAULT:
      return "the page-table entry allows it: no fault";
    case v1::ACCESS_VERDICT_SERVED:
      return "a fault was taken and served";
    case v1::ACCESS_VERDICT_NOT_CANONICAL:
      return "not canonical: bits 47 to 63 of the address differ";
    case v1::ACCESS_VERDICT_KERNEL_ADDRESS:
      return "the address is the kernel's";
    case v1::ACCESS_VERDICT_HOLE:
      return "a hole: no mapping holds the address";
    case v1::ACCESS_VERDICT_STACK_GUARD_GAP:
      return "the stack above must not grow there: the mapping below is nearer than stack_guard_gap";
    case v1::ACCESS_VERDICT_STACK_LIMIT:
      return "the stack above must not grow so far: a limit forbids it";
    case v1::ACCESS_VERDICT_GUARD_REGION:
      return "a guard region (MADV_GUARD_INSTALL)";
    case v1::ACCESS_VERDICT_NOT_ALLOWED:
      return "the mapping does not allow it";
    case v1::ACCESS_VERDICT_PROTECTION_KEY:
      return "a protection key does not allow it";
    case v1::ACCESS_VERDICT_BEYOND_FILE:
      return "the page lies beyond the end of the file";
    case v1::ACCESS_VERDICT_OUT_OF_MEMORY:
      return "no memory: the OOM killer took the process";
    default:
      return "a reason that this program does not know";
  }
}

// "present writable user", in the order of the bits.
std::string BitsText(const v1::PageTableEntry& entry) {
  constexpr std::pair<std::uint64_t, const char*> kNames[] = {
      {1ULL << 0, "present"}, {1ULL << 1, "writable"}, {1ULL << 2, "user"},    {1ULL << 5, "accessed"},
      {1ULL << 6, "dirty"},   {1ULL << 7, "huge"},     {1ULL << 9, "special"}, {1ULL << 63, "nx"},
  };
  if (entry.bits() == 0) return "none";
  std::string text = FormatAddress(entry.bits());
  if ((entry.bits() & 1) == 0) return text;
  for (const auto& [bit, name] : kNames) {
    if ((entry.bits() & bit) != 0) absl::StrAppend(&text, " ", name);
  }
  return text;
}

std::string LevelName(v1::PageTableEntry::Level level) {
  constexpr const char* kNames[] = {"?", "pgd", "p4d", "pud", "pmd", "pte"};
  return level >= 1 && level <= 5 ? kNames[level] : kNames[0];
}

void AddWalk(const v1::Explanation& explanation, std::string& text) {
  TextTable table({Alignment::kLeft, Alignment::kRight, Alignment::kLeft, Alignment::kLeft});
  table.AddRow({"  WALK", "INDEX", "BEFORE", "AFTER"});
  const int rows = std::max(explanation.before_size(), explanation.after_size());
  if (rows == 0) return;
  for (int i = 0; i < rows; ++i) {
    const bool has_before = i < explanation.before_size();
    const bool has_after = i < explanation.after_size();
    const v1::PageTableEntry& known = has_before ? explanation.before(i) : explanation.after(i);
    const std::string before = has_before ? BitsText(explanation.before(i)) : "";
    std::string after = has_after ? BitsText(explanation.after(i)) : "";
    if (has_before && has_after && before == after) after = "the same";
    table.AddRow({absl::StrCat("  ", LevelName(known.level())), absl::StrCat(known.index()), before, after});
  }
  absl::StrAppend(&text, "\n", absl::StripSuffix(table.ToString(), "\n"));
}

void AddSteps(const v1::Explanation& explanation, std::string& text) {
  if (explanation.steps_size() == 0) return;
  TextTable table({Alignment::kLeft, Alignment::kRight});
  table.AddRow({"  KERNEL", "TIME"});
  for (const v1::ExplainedStep& step : explanation.steps()) {
    table.AddRow({absl::StrCat("  ", std::string(std::size_t{2} * step.depth(), ' '), step.function()),
                  FormatNanoseconds(step.duration_ns())});
  }
  absl::StrAppend(&text, "\n", absl::StripSuffix(table.ToString(), "\n"));
}

std::string ExplanationText(const v1::Answer& answer) {
  const v1::Explanation& explanation = answer.explanation();
  std::string text = absl::StrCat(
      VerdictText(explanation.verdict()), "; ", FormatCount(explanation.minor_faults(), "minor fault"), ", ",
      FormatCount(explanation.major_faults(), "major fault"), ", ", FormatNanoseconds(answer.duration_ns()));
  if (explanation.has_vma()) absl::StrAppend(&text, "\n  mapping  ", AreaText(explanation.vma()));
  if (explanation.has_below()) absl::StrAppend(&text, "\n  below    ", AreaText(explanation.below()));
  if (explanation.has_above()) absl::StrAppend(&text, "\n  above    ", AreaText(explanation.above()));
  AddWalk(explanation, text);
  AddSteps(explanation, text);
  return text;
}

}  // namespace

bool IsInspection(const v1::Answer& answer) {
  return answer.has_vma_lookup() || answer.has_unmapped_area_search() || answer.has_mm_struct() ||
         answer.has_mm_list() || answer.has_reverse_map() || answer.has_explanation();
}

std::string InspectionText(const v1::Answer& answer) {
  switch (answer.detail_case()) {
    case v1::Answer::kVmaLookup:
      return LookupText(answer.vma_lookup());
    case v1::Answer::kUnmappedAreaSearch:
      return SearchText(answer);
    case v1::Answer::kMmStruct:
      return MmText(answer.mm_struct());
    case v1::Answer::kMmList:
      return MmListText(answer.mm_list());
    case v1::Answer::kReverseMap:
      return ReverseMapText(answer.reverse_map());
    default:
      return ExplanationText(answer);
  }
}

}  // namespace memsim::cli
