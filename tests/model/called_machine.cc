#include "tests/model/called_machine.h"

#include <cstdio>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "server/base/check.h"
#include "server/calls/answer_digest.h"
#include "server/calls/execute_call.h"

namespace memsim {
namespace {

std::unique_ptr<Machine> Boot(const MachineSpec& spec) {
  absl::StatusOr<std::unique_ptr<Machine>> machine = Machine::Create(spec);
  MEMSIM_CHECK(machine.ok());
  return *std::move(machine);
}

}  // namespace

CalledMachine::CalledMachine(const MachineSpec& spec) : machine_(Boot(spec)) {}

v1::Answer CalledMachine::Execute(v1::Call call) {
  v1::Answer answer;
  const bool in_lane = !lane_cpus_.empty();
  if (in_lane) {
    MEMSIM_CHECK(lane_may_call_);
    lane_may_call_ = false;
    ++lane_calls_;
    *calls_.back().mutable_concurrent()->mutable_lanes(static_cast<int>(lane_))->add_calls() = call;
    call.set_cpu(lane_cpus_[lane_].value());
  } else {
    if (cpu_.has_value()) call.set_cpu(cpu_->value());
    calls_.push_back(call);
  }
  ExecuteCall(*machine_, call, answer);
  // A program for the model says nothing that must be refused.
  if (answer.has_misuse()) std::fprintf(stderr, "refused: %s\n", answer.misuse().message().c_str());
  MEMSIM_CHECK(!answer.has_misuse());
  if (in_lane) {
    *answers_.back().mutable_concurrent()->mutable_lanes(static_cast<int>(lane_))->add_answers() = answer;
  } else {
    answers_.push_back(answer);
  }
  return answer;
}

// --- Lanes

void CalledMachine::BeginLanes(const std::vector<CpuId>& cpus) {
  v1::ConcurrentRequest& request = *calls_.emplace_back().mutable_concurrent();
  v1::Answer& answer = answers_.emplace_back();
  for (const CpuId cpu : cpus) {
    request.add_lanes()->set_cpu(cpu.value());
    answer.mutable_concurrent()->add_lanes()->set_cpu(cpu.value());
  }
  lane_cpus_ = cpus;
  lane_calls_ = 0;
  machine_->BeginCall(std::nullopt);
  answer.set_virtual_time_ns(machine_->now().value());
  machine_->BeginLanes(cpus);
}

std::optional<std::size_t> CalledMachine::NextLane() {
  const std::optional<std::size_t> next = machine_->NextLane();
  lane_ = next.value_or(0);
  lane_may_call_ = true;
  return next;
}

void CalledMachine::FinishLane() {
  answers_.back()
      .mutable_concurrent()
      ->mutable_lanes(static_cast<int>(lane_))
      ->set_end_time_ns(machine_->now().value());
  machine_->FinishLane();
}

void CalledMachine::EndLanes() {
  machine_->EndLanes();
  v1::Answer& answer = answers_.back();
  answer.set_value(lane_calls_);
  answer.set_duration_ns(machine_->now().value() - answer.virtual_time_ns());
  machine_->EndCall([&answer](Digest& digest) { AddAnswer(answer, digest); });
  answer.set_sequence(machine_->sequence());
  lane_cpus_.clear();
}

// --- Replay

std::string CompareWithReplay(const CalledMachine& called) {
  const std::unique_ptr<Machine> again = Boot(called.machine().spec());
  for (std::size_t i = 0; i < called.calls().size(); ++i) {
    v1::Answer answer;
    ExecuteCall(*again, called.calls()[i], answer);
    const std::string expected = called.answers()[i].ShortDebugString();
    if (answer.ShortDebugString() == expected) continue;
    return absl::StrCat("sent again, call ", i, " { ", called.calls()[i].ShortDebugString(), " } is answered { ",
                        answer.ShortDebugString(), " }, first it was { ", expected, " }");
  }
  again->CheckInvariants();
  if (again->StateDigest() != called.machine().StateDigest()) return "sent again, the calls end in another state";
  if (again->AnswerDigest() != called.machine().AnswerDigest()) return "sent again, another digest of the answers";
  return "";
}

}  // namespace memsim
