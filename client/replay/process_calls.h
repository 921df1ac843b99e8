// System calls on processes, as Calls.

#ifndef MEMSIM_CLIENT_REPLAY_PROCESS_CALLS_H_
#define MEMSIM_CLIENT_REPLAY_PROCESS_CALLS_H_

#include <cstdint>

#include "client/replay/replay_session.h"
#include "client/replay/trace_line.h"
#include "client/replay/traced_process.h"

namespace memsim::replay {

// Starts a process that no line of the trace makes: the first one. It has /dev/null as descriptors 0 to 2 and the
// limits that the trace's header tells.
TracedProcess& StartProcess(ReplaySession& session, std::uint64_t trace_pid);

// The end of a thread or process, as +++ tells: nothing if its exit was seen.
void EndProcess(ReplaySession& session, TracedProcess& process, int status);

void TranslateFork(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateVfork(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateClone(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateClone3(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateExecve(ReplaySession& session, TracedProcess& process, const TraceLine& line);
// What an @image means, its execve has done already; this counts one that means nothing.
void TranslateImage(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateExit(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslatePersonality(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateExitGroup(ReplaySession& session, TracedProcess& process, const TraceLine& line);
// pidfd_open(2).
void TranslatePidfdOpen(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateWait4(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslatePrlimit64(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateSetrlimit(ReplaySession& session, TracedProcess& process, const TraceLine& line);

// Whether prlimit64 or setrlimit is about RLIMIT_AS, DATA, STACK or MEMLOCK.
bool ConcernsMemoryLimit(const TraceLine& line);

}  // namespace memsim::replay

#endif  // MEMSIM_CLIENT_REPLAY_PROCESS_CALLS_H_
