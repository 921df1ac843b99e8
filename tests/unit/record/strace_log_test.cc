#include "client/record/strace_log.h"

#include "gtest/gtest.h"

#include "tests/unit/record/log_lines.h"

namespace memsim::record {
namespace {

TEST(StraceLogTest, PidsArePaddedAndWhatHasNoneIsNoLine) {
  const std::vector<LogLine> lines =
      LinesOf({"7   brk(NULL) = 0x1000", "strace: attached", "", "12345 +++ exited with 0 +++"});
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].pid, 7U);
  EXPECT_EQ(lines[0].text, "brk(NULL) = 0x1000");
  EXPECT_EQ(lines[0].call, lines[0].text);
  EXPECT_EQ(lines[1].pid, 12345U);
}

TEST(StraceLogTest, ACallThatAnotherProcessInterruptsIsReadWhole) {
  const std::vector<LogLine> lines =
      LinesOf({"7 fork( <unfinished ...>", "8 chdir(\"/tmp\" <unfinished ...>", "7 <... fork resumed>) = 8",
               "8 <... chdir resumed>) = 0", "8 execve(\"./gone\", [\"./gone\"], 0x1 <unfinished ...>",
               "7 wait4(-1,  <unfinished ...>", "8 <... execve resumed>) = 0"});
  ASSERT_EQ(lines.size(), 7U);
  EXPECT_EQ(lines[2].call, "fork() = 8");
  EXPECT_EQ(lines[3].call, "chdir(\"/tmp\") = 0");
  EXPECT_EQ(lines[6].call, "execve(\"./gone\", [\"./gone\"], 0x1) = 0");
  EXPECT_EQ(lines[6].text, "<... execve resumed>) = 0");
}

TEST(StraceLogTest, AnEndWithoutABeginningIsItself) {
  EXPECT_EQ(LinesOf({"7 <... read resumed>) = 8"})[0].call, "<... read resumed>) = 8");
  EXPECT_EQ(LinesOf({"7 <... "})[0].call, "<... ");
}

TEST(StraceLogTest, CallsAreNamedOnBothOfTheirLines) {
  EXPECT_EQ(CallName("mmap(NULL, 4096) = 0x1000"), "mmap");
  EXPECT_EQ(CallName("<... wait4 resumed>[{}]) = 12"), "wait4");
  EXPECT_EQ(CallName("--- SIGSEGV {si_addr=f(x)} ---"), "");
  EXPECT_EQ(CallName("+++ exited with 0 +++"), "");
  EXPECT_EQ(CallName("<... "), "");
}

}  // namespace
}  // namespace memsim::record
