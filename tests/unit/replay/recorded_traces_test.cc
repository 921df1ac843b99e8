// The recorded traces, on a machine that simulates nothing: every line is understood, and counted as the trace format
// says. Then the same lines, mutilated at random.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

#include "client/replay/replay.h"
#include "client/replay/report_format.h"
#include "tests/unit/replay/recording_machine.h"

namespace memsim::replay {
namespace {

std::vector<std::filesystem::path> TraceFiles() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(MEMSIM_TRACES_DIRECTORY)) {
    if (entry.path().extension() == ".strace") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string ReadWhole(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

// Counts the lines that the trace format compares whatever their arguments say, straight from the text.
std::uint64_t CountPlainlyCompared(const std::string& text) {
  const std::set<std::string> names = {"mmap",          "munmap",        "mprotect",        "pkey_mprotect",
                                       "pkey_alloc",    "pkey_free",     "mremap",          "brk",
                                       "madvise",       "mlock",         "mlock2",          "munlock",
                                       "mlockall",      "munlockall",    "mincore",         "msync",
                                       "mseal",         "shmget",        "shmat",           "shmdt",
                                       "shmctl",        "memfd_create",  "mbind",           "cachestat",
                                       "@touch",        "@maps",         "@incore",         "@status",
                                       "@smaps",        "userfaultfd",   "process_madvise", "remap_file_pages",
                                       "set_mempolicy", "get_mempolicy", "move_pages",      "migrate_pages"};
  std::uint64_t count = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t begin = line.find(' ') + 1;
    count += names.count(line.substr(begin, line.find('(') - begin));
  }
  return count;
}

TEST(RecordedTraces, EveryLineIsUnderstoodAndEveryComparedLineIsCountedOnce) {
  const std::vector<std::filesystem::path> files = TraceFiles();
  ASSERT_EQ(files.size(), 329U);
  const std::set<std::string> counted_elsewhere = {"@faults", "prlimit64"};
  for (const std::filesystem::path& file : files) {
    const std::string text = ReadWhole(file);
    const Trace trace = ParseTrace(text);
    RecordingMachine machine;
    const absl::StatusOr<TraceReport> report = ReplayTrace(trace, machine);
    ASSERT_TRUE(report.ok()) << file << report.status();
    EXPECT_TRUE(report->unknown_lines.empty()) << file << "\n" << FormatReport(*report, 0);
    std::uint64_t compared = report->equal + report->differences.size();
    std::uint64_t elsewhere = 0;
    for (const Difference& difference : report->differences) {
      elsewhere += counted_elsewhere.count(difference.call.substr(0, difference.call.find('(')));
    }
    for (const Skip& skip : report->skips) {
      compared += CountPlainlyCompared("1 " + skip.call + "()");
    }
    // prlimit64 succeeds on this machine without limits to show, so every one that shows some is a difference; those
    // that show none are equal.
    std::uint64_t others = 0;
    for (const TraceEvent& event : trace.events) {
      const TraceLine& line = event.line;
      // Of prctl, only what concerns memory is compared.
      constexpr std::uint64_t kMemoryOperations[] = {35, 41, 42, 65, 66, 67, 68, 0x53564d41};
      if (line.name == "prctl") {
        const std::uint64_t operation = line.arguments[0].Number().value_or(0);
        others += std::count(std::begin(kMemoryOperations), std::end(kMemoryOperations), operation);
      }
      if (line.name != "prlimit64" || line.arguments[3].text != "NULL" || !line.result.Succeeded()) continue;
      const std::string& resource = line.arguments[1].text;
      others += resource == "RLIMIT_AS" || resource == "RLIMIT_DATA" || resource == "RLIMIT_STACK" ||
                resource == "RLIMIT_MEMLOCK";
    }
    EXPECT_EQ(compared - elsewhere - others, CountPlainlyCompared(text)) << file;
  }
}

// A line with some bytes changed, cut, doubled or put in from elsewhere.
std::string Mutilate(std::string line, const std::string& other, std::mt19937_64& random) {
  const std::uint64_t mutations = 1 + random() % 4;
  for (std::uint64_t i = 0; i < mutations && !line.empty(); ++i) {
    const std::size_t at = random() % line.size();
    switch (random() % 6) {
      case 0:
        line[at] = static_cast<char>(random());
        break;
      case 1:
        line.resize(at);
        break;
      case 2:
        line.erase(at, 1 + random() % 8);
        break;
      case 3:
        line.insert(at, other.substr(other.empty() ? 0 : random() % other.size(), 1 + random() % 40));
        break;
      case 4:
        line.insert(at, std::string(1 + random() % 50, "([{<\"'\\,=)|*"[random() % 12]));
        break;
      default:
        line.insert(at, std::to_string(random()));
    }
  }
  return line;
}

TEST(MutilatedTraces, NeverStopAReplay) {
  // Another seed by hand: MEMSIM_TEST_SEED=7.
  const char* given = std::getenv("MEMSIM_TEST_SEED");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : 1;
  std::cout << "seed " << seed << std::endl;
  std::mt19937_64 random(seed);
  const std::vector<std::filesystem::path> files = TraceFiles();
  std::uint64_t unknown = 0;
  for (int round = 0; round < 150; ++round) {
    std::istringstream lines(ReadWhole(files[random() % files.size()]));
    std::vector<std::string> kept;
    for (std::string line; std::getline(lines, line) && kept.size() < 400;) kept.push_back(line);
    std::string text;
    for (const std::string& line : kept) {
      text += random() % 3 == 0 ? Mutilate(line, kept[random() % kept.size()], random) : line;
      text += '\n';
    }
    const Trace trace = ParseTrace(text);
    RecordingMachine machine;
    const absl::StatusOr<TraceReport> report = ReplayTrace(trace, machine);
    ASSERT_TRUE(report.ok()) << "seed " << seed << " round " << round << ": " << report.status();
    unknown += report->unknown_lines.size();
    EXPECT_FALSE(ReportToJson(*report).empty());
  }
  EXPECT_GT(unknown, 1000U) << "what is mutilated is mostly told of";
}

TEST(RandomBytes, AreAllUnknown) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 200; ++round) {
    std::string bytes(random() % 4000, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    const Trace trace = ParseTrace(bytes);
    RecordingMachine machine;
    const absl::StatusOr<TraceReport> report = ReplayTrace(trace, machine);
    ASSERT_TRUE(report.ok()) << report.status();
    // All but comments and blank lines.
    std::vector<int> expected;
    int line_number = 0;
    for (const absl::string_view line : absl::StrSplit(bytes, '\n')) {
      ++line_number;
      const bool blank = absl::StripAsciiWhitespace(line).empty();
      if (!blank && line[0] != '#') expected.push_back(line_number);
    }
    std::vector<int> unknown;
    for (const UnknownLine& line : report->unknown_lines) unknown.push_back(line.line_number);
    EXPECT_EQ(unknown, expected) << "round " << round;
    EXPECT_FALSE(report->WhollyEqual());
    EXPECT_EQ(report->equal, 0U);
  }
}

}  // namespace
}  // namespace memsim::replay
