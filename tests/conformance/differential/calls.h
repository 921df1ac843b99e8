// The calls that programs are made of: a row each, and all that there is to know about a call stands in its row.
//
// A new call is a new row in calls.cc. If it takes a kind of argument that none had before, that is a row more in
// arguments.cc.

#ifndef MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_CALLS_H_
#define MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_CALLS_H_

#include <array>
#include <cstdint>

#include "absl/types/span.h"

#include "server/kernel/machine.h"
#include "tests/conformance/differential/arguments.h"
#include "tests/conformance/differential/native_region.h"
#include "tests/conformance/differential/program.h"

namespace memsim::differential {

enum class CallKind : std::uint8_t { kSystemCall, kRead, kWrite, kFork, kExit, kWait };

struct CallRow {
  // As strace prints it.
  const char* name;
  CallKind kind;
  // Of Linux, on x86-64. 0: none.
  std::uint64_t number;
  // How often it is drawn, compared with the others.
  std::uint32_t weight;
  // What a program's step has as its arguments.
  std::array<ArgumentKind, 6> arguments;
  // The call on a simulated machine, by the same arguments: a value, or -errno. nullptr: by its kind.
  std::int64_t (*simulate)(Machine& machine, Pid pid, const std::array<std::uint64_t, 6>& arguments);
  // Turns the step's arguments, which the request has already, into those of the system call, if they differ.
  // request_address: where the process has the request in its memory.
  void (*lower)(NativeRequest& request, std::uint64_t request_address) = nullptr;
};

absl::Span<const CallRow> Calls();
// REQUIRES: there is one of this name.
std::size_t FindCall(absl::string_view name);

}  // namespace memsim::differential

#endif  // MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_CALLS_H_
