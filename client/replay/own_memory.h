// The memory of the traced program itself, which it uses without a line to tell.
//
// A trace with page touches tells each access to the memory under test, and no access to the program's own: its text,
// data, libraries and stack, which the program faulted in before the first observation and again after each fork. That
// decides which of its mappings may merge with what is mapped next to them, so a replay does the same.

#ifndef MEMSIM_CLIENT_REPLAY_OWN_MEMORY_H_
#define MEMSIM_CLIENT_REPLAY_OWN_MEMORY_H_

#include "client/replay/replay_session.h"
#include "client/replay/traced_process.h"

namespace memsim::replay {

// Touches the program's own memory if that was not done since its execve or its last fork: by the first call, all that
// is mapped now but for the heap; later the same ranges. Call it before an observation.
void UseOwnMemory(ReplaySession& session, TracedProcess& process);

}  // namespace memsim::replay

#endif  // MEMSIM_CLIENT_REPLAY_OWN_MEMORY_H_
