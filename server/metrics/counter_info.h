// What the registry says of a counter, whichever of its tables it is in.

#ifndef MEMSIM_SERVER_METRICS_COUNTER_INFO_H_
#define MEMSIM_SERVER_METRICS_COUNTER_INFO_H_

#include <string>

#include "absl/strings/str_cat.h"

#include "server/kernel/observe/counter.h"

namespace memsim {

inline const CounterInfo& InfoOf(Counter counter) { return kCounterInfo[static_cast<std::size_t>(counter)]; }
inline const CounterInfo& InfoOf(ZoneCounter counter) { return kZoneCounterInfo[static_cast<std::size_t>(counter)]; }
inline const CounterInfo& InfoOf(OrderCounter counter) { return kOrderCounterInfo[static_cast<std::size_t>(counter)]; }
inline const CounterInfo& InfoOf(CpuCounter counter) { return kCpuCounterInfo[static_cast<std::size_t>(counter)]; }

// The help of its metric: a sentence.
inline std::string HelpOf(const CounterInfo& info) { return absl::StrCat(info.help, "."); }

}  // namespace memsim

#endif  // MEMSIM_SERVER_METRICS_COUNTER_INFO_H_
