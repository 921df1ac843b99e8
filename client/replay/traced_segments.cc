#include "client/replay/traced_segments.h"

namespace memsim::replay {

bool OneToOne::Match(std::uint64_t of_trace, std::uint64_t of_machine) {
  const std::uint64_t* machines = OfMachine(of_trace);
  const std::uint64_t* traces = OfTrace(of_machine);
  if (machines != nullptr || traces != nullptr) return machines != nullptr && *machines == of_machine;
  of_machine_[of_trace] = of_machine;
  of_trace_[of_machine] = of_trace;
  return true;
}

std::int32_t TracedSegments::MachineId(std::int32_t of_trace) const {
  // Its sequence number is one that Linux never gives.
  constexpr std::int32_t kNobodysId = INT32_MAX;
  if (of_trace < 0) return of_trace;
  const auto id = static_cast<std::uint64_t>(of_trace);
  if (const std::uint64_t* machines = ids_.OfMachine(id)) return static_cast<std::int32_t>(*machines);
  return ids_.OfTrace(id) == nullptr ? of_trace : kNobodysId;
}

}  // namespace memsim::replay
