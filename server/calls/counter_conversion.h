// A machine's counters as the API's message.

#ifndef MEMSIM_SERVER_CALLS_COUNTER_CONVERSION_H_
#define MEMSIM_SERVER_CALLS_COUNTER_CONVERSION_H_

#include "memsim/v1/machine_service.pb.h"
#include "server/kernel/machine.h"

namespace memsim {

// kValues leaves out what never changes: kind, unit and help.
enum class CounterDetail { kAll, kValues };

// Fills the message, which must be empty.
void CountersToMessage(const Machine& machine, CounterDetail detail, v1::GetCountersResponse& message);

}  // namespace memsim

#endif  // MEMSIM_SERVER_CALLS_COUNTER_CONVERSION_H_
