#include "server/calls/counter_conversion.h"

#include <set>
#include <string>
#include <tuple>

#include "gtest/gtest.h"

#include "tests/unit/calls/call_fixture.h"

namespace memsim {
namespace {

class CounterConversionTest : public CallTest {
 protected:
  v1::GetCountersResponse Counters(CounterDetail detail) {
    v1::GetCountersResponse message;
    CountersToMessage(*machine_, detail, message);
    return message;
  }
};

TEST_F(CounterConversionTest, EveryNumberOfTheMachineIsThereOnceWithItsMeaning) {
  Ask("spawn {}");
  const v1::GetCountersResponse message = Counters(CounterDetail::kAll);
  EXPECT_EQ(message.sequence(), 1U);
  EXPECT_EQ(message.virtual_time_ns(), machine_->now().value());
  const std::vector<CounterSample> samples = machine_->ReadCounters();
  ASSERT_EQ(message.counters_size(), static_cast<int>(samples.size()));
  std::set<std::tuple<std::string, std::string, int, int, std::string>> names;
  for (int i = 0; i < message.counters_size(); ++i) {
    const v1::Counter& counter = message.counters(i);
    EXPECT_EQ(counter.value(), samples[i].value) << counter.name();
    EXPECT_EQ(counter.has_order(), samples[i].order >= 0) << counter.name();
    EXPECT_NE(counter.kind(), v1::COUNTER_KIND_UNSPECIFIED) << counter.name();
    EXPECT_FALSE(counter.unit().empty() || counter.help().empty()) << counter.name();
    const int cpu = counter.has_cpu() ? static_cast<int>(counter.cpu()) : -1;
    EXPECT_EQ(cpu, samples[i].cpu) << counter.name();
    EXPECT_EQ(counter.lock_class(), samples[i].lock_class) << counter.name();
    const int order = counter.has_order() ? static_cast<int>(counter.order()) : -1;
    names.insert({counter.name(), counter.zone(), order, cpu, counter.lock_class()});
  }
  EXPECT_EQ(names.size(), samples.size());
}

TEST_F(CounterConversionTest, ValuesAloneLeaveOutWhatNeverChanges) {
  const v1::GetCountersResponse all = Counters(CounterDetail::kAll);
  const v1::GetCountersResponse values = Counters(CounterDetail::kValues);
  ASSERT_EQ(values.counters_size(), all.counters_size());
  for (int i = 0; i < values.counters_size(); ++i) {
    EXPECT_EQ(values.counters(i).name(), all.counters(i).name());
    EXPECT_EQ(values.counters(i).value(), all.counters(i).value());
    EXPECT_TRUE(values.counters(i).help().empty() && values.counters(i).unit().empty());
  }
}

}  // namespace
}  // namespace memsim
