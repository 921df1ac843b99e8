#include "client/record/directories.h"

#include "gtest/gtest.h"

#include "tests/unit/record/log_lines.h"

namespace memsim::record {
namespace {

Directories After(const std::vector<std::string>& lines) {
  Directories directories("/home");
  for (const LogLine& line : LinesOf(lines)) directories.Follow(line);
  return directories;
}

TEST(DirectoriesTest, TheFirstProcessIsWhereItWasStarted) { EXPECT_EQ(After({"1 brk(NULL) = 0x1"}).Of(1), "/home"); }

TEST(DirectoriesTest, ChangesAreFollowedIfTheySucceed) {
  EXPECT_EQ(After({"1 chdir(\"/tmp\") = 0"}).Of(1), "/tmp");
  EXPECT_EQ(After({"1 chdir(\"a\\40b\") = 0"}).Of(1), "/home/a b");
  EXPECT_EQ(After({"1 chdir(\"/tmp\") = -1 ENOENT (No such file or directory)"}).Of(1), "/home");
  EXPECT_EQ(After({"1 fchdir(3</var/log>) = 0"}).Of(1), "/var/log");
  EXPECT_EQ(After({"1 fchdir(3</var/log>) = -1 EACCES (Permission denied)"}).Of(1), "/home");
}

TEST(DirectoriesTest, AnyLineThatShowsTheDirectoryTellsIt) {
  EXPECT_EQ(After({"1 openat(AT_FDCWD</srv>, \"x\", O_RDONLY) = 3</srv/x>"}).Of(1), "/srv");
}

TEST(DirectoriesTest, OfTwoProcessesThatForkAtOnceTheLaterOneIsTheParentOfWhatAppears) {
  const Directories directories =
      After({"1 chdir(\"/one\") = 0", "2 chdir(\"/two\") = 0", "1 fork( <unfinished ...>", "2 fork( <unfinished ...>",
             "1 <... fork resumed>) = 3", "4 brk(NULL) = 0x1000", "2 <... fork resumed>) = 4", "3 brk(NULL) = 0x1000"});
  EXPECT_EQ(directories.Of(3), "/one");
  EXPECT_EQ(directories.Of(4), "/two");
}

TEST(DirectoriesTest, NoLineIsTooStrange) {
  for (const char* line : {"1 chdir(\"", "1 chdir(", "1 fchdir(", "1 fchdir(3<) = 0", "1 AT_FDCWD<", "1 fork() = ?"}) {
    EXPECT_EQ(After({line}).Of(1), "/home") << line;
  }
}

}  // namespace
}  // namespace memsim::record
