// System calls on address spaces, as Calls.

#ifndef MEMSIM_CLIENT_REPLAY_MEMORY_CALLS_H_
#define MEMSIM_CLIENT_REPLAY_MEMORY_CALLS_H_

#include "client/replay/replay_session.h"
#include "client/replay/trace_line.h"
#include "client/replay/traced_process.h"

namespace memsim::replay {

void TranslateMmap(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateMunmap(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateMprotect(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateMremap(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateBrk(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateMadvise(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateProcessMadvise(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateMincore(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateMsync(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateMseal(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslatePkeyAlloc(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslatePkeyFree(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslatePkeyMprotect(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateRemapFilePages(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateMlock(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateMlock2(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateMunlock(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateMlockall(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateMunlockall(ReplaySession& session, TracedProcess& process, const TraceLine& line);

}  // namespace memsim::replay

#endif  // MEMSIM_CLIENT_REPLAY_MEMORY_CALLS_H_
