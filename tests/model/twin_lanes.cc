// MachineTwin's lanes: several CPUs at work at the same time.
//
// The machine says which lane runs next; the model does each call when the machine does it, one after the other. That
// the machine comes to the same alone, when it gets them all as one Concurrent, is seen at the end.

#include <algorithm>
#include <vector>

#include "tests/model/machine_twin.h"

namespace memsim {
namespace {

// What may not stand in a lane, or takes more than one call.
bool MayRunInLane(Kind kind) { return kind != Kind::kConcurrent && kind != Kind::kAdvanceTime && kind != Kind::kExec; }

}  // namespace

std::string MachineTwin::RunLanes(const MachineOperation& op, absl::Span<const MachineOperation> inside) {
  const std::uint64_t lanes = 1 + op.a % program_.cpus;
  std::vector<CpuId> cpus;
  for (std::uint64_t i = 0; i < lanes; ++i)
    cpus.push_back(CpuId(static_cast<std::uint16_t>((op.cpu + i) % program_.cpus)));
  // Descending now and then, for their order must not matter.
  if (op.place % 2 == 1) std::reverse(cpus.begin(), cpus.end());
  std::vector<std::vector<MachineOperation>> work(lanes);
  for (const MachineOperation& one : inside) {
    if (MayRunInLane(one.kind)) work[one.cpu % lanes].push_back(one);
  }
  std::vector<std::size_t> done(lanes);
  machine_.BeginLanes(cpus);
  while (const std::optional<std::size_t> lane = machine_.NextLane()) {
    // An operation that finds nothing to work on makes no call.
    while (machine_.LaneMayCall() && done[*lane] < work[*lane].size()) {
      if (std::string error = RunOne(work[*lane][done[*lane]++]); !error.empty()) return error;
    }
    if (machine_.LaneMayCall()) machine_.FinishLane();
  }
  machine_.EndLanes();
  return "";
}

}  // namespace memsim
