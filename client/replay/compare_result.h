// What most compared calls end in.

#ifndef MEMSIM_CLIENT_REPLAY_COMPARE_RESULT_H_
#define MEMSIM_CLIENT_REPLAY_COMPARE_RESULT_H_

#include "client/replay/argument_reader.h"
#include "client/replay/replay_session.h"
#include "client/replay/trace_line.h"
#include "memsim/v1/call.pb.h"

namespace memsim::replay {

// Compares the call's result, if all arguments were understood.
void CompareResult(ReplaySession& session, const ArgumentReader& arguments, const TraceLine& line, v1::Call call);

}  // namespace memsim::replay

#endif  // MEMSIM_CLIENT_REPLAY_COMPARE_RESULT_H_
