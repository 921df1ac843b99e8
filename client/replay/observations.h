// The lines that begin with @ and ask: what a machine's /proc shows, and what an access meets.

#ifndef MEMSIM_CLIENT_REPLAY_OBSERVATIONS_H_
#define MEMSIM_CLIENT_REPLAY_OBSERVATIONS_H_

#include "client/replay/replay_session.h"
#include "client/replay/trace_line.h"
#include "client/replay/traced_process.h"

namespace memsim::replay {

void TranslateIncore(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateTouch(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateMaps(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateStatus(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateSmaps(ReplaySession& session, TracedProcess& process, const TraceLine& line);
// Compares how far the counters moved since the process's last such line. The first one, and the first after what
// faults on memory that the trace does not tell of, only remembers where they stood.
void TranslateFaults(ReplaySession& session, TracedProcess& process, const TraceLine& line);

}  // namespace memsim::replay

#endif  // MEMSIM_CLIENT_REPLAY_OBSERVATIONS_H_
