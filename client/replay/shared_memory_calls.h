// shmget, shmat, shmdt and shmctl: a line becomes a Call and a comparison.

#ifndef MEMSIM_CLIENT_REPLAY_SHARED_MEMORY_CALLS_H_
#define MEMSIM_CLIENT_REPLAY_SHARED_MEMORY_CALLS_H_

#include "client/replay/replay_session.h"
#include "client/replay/trace_line.h"
#include "client/replay/traced_process.h"

namespace memsim::replay {

void TranslateShmget(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateShmat(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateShmdt(ReplaySession& session, TracedProcess& process, const TraceLine& line);
// What the kernel wrote is compared where the line tells it, but for what depends on the host it ran on: the highest
// index in use, and what all segments take together. Of times only whether they are set.
void TranslateShmctl(ReplaySession& session, TracedProcess& process, const TraceLine& line);

}  // namespace memsim::replay

#endif  // MEMSIM_CLIENT_REPLAY_SHARED_MEMORY_CALLS_H_
