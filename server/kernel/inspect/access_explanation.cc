#include "server/kernel/inspect/access_explanation.h"

#include <vector>

#include "server/kernel/inspect/vma_lookup.h"
#include "server/kernel/vm/layout.h"

namespace memsim {

std::vector<PageTables::WalkEntry> WalkTo(const AddressSpace& space, VirtualAddress address) {
  std::vector<PageTables::WalkEntry> walk;
  // What is no address of the user half has no entry in a process's tables.
  if (address >= kTaskSize) return walk;
  space.page_tables().VisitWalk(address, [&walk](const PageTables::WalkEntry& entry) { walk.push_back(entry); });
  return walk;
}

void ExplainPlace(AddressSpace& space, VirtualAddress address, AccessExplanation& explanation) {
  const auto report = [&space](const Vma* vma) {
    return vma == nullptr ? std::nullopt : std::optional<VmaReport>(VmaReport::Of(space, *vma));
  };
  const Vma* const found = space.Find(address);
  if (found != nullptr && found->range.Contains(address)) {
    explanation.vma = report(found);
  } else {
    explanation.above = report(found);
    explanation.below =
        report(found == nullptr ? space.FindBefore(VirtualAddress(UINT64_MAX)) : space.Previous(*found));
  }
  explanation.visited = VisitedNodes(space, address);
  explanation.before = WalkTo(space, address);
}

void ExplainSteps(const FaultTrail& trail, Nanoseconds end, AccessExplanation& explanation) {
  // The depths of those that call each other down to the last step. A function that several call stands right below the
  // one that did.
  std::vector<std::uint32_t> callers;
  for (std::size_t i = 0; i < trail.steps.size(); ++i) {
    const FaultTrail::Step& step = trail.steps[i];
    const Nanoseconds next = i + 1 < trail.steps.size() ? trail.steps[i + 1].at : end;
    const KernelFunctionInfo& info = InfoOf(step.function);
    while (!callers.empty() && callers.back() >= info.depth) callers.pop_back();
    explanation.steps.push_back({info.name, static_cast<std::uint32_t>(callers.size()), next - step.at});
    callers.push_back(info.depth);
  }
}

}  // namespace memsim
