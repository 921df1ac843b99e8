// What one access took: which mapping, which entries, which decisions of the kernel, and what each cost.

#ifndef MEMSIM_SERVER_KERNEL_INSPECT_ACCESS_EXPLANATION_H_
#define MEMSIM_SERVER_KERNEL_INSPECT_ACCESS_EXPLANATION_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/strings/string_view.h"

#include "server/base/units.h"
#include "server/kernel/inspect/vma_report.h"
#include "server/kernel/vm/access.h"
#include "server/kernel/vm/address_space.h"
#include "server/kernel/vm/fault_trail.h"
#include "server/kernel/vm/page_table.h"
#include "server/kernel/vm/vma_tree.h"

namespace memsim {

struct ExplainedStep {
  absl::string_view function;
  std::uint32_t depth = 0;
  // Until the next step: together they are the access's.
  Nanoseconds duration;

  friend bool operator==(const ExplainedStep&, const ExplainedStep&) = default;
};

struct AccessExplanation {
  AccessResult result;
  AccessVerdict verdict = AccessVerdict::kNoFault;
  // Before the access: the mapping that holds the address, or else its neighbours.
  std::optional<VmaReport> vma;
  std::optional<VmaReport> above;
  std::optional<VmaReport> below;
  std::vector<VmaTree::PathNode> visited;
  std::vector<PageTables::WalkEntry> before;
  // Empty: the process is no more.
  std::vector<PageTables::WalkEntry> after;
  std::vector<ExplainedStep> steps;
};

// Fills in what is there before the access.
void ExplainPlace(AddressSpace& space, VirtualAddress address, AccessExplanation& explanation);
// Fills in the steps, from their trail and the time at which the access ended.
void ExplainSteps(const FaultTrail& trail, Nanoseconds end, AccessExplanation& explanation);
std::vector<PageTables::WalkEntry> WalkTo(const AddressSpace& space, VirtualAddress address);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_INSPECT_ACCESS_EXPLANATION_H_
