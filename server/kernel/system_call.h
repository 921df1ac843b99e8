// A system call of a task, from its entry into the kernel to its return.

#ifndef MEMSIM_SERVER_KERNEL_SYSTEM_CALL_H_
#define MEMSIM_SERVER_KERNEL_SYSTEM_CALL_H_

#include <cstdint>
#include <optional>
#include <type_traits>

#include "absl/functional/function_ref.h"

#include "server/base/errno.h"
#include "server/base/units.h"
#include "server/kernel/machine_state.h"
#include "server/kernel/observe/tracepoint.h"

namespace memsim {

template <SystemCallPoints kCall>
class SystemCall {
 public:
  using Caller = MachineState::Caller;

  // Enters. arguments: those of Linux's call, for whoever listens.
  template <typename... Arguments>
  SystemCall(MachineState& state, Pid pid, const Arguments&... arguments) : state_(state), caller_(state.Enter(pid)) {
    if (caller_.has_value()) state.cpus.Trace<kCall.enter>(arguments...);
  }

  // What body(const Caller&) answers: an Errno, or a result or an Errno. ESRCH: no task that lives has the pid.
  template <typename Body>
  std::invoke_result_t<Body, const Caller&> Run(Body body) const {
    if (!caller_.has_value()) return Errno::kSrch;
    const std::invoke_result_t<Body, const Caller&> answer = body(*caller_);
    if constexpr (kCall.exit != Tracepoint::kCount) state_.cpus.Trace<kCall.exit>(Returned(answer));
    return answer;
  }

 private:
  // As the register has it.
  static std::int64_t Returned(Errno error) { return -static_cast<std::int64_t>(error); }
  template <typename T>
  static std::int64_t Returned(const ErrnoOr<T>& answer) {
    if (!answer.ok()) return Returned(answer.error());
    if constexpr (std::is_integral_v<T>) {
      return static_cast<std::int64_t>(*answer);
    } else if constexpr (std::is_class_v<T> && requires { answer->value(); }) {
      return static_cast<std::int64_t>(answer->value());
    } else {
      // A result in memory: the call itself returns 0.
      return 0;
    }
  }

  MachineState& state_;
  std::optional<Caller> caller_;
};

// The same for a call that no task makes.
template <SystemCallPoints kCall, typename... Arguments>
Errno SystemCallOfNobody(MachineState& state, absl::FunctionRef<Errno()> body, const Arguments&... arguments) {
  state.EnterKernel();
  state.cpus.Trace<kCall.enter>(arguments...);
  const Errno error = body();
  state.cpus.Trace<kCall.exit>(-static_cast<std::int64_t>(error));
  return error;
}

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_SYSTEM_CALL_H_
