#include "server/kernel/inspect/reverse_map.h"

#include <algorithm>
#include <map>
#include <optional>

namespace memsim {
namespace {

FrameUse UseOf(PageOwner owner) {
  switch (owner) {
    case PageOwner::kCaller:
      return FrameUse::kCaller;
    case PageOwner::kPageTable:
      return FrameUse::kPageTable;
    case PageOwner::kAnonymous:
      return FrameUse::kAnonymous;
    case PageOwner::kPageCache:
      return FrameUse::kFile;
    case PageOwner::kZeroPage:
      return FrameUse::kZeroPage;
    case PageOwner::kKernelStack:
    case PageOwner::kSlab:
    case PageOwner::kLargeKmalloc:
      return FrameUse::kKernel;
  }
  return FrameUse::kKernel;
}

// The address spaces of the machine, oldest first, with the processes that use each.
struct UsedSpace {
  const AddressSpace* space;
  std::vector<Pid> pids;
};

std::map<AddressSpaceNumber, UsedSpace> AllSpaces(const Tasks& tasks) {
  std::map<AddressSpaceNumber, UsedSpace> spaces;
  tasks.ForEach([&](const Task& task) {
    if (task.state != TaskState::kAlive) return;
    UsedSpace& used = spaces[tasks.SpaceOf(task).number()];
    used.space = &tasks.SpaceOf(task);
    if (std::count(used.pids.begin(), used.pids.end(), task.tgid) != 0) return;
    if (used.pids.size() < FrameMapping::kMaxPids) used.pids.push_back(task.tgid);
  });
  return spaces;
}

// One walk over the mappings that may have a page.
class Walk {
 public:
  Walk(const std::map<AddressSpaceNumber, UsedSpace>& spaces, ReverseMap& result) : spaces_(spaces), result_(result) {}

  // rmap_walk_anon: the mappings whose chain has the page's anon_vma.
  //
  // Simplified: it looks for them through all mappings of the machine, where Linux has a tree of them; who is found is
  // the same, and only those count as visited.
  void Anonymous(AnonVmaId anon_vma) {
    for (const auto& [number, used] : spaces_) {
      used.space->ForEachVma([&, &used = used](const Vma& vma) {
        const auto& chain = vma.anon.chain;
        const bool linked = std::any_of(chain.begin(), chain.end(),
                                        [anon_vma](const AnonVmaLink& link) { return link.anon_vma == anon_vma; });
        if (linked) Look(used, vma);
      });
    }
  }

  // rmap_walk_file.
  void File(const FileMappings& mappings, InodeId inode) {
    mappings.ForEachOf(inode, [this](const FileMappings::Mapping& mapping) {
      // One that is about to end has no task any more.
      const auto used = spaces_.find(mapping.space->number());
      if (used != spaces_.end()) Look(used->second, *mapping.vma);
    });
  }

 private:
  // page_vma_mapped_walk.
  void Look(const UsedSpace& used, const Vma& vma) {
    const VirtualRange place = vma.RangeOfPages(result_.index, result_.index + PageCount(1));
    if (place.empty()) return;
    ++result_.visited_vmas;
    const PageTables& tables = used.space->page_tables();
    const Pte pte = tables.Get(place.start);
    if (!pte.present() || pte.special() || pte.frame() != result_.frame) return;
    if (result_.mapping_count++ >= ReverseMap::kMaxMappings) return;
    const bool huge = tables.has_huge() && tables.FindHuge(place.start) != nullptr;
    std::uint64_t entry = 0;
    tables.VisitWalk(place.start, [&entry](const PageTables::WalkEntry& step) { entry = step.bits; });
    result_.mappings.push_back({used.pids, place.start, VmaReport::Of(*used.space, vma), entry, huge});
  }

  const std::map<AddressSpaceNumber, UsedSpace>& spaces_;
  ReverseMap& result_;
};

}  // namespace

ReverseMap WalkReverseMap(VmEnvironment& environment, const Tasks& tasks, PageFrameNumber frame) {
  ReverseMap result;
  result.frame = frame;
  const PageAllocator& pages = environment.pages;
  if (!pages.Contains(frame)) return result;
  result.use = FrameUse::kFree;
  const std::optional<PageFrameNumber> block = pages.AllocatedBlockOf(frame);
  if (!block.has_value()) return result;
  const PageFrame& page = pages.frame(frame);
  // What owns a block may have marked its first frame alone.
  result.use = UseOf(pages.frame(*block).owner);
  result.refcount = page.refcount;
  result.map_count = page.map_count;
  if (*block == environment.huge.zero_page()) result.use = FrameUse::kZeroPage;
  if (page.mapping == 0 || (result.use != FrameUse::kAnonymous && result.use != FrameUse::kFile)) return result;
  result.index = page.index;
  const std::map<AddressSpaceNumber, UsedSpace> spaces = AllSpaces(tasks);
  Walk walk(spaces, result);
  if (result.use == FrameUse::kAnonymous) {
    result.object = page.mapping;
    walk.Anonymous(AnonVmaId(page.mapping));
  } else {
    result.object = environment.files.inode(InodeId(page.mapping)).number;
    walk.File(environment.file_mappings, InodeId(page.mapping));
  }
  environment.cpus.Charge(environment.costs.rmap_vma * result.visited_vmas);
  return result;
}

}  // namespace memsim
