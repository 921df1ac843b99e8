// Compares our tracepoints with those of the kernel that runs this test: the same fields in the same order, and the
// same text around them. Only a Linux 6.18 whose tracefs this test may mount can tell; elsewhere it is skipped.

#include <sys/utsname.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <regex>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/kernel/observe/tracepoint_set.h"
#include "server/kernel/physical/gfp.h"
#include "server/kernel/procfs/event_text.h"
#include "server/kernel/procfs/gfp_text.h"
#include "tests/unit/kernel/host_tracefs.h"

namespace memsim {
namespace {

// "field:unsigned long pfn;	offset:8; …" gives pfn.
std::vector<std::string> FieldsOf(const std::string& format) {
  static const std::regex kField(R"(field:[^;]*?(\w+)(\[[^\]]*\])?;)");
  std::vector<std::string> names;
  for (const absl::string_view line : absl::StrSplit(format, '\n')) {
    std::smatch match;
    const std::string text(line);
    if (!std::regex_search(text, match, kField)) continue;
    const std::string name = match[1];
    // Which system call it is, the tracepoint's name says as well.
    if (!absl::StartsWith(name, "common_") && name != "__syscall_nr") names.push_back(name);
  }
  return names;
}

// Stars stand for what differs between two events. A path is a text in ours and a pointer in theirs.
std::string WithStars(const std::string& text, const std::regex& variable) {
  static const std::regex kOneStar(R"((0x)?\*+)");
  return std::regex_replace(std::regex_replace(text, variable, "*"), kOneStar, "*");
}

std::string TheirText(const std::string& format) {
  static const std::regex kConversion(R"(%[-#0 +]*\d*(hh|h|ll|l|z)?(p[Ss]?|[duxcs]))");
  const std::size_t begin = format.find("print fmt: \"") + 12;
  return WithStars(format.substr(begin, format.find('"', begin) - begin), kConversion);
}

std::string OurText(Tracepoint point) {
  static const std::regex kField(R"(\{[^}]*\})");
  return WithStars(TracepointText(point), kField);
}

class HostTracepointsTest : public testing::Test {
 protected:
  void SetUp() override {
    utsname host{};
    ASSERT_EQ(uname(&host), 0);
    if (!absl::StartsWith(host.release, "6.18")) GTEST_SKIP() << "this is Linux " << host.release << ", not 6.18";
    tracefs_ = HostTracefs::Mount();
    if (tracefs_ == nullptr) GTEST_SKIP() << "only root may mount tracefs";
  }

  std::string ReadFormat(Tracepoint point) const {
    const TracepointInfo& info = InfoOf(point);
    std::ifstream file(absl::StrCat(tracefs_->root(), "/events/", info.system, "/", info.name, "/format"));
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }

  std::unique_ptr<HostTracefs> tracefs_;
};

TEST_F(HostTracepointsTest, EveryTracepointHasTheFieldsOfTheKernels) {
  ForEachTracepoint([this](Tracepoint point) {
    const std::vector<absl::string_view> ours = TracepointFields(point);
    EXPECT_EQ(FieldsOf(ReadFormat(point)), std::vector<std::string>(ours.begin(), ours.end())) << TracepointName(point);
  });
}

TEST_F(HostTracepointsTest, EveryTextIsThatOfTheKernel) {
  ForEachTracepoint(
      [this](Tracepoint point) { EXPECT_EQ(OurText(point), TheirText(ReadFormat(point))) << TracepointName(point); });
}

TEST_F(HostTracepointsTest, GfpFlagsHaveTheKernelsNames) {
  const std::string format = ReadFormat(Tracepoint::kMmPageAlloc);
  // Bit 9 is without a name in a kernel without an asynchronous KASAN.
  for (int bit = 0; bit <= 22; ++bit) {
    if (bit == 9) continue;
    const std::string name = GfpText(1ULL << bit);
    const std::string entry = absl::StrCat("(", bit, "))), \"", name, "\"}");
    EXPECT_THAT(format, testing::HasSubstr(entry));
  }
}

}  // namespace
}  // namespace memsim
