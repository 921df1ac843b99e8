#include "server/calls/counter_conversion.h"

#include <string>

namespace memsim {
namespace {

v1::CounterKind KindToMessage(CounterKind kind) {
  return kind == CounterKind::kCumulative ? v1::COUNTER_KIND_CUMULATIVE : v1::COUNTER_KIND_GAUGE;
}

}  // namespace

void CountersToMessage(const Machine& machine, CounterDetail detail, v1::GetCountersResponse& message) {
  message.set_sequence(machine.sequence());
  message.set_virtual_time_ns(machine.now().value());
  for (const CounterSample& sample : machine.ReadCounters()) {
    v1::Counter& counter = *message.add_counters();
    counter.set_name(std::string(sample.info->name));
    counter.set_zone(std::string(sample.zone));
    if (sample.order >= 0) counter.set_order(static_cast<std::uint32_t>(sample.order));
    if (sample.cpu >= 0) counter.set_cpu(static_cast<std::uint32_t>(sample.cpu));
    counter.set_lock_class(std::string(sample.lock_class));
    counter.set_value(sample.value);
    if (detail == CounterDetail::kValues) continue;
    counter.set_kind(KindToMessage(sample.info->kind));
    counter.set_unit(std::string(sample.info->unit));
    counter.set_help(std::string(sample.info->help));
  }
}

}  // namespace memsim
