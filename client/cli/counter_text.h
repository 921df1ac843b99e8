// Counters in words.

#ifndef MEMSIM_CLIENT_CLI_COUNTER_TEXT_H_
#define MEMSIM_CLIENT_CLI_COUNTER_TEXT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"

#include "memsim/v1/machine_service.pb.h"

namespace memsim::cli {

// "pgfault", "nr_free_pages zone=DMA32", "free_blocks zone=Normal order=10", "lock_wait class=vm_lock".
std::string CounterLabel(const v1::Counter& counter);

// A usage error if a name is none of the machine's counters, with the nearest one.
absl::Status CheckCounterNames(const std::vector<std::string>& names, const v1::GetCountersResponse& state);

}  // namespace memsim::cli

#endif  // MEMSIM_CLIENT_CLI_COUNTER_TEXT_H_
