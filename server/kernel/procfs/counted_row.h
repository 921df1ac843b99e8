// A row of /proc that shows a counter of the registry, or is known to Linux alone.

#ifndef MEMSIM_SERVER_KERNEL_PROCFS_COUNTED_ROW_H_
#define MEMSIM_SERVER_KERNEL_PROCFS_COUNTED_ROW_H_

#include "absl/strings/string_view.h"

#include "server/kernel/observe/counter.h"
#include "server/kernel/procfs/stat_rows.h"

namespace memsim {

struct CountedRow {
  absl::string_view name;
  // kCount: nothing moves this row.
  Counter counter;
};

// A row that the registry names.
constexpr CountedRow Moved(Counter counter) { return {kCounterInfo[static_cast<std::size_t>(counter)].name, counter}; }
// A row that is always 0.
constexpr CountedRow Still(absl::string_view name) { return {name, Counter::kCount}; }

inline StatRow ReadRow(const CountedRow& row, const Counters& counters) {
  return {row.name, row.counter == Counter::kCount ? 0 : counters.Get(row.counter)};
}

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PROCFS_COUNTED_ROW_H_
