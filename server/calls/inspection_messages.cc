#include "server/calls/inspection_messages.h"

#include <algorithm>
#include <string>

namespace memsim {
namespace {

void Write(const VmaReport& vma, v1::VmArea& message) {
  message.set_start(vma.range.start.value());
  message.set_end(vma.range.end.value());
  message.set_flags(vma.flags);
  message.set_page_offset(vma.pgoff.value());
  message.set_inode(vma.inode_number);
  message.set_name(vma.name);
  message.set_mm(vma.space);
  message.set_anon_vma(vma.anon_vma.value());
}

template <typename Messages>
void Write(const std::vector<VmaTree::PathNode>& visited, Messages& messages) {
  for (const VmaTree::PathNode& node : visited) {
    v1::VmaIndexNode& message = *messages.Add();
    message.set_depth(static_cast<std::uint32_t>(node.depth));
    message.set_start(node.range.start.value());
    message.set_end(node.range.end.value());
    message.set_entry_count(node.entries);
    message.set_leaf(node.is_leaf);
  }
}

v1::UnmappedAreaStep::Kind KindOf(PlacementStepKind kind) {
  switch (kind) {
    case PlacementStepKind::kHint:
      return v1::UnmappedAreaStep::KIND_HINT;
    case PlacementStepKind::kTopDown:
      return v1::UnmappedAreaStep::KIND_TOPDOWN;
    case PlacementStepKind::kBottomUp:
      return v1::UnmappedAreaStep::KIND_BOTTOMUP;
  }
  return v1::UnmappedAreaStep::KIND_UNSPECIFIED;
}

void WritePlaces(const AddressLayout& layout, v1::MmStruct& message) {
  message.set_start_code(layout.start_code.value());
  message.set_end_code(layout.end_code.value());
  message.set_start_data(layout.start_data.value());
  message.set_end_data(layout.end_data.value());
  message.set_start_brk(layout.start_brk.value());
  message.set_brk(layout.brk.value());
  message.set_start_stack(layout.start_stack.value());
  message.set_mmap_base(layout.mmap_base.value());
  message.set_arg_start(layout.arg_start.value());
  message.set_arg_end(layout.arg_end.value());
  message.set_env_start(layout.env_start.value());
  message.set_env_end(layout.env_end.value());
  for (const AuxvEntry& entry : layout.auxv) {
    v1::AuxvEntry& auxv = *message.add_saved_auxv();
    auxv.set_type(entry.type);
    auxv.set_value(entry.value);
  }
}

void WriteSums(const AddressSpaceStatistics& statistics, v1::MmStruct& message) {
  const auto rss = [&statistics](RssKind kind) { return statistics.rss[static_cast<std::size_t>(kind)].value(); };
  message.set_total_vm_pages(statistics.total_vm.value());
  message.set_locked_vm_pages(statistics.locked_vm.value());
  message.set_data_vm_pages(statistics.data_vm.value());
  message.set_exec_vm_pages(statistics.exec_vm.value());
  message.set_stack_vm_pages(statistics.stack_vm.value());
  message.set_file_rss_pages(rss(RssKind::kFile));
  message.set_anon_rss_pages(rss(RssKind::kAnonymous));
  message.set_shmem_rss_pages(rss(RssKind::kShmem));
  // The kernel raises its own marks lazily, and tells the larger of both.
  message.set_hiwater_rss_pages(std::max(statistics.peak_rss, statistics.resident()).value());
  message.set_hiwater_vm_pages(std::max(statistics.peak_total_vm, statistics.total_vm).value());
}

v1::FrameUse UseOf(FrameUse use) {
  switch (use) {
    case FrameUse::kNone:
      return v1::FRAME_USE_NONE;
    case FrameUse::kFree:
      return v1::FRAME_USE_FREE;
    case FrameUse::kAnonymous:
      return v1::FRAME_USE_ANONYMOUS;
    case FrameUse::kFile:
      return v1::FRAME_USE_FILE;
    case FrameUse::kZeroPage:
      return v1::FRAME_USE_ZERO_PAGE;
    case FrameUse::kPageTable:
      return v1::FRAME_USE_PAGE_TABLE;
    case FrameUse::kKernel:
      return v1::FRAME_USE_KERNEL;
    case FrameUse::kCaller:
      return v1::FRAME_USE_CALLER;
  }
  return v1::FRAME_USE_UNSPECIFIED;
}

// The enumerations have the same order; the API's begins with what is never sent.
v1::AccessVerdict VerdictOf(AccessVerdict verdict) {
  static_assert(v1::ACCESS_VERDICT_NO_FAULT == static_cast<int>(AccessVerdict::kNoFault) + 1);
  static_assert(v1::ACCESS_VERDICT_STACK_LIMIT == static_cast<int>(AccessVerdict::kStackLimit) + 1);
  static_assert(v1::ACCESS_VERDICT_OUT_OF_MEMORY == static_cast<int>(AccessVerdict::kOutOfMemory) + 1);
  return static_cast<v1::AccessVerdict>(static_cast<int>(verdict) + 1);
}

template <typename Messages>
void Write(const std::vector<PageTables::WalkEntry>& walk, Messages& messages) {
  constexpr v1::PageTableEntry::Level kLevels[] = {v1::PageTableEntry::LEVEL_PTE, v1::PageTableEntry::LEVEL_PMD,
                                                   v1::PageTableEntry::LEVEL_PUD, v1::PageTableEntry::LEVEL_PGD};
  const auto add = [&messages](v1::PageTableEntry::Level level, const PageTables::WalkEntry& entry) {
    v1::PageTableEntry& message = *messages.Add();
    message.set_level(level);
    message.set_index(static_cast<std::uint32_t>(entry.index));
    message.set_bits(entry.bits);
  };
  for (const PageTables::WalkEntry& entry : walk) {
    const v1::PageTableEntry::Level level = kLevels[entry.level - 1];
    add(level, entry);
    // p4d_offset gives the pgd's own entry.
    if (level == v1::PageTableEntry::LEVEL_PGD && entry.bits != 0) add(v1::PageTableEntry::LEVEL_P4D, entry);
  }
}

}  // namespace

void Write(const VmaLookup& lookup, v1::VmaLookup& message) {
  if (lookup.vma.has_value()) Write(*lookup.vma, *message.mutable_vma());
  if (lookup.previous.has_value()) Write(*lookup.previous, *message.mutable_previous());
  Write(lookup.visited, *message.mutable_visited());
}

void Write(const PlacementTrail& trail, v1::UnmappedAreaSearch& message) {
  for (const PlacementStep& step : trail.steps) {
    v1::UnmappedAreaStep& told = *message.add_steps();
    told.set_kind(KindOf(step.kind));
    told.set_low_limit(step.window.start.value());
    told.set_high_limit(step.window.end.value());
    told.set_length_bytes(step.length.value());
    told.set_gap_count(step.gap_count);
    told.set_found(step.found);
    for (const ConsideredGap& gap : step.gaps) {
      v1::ConsideredGap& considered = *told.add_gaps();
      considered.set_start(gap.range.start.value());
      considered.set_end(gap.range.end.value());
      considered.set_guard_bytes(gap.guard.value());
      considered.set_fits(gap.fits);
    }
  }
}

void Write(const MmDescription& mm, v1::MmStruct& message) {
  message.set_mm(mm.users.space);
  WritePlaces(mm.layout, message);
  WriteSums(mm.statistics, message);
  message.set_map_count(mm.map_count);
  for (const std::uint64_t word : mm.cpu_mask) message.add_cpu_vm_mask(word);
  message.set_flags(mm.flags);
  message.set_def_flags(mm.def_flags);
  message.set_task_size(kTaskSize.value());
  message.set_highest_vm_end(mm.highest_vm_end.value());
  message.set_mm_users(mm.users.mm_users);
  message.set_mm_count(mm.users.mm_count());
  message.set_pgtables_bytes(mm.pgtables.value());
  message.set_pgd_frame(mm.pgd.value());
  for (const Pid pid : mm.users.pids) message.add_pids(pid.value());
}

void Write(const MmList& list, v1::MmList& message) {
  constexpr std::size_t kMostPids = 16;
  message.set_mm_count(list.count);
  for (const MmUsers& users : list.mms) {
    v1::MmListEntry& entry = *message.add_mms();
    entry.set_mm(users.space);
    entry.set_mm_users(users.mm_users);
    entry.set_mm_count(users.mm_count());
    for (std::size_t i = 0; i < std::min(users.pids.size(), kMostPids); ++i) entry.add_pids(users.pids[i].value());
    for (const CpuId cpu : users.borrowing_cpus) entry.add_borrowing_cpus(cpu.value());
  }
  for (const CpuMm& of_cpu : list.cpus) {
    v1::CpuMm& cpu = *message.add_cpus();
    cpu.set_cpu(of_cpu.cpu.value());
    cpu.set_pid(of_cpu.pid.value());
    cpu.set_mm(of_cpu.mm);
    cpu.set_active_mm(of_cpu.active_mm);
  }
}

void Write(const ReverseMap& map, v1::ReverseMap& message) {
  message.set_frame_number(map.frame.value());
  message.set_use(UseOf(map.use));
  message.set_object(map.object);
  message.set_page_offset(map.index.value());
  message.set_reference_count(map.refcount);
  message.set_map_count(map.map_count);
  message.set_visited_vmas(map.visited_vmas);
  message.set_mapping_count(map.mapping_count);
  for (const FrameMapping& mapping : map.mappings) {
    v1::FrameMapping& told = *message.add_mappings();
    told.set_pid(mapping.pids.front().value());
    told.set_address(mapping.address.value());
    Write(mapping.vma, *told.mutable_vma());
    told.set_entry(mapping.entry);
    told.set_huge(mapping.huge);
    for (const Pid pid : mapping.pids) told.add_pids(pid.value());
  }
}

void Write(const AccessExplanation& explanation, v1::Explanation& message) {
  message.set_verdict(VerdictOf(explanation.verdict));
  if (explanation.vma.has_value()) Write(*explanation.vma, *message.mutable_vma());
  if (explanation.above.has_value()) Write(*explanation.above, *message.mutable_above());
  if (explanation.below.has_value()) Write(*explanation.below, *message.mutable_below());
  Write(explanation.before, *message.mutable_before());
  Write(explanation.after, *message.mutable_after());
  for (const ExplainedStep& step : explanation.steps) {
    v1::ExplainedStep& told = *message.add_steps();
    told.set_function(std::string(step.function));
    told.set_depth(step.depth);
    told.set_duration_ns(step.duration.value());
  }
  message.set_minor_faults(explanation.result.minor_faults);
  message.set_major_faults(explanation.result.major_faults);
  Write(explanation.visited, *message.mutable_visited());
}

}  // namespace memsim
