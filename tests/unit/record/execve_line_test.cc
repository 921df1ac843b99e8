#include "client/record/execve_line.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace memsim::record {
namespace {

using ::testing::ElementsAre;

TEST(ExecveLineTest, AProgramIsReadBackFromItsCall) {
  const auto program = SucceededExecve(R"(execve("./a \"b\"", ["a", "-n\t", "x, [y]"], ["HOME=/", "Z=\303\244"]) = 0)");
  ASSERT_TRUE(program.has_value());
  EXPECT_EQ(program->path, "./a \"b\"");
  EXPECT_THAT(program->arguments, ElementsAre("a", "-n\t", "x, [y]"));
  EXPECT_THAT(program->environment, ElementsAre("HOME=/", "Z=\u00e4"));
  EXPECT_EQ(program->directory, "");
}

TEST(ExecveLineTest, AnEnvironmentThatIsNotToldAndNoArgumentsAreUnderstood) {
  const auto program = SucceededExecve(R"(execve("/bin/a", [], 0x7ffe /* 3 vars */) = 0)");
  ASSERT_TRUE(program.has_value());
  EXPECT_THAT(program->arguments, ElementsAre(""));
  EXPECT_TRUE(program->environment.empty());
}

TEST(ExecveLineTest, OtherCallsAndFailuresAreNoExecve) {
  for (const char* call : {R"(execve("/bin/a", ["a"], ["X=1"]) = -1 ENOENT (No such file or directory))",
                           R"(open("/bin/a", O_RDONLY) = 0)", R"(execve(0x1, ["a"], []) = 0)", R"(execve("a) = 0)",
                           R"(execve("a", ["b) = 0)", "execve( = 0", ""}) {
    EXPECT_EQ(SucceededExecve(call), std::nullopt) << call;
  }
}

TEST(ExecveLineTest, OfAnEnvironmentTheTraceHasTheNumber) {
  EXPECT_EQ(ShortLine(R"(execve("/a", ["a"], ["X=1", "Y=]"]) = 0)"), R"(execve("/a", ["a"], [/* 2 vars */]) = 0)");
  EXPECT_EQ(ShortLine(R"(execve("/a", ["a"], ["X=1"] <unfinished ...>)"),
            R"(execve("/a", ["a"], [/* 1 var */] <unfinished ...>)");
  EXPECT_EQ(ShortLine(R"(execve("/a", ["a"], 0x7f /* 2 vars */) = 0)"),
            R"(execve("/a", ["a"], 0x7f /* 2 vars */) = 0)");
}

TEST(ExecveLineTest, LongDataIsLeftOutAndPathsAreNot) {
  const std::string data(40, 'x');
  EXPECT_EQ(ShortLine("write(1</a>, \"" + data + "\"..., 40) = 40"), "write(1</a>, \"\"..., 40) = 40");
  EXPECT_EQ(ShortLine("writev(1</a>, [{\"" + data + "\", 40}, {\"ok\", 2}], 2) = 42"),
            "writev(1</a>, [{\"\"..., 40}, {\"ok\", 2}], 2) = 42");
  EXPECT_EQ(ShortLine("<... read resumed>\"" + data + "\", 40) = 40"), "<... read resumed>\"\"..., 40) = 40");
  const std::string open = "open(\"/" + data + "\", O_RDONLY) = 3";
  EXPECT_EQ(ShortLine(open), open);
  EXPECT_EQ(ShortLine("write(1, \"" + data), "write(1, \"" + data);
}

}  // namespace
}  // namespace memsim::record
