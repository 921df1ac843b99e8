// All recorded traces, replayed through the API on a server inside this program, against the levels of levels.txt.
//
// MEMSIM_CONFORMANCE_GROUPS=1 prints what the differences and skips of each folder have in common: where the next wrong
// rule is.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_format.h"

#include "client/library/client.h"
#include "client/replay/difference_groups.h"
#include "client/replay/replay_command.h"
#include "client/replay/report_format.h"
#include "client/replay/trace.h"
#include "server/rpc/server.h"
#include "tests/conformance/levels.h"

namespace memsim::replay {
namespace {

// One replays while another's batch is on its way.
constexpr int kReplayThreads = 2;
// The most that skipped and unknown lines may be of all counted lines of everyday programs, in percent.
constexpr double kMostUnansweredInPrograms = 5;
constexpr std::size_t kShownGroups = 60;

std::vector<std::string> TraceFiles(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(MEMSIM_CONFORMANCE_DIRECTORY "/traces/" + folder)) {
    if (entry.path().extension() == ".strace") files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::map<std::string, Level> RecordedLevels() {
  std::ifstream file(MEMSIM_CONFORMANCE_DIRECTORY "/levels.txt");
  std::ostringstream content;
  content << file.rdbuf();
  const absl::StatusOr<std::map<std::string, Level>> levels = ParseLevels(content.str());
  EXPECT_TRUE(levels.ok()) << levels.status();
  return levels.ok() ? *levels : std::map<std::string, Level>();
}

class ConformanceTest : public testing::TestWithParam<std::string> {
 protected:
  static void SetUpTestSuite() {
    absl::StatusOr<std::unique_ptr<Server>> server = Server::Create(ServerOptions());
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = std::move(*server);
    client_ = std::make_unique<client::Client>(server_->InProcessChannel());
  }

  static void TearDownTestSuite() {
    client_.reset();
    server_.reset();
  }

  // The reports of the files, in their order, whatever order they were made in. nullopt: that replay failed.
  static std::vector<std::optional<TraceReport>> ReplayAll(const std::vector<std::string>& files) {
    std::vector<std::optional<TraceReport>> reports(files.size());
    std::vector<absl::Status> statuses(files.size());
    std::atomic<std::size_t> next{0};
    const auto replay = [&] {
      for (std::size_t i = next++; i < files.size(); i = next++) {
        const absl::StatusOr<Trace> trace = ReadTraceFile(files[i]);
        if (!trace.ok()) {
          statuses[i] = trace.status();
          continue;
        }
        absl::StatusOr<TraceReport> report = ReplayOnServer(*client_, *trace, {});
        statuses[i] = report.status();
        if (!report.ok()) continue;
        report->trace = files[i];
        reports[i] = *std::move(report);
      }
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < kReplayThreads; ++i) threads.emplace_back(replay);
    for (std::thread& thread : threads) thread.join();
    for (std::size_t i = 0; i < files.size(); ++i) EXPECT_TRUE(statuses[i].ok()) << files[i] << ": " << statuses[i];
    return reports;
  }

  static std::unique_ptr<Server> server_;
  static std::unique_ptr<client::Client> client_;
};

std::unique_ptr<Server> ConformanceTest::server_;
std::unique_ptr<client::Client> ConformanceTest::client_;

double Percent(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 100 : 100 * static_cast<double>(part) / static_cast<double>(whole);
}

TEST_P(ConformanceTest, AnswersAreTheKernelsAtLeastAsOftenAsRecorded) {
  const std::string& folder = GetParam();
  const std::map<std::string, Level> levels = RecordedLevels();
  ASSERT_EQ(levels.count(folder), 1U) << "levels.txt has no " << folder;
  const Level& level = levels.at(folder);

  const std::vector<std::string> files = TraceFiles(folder);
  ASSERT_FALSE(files.empty());
  ReplayTotals totals;
  DifferenceGroups groups;
  for (const std::optional<TraceReport>& report : ReplayAll(files)) {
    if (!report.has_value()) continue;
    totals.Add(*report);
    groups.Add(*report);
  }
  const double share = Percent(totals.equal, totals.equal + totals.different);
  std::cout
      << FormatHeading() << FormatTotals(totals)
      << absl::StreamFormat(
             "%s: %.2f %% of the compared answers are equal; recorded level %.2f %%, wholly equal %d, skipped %d\n",
             folder, share, level.equal_share, level.wholly_equal, level.most_skipped);
  if (std::getenv("MEMSIM_CONFORMANCE_GROUPS") != nullptr) std::cout << groups.Format(kShownGroups);

  EXPECT_GE(share, level.equal_share) << folder << " fell below its level; run with MEMSIM_CONFORMANCE_GROUPS=1";
  EXPECT_GE(totals.wholly_equal, level.wholly_equal) << folder << " has fewer wholly equal traces than recorded";
  EXPECT_LE(totals.skipped, level.most_skipped) << folder << " answers fewer lines than recorded";
  EXPECT_EQ(totals.unknown, 0U) << "the traces beside this test are all understood";
  if (folder == "programs") {
    const std::uint64_t counted = totals.equal + totals.different + totals.skipped + totals.unknown;
    EXPECT_LE(Percent(totals.skipped + totals.unknown, counted), kMostUnansweredInPrograms);
  }
}

INSTANTIATE_TEST_SUITE_P(Traces, ConformanceTest, testing::Values("programs", "conformance", "probe"),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace memsim::replay
