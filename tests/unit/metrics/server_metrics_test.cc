#include "server/metrics/server_metrics.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/host/host.h"
#include "server/host/waiting.h"
#include "server/metrics/machine_reading.h"
#include "server/metrics/proc_text.h"
#include "server/metrics/rpc_metrics.h"
#include "tests/unit/host/host_results.h"

namespace memsim {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using SteadyClock = std::chrono::steady_clock;

SteadyClock::time_point Soon() { return SteadyClock::now() + std::chrono::seconds(30); }

class ServerMetricsTest : public testing::Test {
 protected:
  static HostOptions TwoWorkers() {
    HostOptions options;
    options.worker_count = 2;
    return options;
  }

  MachineName Create(const std::string& machine) {
    MachineSpec spec;
    spec.memory = ByteCount(64U << 20);
    const absl::StatusOr<MachineInfo> info = CreateMachineAndWait(host_, kDefaultTenant, machine, spec);
    EXPECT_TRUE(info.ok()) << info.status();
    return {kDefaultTenant, machine};
  }

  Host host_{TwoWorkers()};
  RpcMetrics rpc_metrics_{{}};
  ServerMetrics metrics_{host_, rpc_metrics_};
};

TEST_F(ServerMetricsTest, EveryMachineAskedForIsReadOnce) {
  const std::vector<MachineName> names = {Create("a"), Create("b"), Create("c")};
  const std::map<MachineName, MachineReading> readings = ReadMachines(host_, names, Soon());
  ASSERT_EQ(readings.size(), names.size());
  for (const MachineName& name : names) {
    EXPECT_FALSE(readings.at(name).counters.empty());
    EXPECT_GT(readings.at(name).host_memory, ByteCount(0));
    // Text takes longer and was not asked for.
    EXPECT_EQ(readings.at(name).meminfo, "");
  }
}

TEST_F(ServerMetricsTest, NoMachinesAreReadAtOnce) {
  EXPECT_TRUE(ReadMachines(host_, {}, SteadyClock::now() + std::chrono::hours(1)).empty());
}

TEST_F(ServerMetricsTest, AMachineThatIsGoneIsLeftOutWithoutWaiting) {
  const std::vector<MachineName> names = {Create("a"), {kDefaultTenant, "gone"}};
  const auto begin = SteadyClock::now();
  const std::map<MachineName, MachineReading> readings = ReadMachines(host_, names, begin + std::chrono::seconds(20));
  EXPECT_LT(SteadyClock::now() - begin, std::chrono::seconds(10));
  EXPECT_EQ(readings.size(), 1U);
  EXPECT_EQ(readings.count(names[0]), 1U);
}

TEST_F(ServerMetricsTest, AReadingThatComesAfterTheDeadlineHarmsNobody) {
  const MachineName busy = Create("busy");
  std::mutex mutex;
  std::condition_variable changed;
  bool released = false;
  bool begun = false;
  host_.Inspect(busy.ToString(), [&](const absl::StatusOr<const Machine*>&) {
    std::unique_lock<std::mutex> lock(mutex);
    begun = true;
    changed.notify_all();
    changed.wait(lock, [&] { return released; });
  });
  {
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return begun; });
  }
  EXPECT_TRUE(ReadMachines(host_, {busy}, SteadyClock::now() + milliseconds(50)).empty());
  EXPECT_EQ(metrics_.MachinePage("busy", SteadyClock::now() + milliseconds(50)).status().code(),
            absl::StatusCode::kDeadlineExceeded);
  {
    const std::unique_lock<std::mutex> lock(mutex);
    released = true;
    changed.notify_all();
  }
  // The late reading runs before this one.
  EXPECT_EQ(ReadMachines(host_, {busy}, Soon()).size(), 1U);
  EXPECT_TRUE(metrics_.MachinePage("busy", Soon()).ok());
}

std::size_t LineCount(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST_F(ServerMetricsTest, NoLineOfAMachinesProcTextIsLost) {
  Create("a");
  MachineReading reading;
  const absl::Status status = InspectAndWait(host_, "a", Soon(), [&reading](const Machine& machine) {
    reading = MachineReading::Of(machine, ReadingDepth::kEverything);
  });
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_GT(LineCount(reading.meminfo), 40U);
  EXPECT_EQ(ParseMeminfo(reading.meminfo).size(), LineCount(reading.meminfo));
  EXPECT_GT(LineCount(reading.vmstat), 100U);
  EXPECT_EQ(ParseVmstat(reading.vmstat).size(), LineCount(reading.vmstat));
  // Its first two lines are a title.
  EXPECT_GT(LineCount(reading.slabinfo), 200U);
  EXPECT_EQ(ParseSlabinfo(reading.slabinfo).size(), LineCount(reading.slabinfo) - 2);
}

TEST_F(ServerMetricsTest, PagesAreMadeWhileMachinesComeGoAndWork) {
  Create("steady");
  std::atomic<bool> ended = false;
  std::thread churn([&] {
    for (int i = 0; i < 50; ++i) {
      const std::string name = absl::StrCat("m", i % 5);
      Create(name);
      EXPECT_TRUE(host_.DeleteMachine(name).ok());
    }
    ended = true;
  });
  constexpr int kScrapers = 2;
  std::vector<std::thread> scrapers;
  scrapers.reserve(kScrapers);
  for (int i = 0; i < kScrapers; ++i) {
    scrapers.emplace_back([&] {
      while (!ended) {
        EXPECT_THAT(metrics_.ServerPage(Soon()),
                    HasSubstr("memsim_machine_page_faults_total{machine=\"steady\",tenant=\"default\"} "));
        EXPECT_TRUE(metrics_.MachinePage("steady", Soon()).ok());
        const absl::Status status = metrics_.MachinePage("m1", Soon()).status();
        EXPECT_TRUE(status.ok() || status.code() == absl::StatusCode::kNotFound ||
                    status.code() == absl::StatusCode::kAborted)
            << status;
      }
    });
  }
  churn.join();
  for (std::thread& scraper : scrapers) scraper.join();
}

}  // namespace
}  // namespace memsim
