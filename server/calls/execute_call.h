// One Call in, one Answer out: the only place where the API's messages meet the machine.

#ifndef MEMSIM_SERVER_CALLS_EXECUTE_CALL_H_
#define MEMSIM_SERVER_CALLS_EXECUTE_CALL_H_

#include "memsim/v1/answer.pb.h"
#include "memsim/v1/call.pb.h"
#include "server/calls/call_frame.h"
#include "server/kernel/machine.h"

namespace memsim {

// Runs the call and fills the answer, which must be empty. A call that cannot be run (no operation, an unset slot, a
// field out of range) leaves the machine as it was, is not counted, and answers with detail misuse.
void ExecuteCall(Machine& machine, const v1::Call& call, v1::Answer& answer);

// The same, with a say about each call inside of a Concurrent.
void ExecuteCall(Machine& machine, const v1::Call& call, v1::Answer& answer, LaneGate gate);

}  // namespace memsim

#endif  // MEMSIM_SERVER_CALLS_EXECUTE_CALL_H_
