// One Call while it runs: reads its arguments, slots included, and takes its answer.

#ifndef MEMSIM_SERVER_CALLS_CALL_FRAME_H_
#define MEMSIM_SERVER_CALLS_CALL_FRAME_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"

#include "memsim/v1/answer.pb.h"
#include "memsim/v1/call.pb.h"
#include "server/base/errno.h"
#include "server/base/units.h"
#include "server/kernel/machine.h"

namespace memsim {

// What whoever runs calls has to say about each one inside of a Concurrent, before it runs: why it must not. nullopt:
// it may.
using LaneGate = absl::FunctionRef<std::optional<v1::Misuse>(const v1::Call&)>;

class CallFrame {
 public:
  // A pid that no process has, far above pid_max. Not 0, which some calls read as "any".
  static constexpr Pid kNoPid{UINT32_MAX};
  // What one call loads, stores, reads or writes at most. Ten thousand answers are one message, and the cap on host
  // memory is kept to between calls.
  static constexpr std::uint64_t kMaxTransferBytes = 16384;

  // All must outlive the frame. The answer is empty.
  CallFrame(Machine& machine, v1::Answer& answer, LaneGate gate) : machine_(machine), answer_(answer), gate_(gate) {}

  Machine& machine() { return machine_; }

  // --- Arguments: the slot's value plus the literal, or the literal alone when slot is 0. A slot that is unset or out
  // of range refuses the call; the readers then return zeros, so check refused() once after the last argument and
  // before anything is executed.
  std::uint64_t Read(absl::string_view field, std::uint64_t literal, std::uint32_t slot);
  VirtualAddress ReadAddress(absl::string_view field, std::uint64_t literal, std::uint32_t slot) {
    return VirtualAddress(Read(field, literal, slot));
  }
  // A number too large for a pid is kNoPid.
  Pid ReadPid(absl::string_view field, std::uint64_t literal, std::uint32_t slot);

  // Refuses a call that would move more bytes than one may. field: which says how many.
  void CheckTransfer(absl::string_view field, std::uint64_t bytes);

  // Why a number is none of the machine's CPUs, beginning with "cpu is"; empty: it is one.
  std::string CpuProblem(std::uint32_t cpu) const;

  // --- Lanes: runs a call of a Concurrent on its CPU, if the gate lets it.
  void RunInLane(const v1::Call& call, CpuId cpu, v1::Answer& answer);

  // --- Refusal: the call is not executed.
  void Refuse(v1::ErrorReason reason, absl::string_view message);
  bool refused() const { return answer_.has_misuse(); }

  // --- Answers.
  v1::Answer& answer() { return answer_; }
  void Finish(Errno error) { answer_.set_error_number(static_cast<int>(error)); }
  void Finish(std::uint64_t value) { answer_.set_value(value); }
  template <typename Tag, typename Rep>
  void Finish(Unit<Tag, Rep> value) {
    Finish(static_cast<std::uint64_t>(value.value()));
  }
  template <typename T>
  void Finish(const ErrnoOr<T>& result) {
    if (!result.ok()) return Finish(result.error());
    if constexpr (std::is_integral_v<T>) {
      Finish(static_cast<std::uint64_t>(*result));
    } else {
      Finish(*result);
    }
  }

 private:
  Machine& machine_;
  v1::Answer& answer_;
  LaneGate gate_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_CALLS_CALL_FRAME_H_
