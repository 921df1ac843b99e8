#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "server/calls/execute_call.h"
#include "server/calls/operation_runners.h"

namespace memsim {
namespace {

// Why a call may not stand in a lane; empty: it may.
std::string WhyNotInALane(const v1::Call& call) {
  if (call.has_cpu()) return "names a cpu; the lane does that";
  if (call.has_concurrent()) return "is a concurrent itself; lanes do not nest";
  if (call.has_advance_time()) return "is an advance_time; let time pass between two concurrents";
  return "";
}

// The lanes' CPUs; absent: the request was refused.
std::optional<std::vector<CpuId>> ReadLanes(CallFrame& frame, const v1::ConcurrentRequest& request) {
  std::vector<CpuId> cpus;
  std::set<std::uint32_t> seen;
  const auto refuse = [&frame](const std::string& message) {
    frame.Refuse(v1::ERROR_REASON_FIELD_INVALID, message);
    return std::nullopt;
  };
  for (int i = 0; i < request.lanes_size(); ++i) {
    const v1::Lane& lane = request.lanes(i);
    const std::string name = absl::StrCat("lanes[", i, "]");
    if (std::string problem = frame.CpuProblem(lane.cpu()); !problem.empty())
      return refuse(absl::StrCat(name, ".", problem));
    if (!seen.insert(lane.cpu()).second) {
      return refuse(absl::StrCat(name, ".cpu is ", lane.cpu(), ", which an earlier lane has; put its calls there"));
    }
    cpus.push_back(CpuId(static_cast<std::uint16_t>(lane.cpu())));
    for (int j = 0; j < lane.calls_size(); ++j) {
      const std::string problem = WhyNotInALane(lane.calls(j));
      if (!problem.empty()) return refuse(absl::StrCat(name, ".calls[", j, "] ", problem));
    }
  }
  return cpus;
}

}  // namespace

void RunOperation(CallFrame& frame, const v1::ConcurrentRequest& request) {
  const std::optional<std::vector<CpuId>> cpus = ReadLanes(frame, request);
  if (!cpus.has_value()) return;
  Machine& machine = frame.machine();
  v1::ConcurrentAnswer& answer = *frame.answer().mutable_concurrent();
  for (const v1::Lane& lane : request.lanes()) {
    v1::LaneAnswer& of_lane = *answer.add_lanes();
    of_lane.set_cpu(lane.cpu());
    of_lane.mutable_answers()->Reserve(lane.calls_size());
  }
  std::uint64_t executed = 0;
  machine.BeginLanes(*cpus);
  while (const std::optional<std::size_t> next = machine.NextLane()) {
    const int i = static_cast<int>(*next);
    const v1::Lane& lane = request.lanes(i);
    v1::LaneAnswer& answers = *answer.mutable_lanes(i);
    if (answers.answers_size() == lane.calls_size()) {
      answers.set_end_time_ns(machine.now().value());
      machine.FinishLane();
      continue;
    }
    const v1::Call& call = lane.calls(answers.answers_size());
    v1::Answer& one = *answers.add_answers();
    frame.RunInLane(call, (*cpus)[*next], one);
    if (!one.has_misuse()) ++executed;
  }
  machine.EndLanes();
  frame.Finish(executed);
}

}  // namespace memsim
