// Who a process is: system calls on ids, and prctl, as Calls.

#ifndef MEMSIM_CLIENT_REPLAY_CREDENTIAL_CALLS_H_
#define MEMSIM_CLIENT_REPLAY_CREDENTIAL_CALLS_H_

#include "client/replay/machine_shape.h"
#include "client/replay/replay_session.h"
#include "client/replay/trace_line.h"
#include "client/replay/traced_process.h"

namespace memsim::replay {

// Makes the first process who the recorded one was: without the capabilities that it lacked, and its programs too.
void BecomeUser(ReplaySession& session, const TracedProcess& process, const MachineShape& shape);

void TranslateSetuid(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateSetgid(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateSetreuid(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateSetregid(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateSetresuid(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateSetresgid(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateSetfsuid(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateSetfsgid(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateSetgroups(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslatePrctl(ReplaySession& session, TracedProcess& process, const TraceLine& line);

}  // namespace memsim::replay

#endif  // MEMSIM_CLIENT_REPLAY_CREDENTIAL_CALLS_H_
