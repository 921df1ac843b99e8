#include "client/record/pid_numbers.h"

#include "gtest/gtest.h"

#include "tests/unit/record/log_lines.h"

namespace memsim::record {
namespace {

// 700 makes 705, which nothing is heard of before the answer, and 703.
const std::vector<LogLine>& Lines() {
  static const auto* const kLines = new std::vector<LogLine>(
      LinesOf({"700 clone(flags=SIGCHLD) = 705", "700 vfork( <unfinished ...>", "703 brk(NULL) = 0x1000",
               "700 <... vfork resumed>) = 703", "705 brk(NULL) = 0x1000"}));
  return *kLines;
}

TEST(PidNumbersTest, TheyFollowInTheOrderOfAppearanceInResultsToo) {
  const PidNumbers numbers(Lines());
  EXPECT_EQ(numbers.Of(700), 1000U);
  EXPECT_EQ(numbers.Of(705), 1001U);
  EXPECT_EQ(numbers.Of(703), 1002U);
}

TEST(PidNumbersTest, ProcessesAreRenamedWhereverALineNamesThem) {
  const PidNumbers numbers(Lines());
  const auto expect = [&](const char* text, const char* rewritten) { EXPECT_EQ(numbers.Rewrite(text), rewritten); };
  expect("clone(flags=SIGCHLD) = 705", "clone(flags=SIGCHLD) = 1001");
  expect("clone3({flags=0, parent_tid=0x1} => {parent_tid=[703]}, 88) = 703",
         "clone3({flags=0, parent_tid=0x1} => {parent_tid=[1002]}, 88) = 1002");
  expect("<... vfork resumed>) = 703", "<... vfork resumed>) = 1002");
  expect("wait4(705, [{WIFEXITED(s)}], 0, NULL) = 705", "wait4(1001, [{WIFEXITED(s)}], 0, NULL) = 1001");
  expect("wait4(-1, NULL, 0, NULL) = -1 ECHILD (No child processes)",
         "wait4(-1, NULL, 0, NULL) = -1 ECHILD (No child processes)");
  expect("<... wait4 resumed>NULL, 0, NULL) = 703", "<... wait4 resumed>NULL, 0, NULL) = 1002");
  expect("prlimit64(700, RLIMIT_AS, NULL, {rlim_cur=700, rlim_max=705}) = 0",
         "prlimit64(1000, RLIMIT_AS, NULL, {rlim_cur=700, rlim_max=705}) = 0");
  expect("openat(AT_FDCWD</>, \"/proc/705/maps\", O_RDONLY) = 3</proc/705/maps>",
         "openat(AT_FDCWD</>, \"/proc/1001/maps\", O_RDONLY) = 3</proc/1001/maps>");
  expect("--- SIGSEGV {si_signo=SIGSEGV, si_code=SI_USER, si_pid=700, si_uid=0} ---",
         "--- SIGSEGV {si_signo=SIGSEGV, si_code=SI_USER, si_pid=1000, si_uid=0} ---");
}

TEST(PidNumbersTest, OtherNumbersStay) {
  const PidNumbers numbers(Lines());
  for (const char* text :
       {"mmap(NULL, 700, PROT_READ, MAP_PRIVATE, 705, 0) = 703", "write(1, \"700\", 3) = 700", "kill(7001, 0) = 0",
        "wait4(706, NULL, 0, NULL) = 70", "openat(AT_FDCWD</>, \"/proc/7/maps\", 700) = 3", "clone(", "wait4("}) {
    EXPECT_EQ(numbers.Rewrite(text), text);
  }
}

}  // namespace
}  // namespace memsim::record
