// The calls on memory policies: mbind, set_mempolicy, get_mempolicy.

#ifndef MEMSIM_CLIENT_REPLAY_MEMPOLICY_CALLS_H_
#define MEMSIM_CLIENT_REPLAY_MEMPOLICY_CALLS_H_

#include "client/replay/replay_session.h"
#include "client/replay/trace_line.h"
#include "client/replay/traced_process.h"

namespace memsim::replay {

void TranslateMbind(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateSetMempolicy(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateGetMempolicy(ReplaySession& session, TracedProcess& process, const TraceLine& line);

}  // namespace memsim::replay

#endif  // MEMSIM_CLIENT_REPLAY_MEMPOLICY_CALLS_H_
