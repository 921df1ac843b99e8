#include "client/cli/counter_text.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "client/cli/usage_error.h"
#include "client/library/json_text.h"
#include "client/library/nearest_name.h"

namespace memsim::cli {

std::string CounterLabel(const v1::Counter& counter) {
  std::string label = counter.name();
  if (!counter.zone().empty()) absl::StrAppend(&label, " zone=", counter.zone());
  if (counter.has_order()) absl::StrAppend(&label, " order=", counter.order());
  if (counter.has_cpu()) absl::StrAppend(&label, " cpu=", counter.cpu());
  if (!counter.lock_class().empty()) absl::StrAppend(&label, " class=", counter.lock_class());
  return label;
}

absl::Status CheckCounterNames(const std::vector<std::string>& names, const v1::GetCountersResponse& state) {
  std::vector<std::string> known;
  known.reserve(static_cast<std::size_t>(state.counters_size()));
  for (const v1::Counter& counter : state.counters()) known.push_back(counter.name());
  for (const std::string& name : names) {
    if (std::count(known.begin(), known.end(), name) != 0) continue;
    return UsageError("machines have no counter ", client::Printable(name), client::DidYouMean(name, known));
  }
  return absl::OkStatus();
}

}  // namespace memsim::cli
