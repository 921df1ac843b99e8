#include "server/kernel/procfs/counter_samples.h"

namespace memsim {

std::vector<CounterSample> ReadCounters(const ProcView& view) {
  std::vector<CounterSample> samples;
  for (std::size_t i = 0; i < kCounterInfo.size(); ++i) {
    samples.push_back({&kCounterInfo[i], "", -1, view.counters.Get(static_cast<Counter>(i))});
  }
  return samples;
}

}  // namespace memsim
