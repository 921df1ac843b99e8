// Every call that a replay cares about: the one table that says what is done with a line.

#ifndef MEMSIM_CLIENT_REPLAY_CALL_TABLE_H_
#define MEMSIM_CLIENT_REPLAY_CALL_TABLE_H_

#include <cstdint>

#include "absl/strings/string_view.h"

#include "client/replay/replay_session.h"
#include "client/replay/trace_line.h"
#include "client/replay/traced_process.h"

namespace memsim::replay {

enum class CallClass : std::uint8_t {
  // Its answer is compared with the kernel's.
  kCompared,
  // The same, of a line that only asks: the program's own memory is in use when it does.
  kObserved,
  // It is done and not counted; if it cannot be done, the line is skipped.
  kApplied,
  // It is not counted either way, but what it does to files and directories is followed.
  kFollowed,
};

// Turns a line into Calls. The process is the machine's. The line's result is "?" only where the call is applied, as
// exit_group's is: what did not return has no answer to compare.
using Translator = void (*)(ReplaySession& session, TracedProcess& process, const TraceLine& line);
// Whether the line is one that the row means: prctl is many calls.
using LineFilter = bool (*)(const TraceLine& line);

struct CallRow {
  absl::string_view name;
  CallClass call_class;
  // nullptr: machines cannot do it, and the line is skipped.
  Translator translate;
  // nullptr: all lines.
  LineFilter concerns;
};

// nullptr: the line is ignored.
const CallRow* FindCallRow(const TraceLine& line);

}  // namespace memsim::replay

#endif  // MEMSIM_CLIENT_REPLAY_CALL_TABLE_H_
