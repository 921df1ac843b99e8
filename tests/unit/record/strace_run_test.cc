#include "client/record/strace_run.h"

#include "gtest/gtest.h"

#include "client/record/program_image.h"

namespace memsim::record {
namespace {

TEST(FindProgramTest, NamesAreLookedUpAndPathsAreNot) {
  EXPECT_EQ(FindProgram("sh", "/nowhere:/bin"), "/bin/sh");
  EXPECT_EQ(FindProgram("sh", "/nowhere"), std::nullopt);
  EXPECT_EQ(FindProgram("/bin/sh", "/nowhere"), "/bin/sh");
  EXPECT_EQ(FindProgram("/bin/no such program", "/bin"), std::nullopt);
  EXPECT_EQ(FindProgram("", "/bin"), std::nullopt);
}

TEST(FindProgramTest, FoldersAndWhatMayNotBeExecutedAreNoPrograms) {
  EXPECT_EQ(FindProgram("/bin", ""), std::nullopt);
  EXPECT_EQ(FindProgram("/etc/passwd", ""), std::nullopt);
}

TEST(ProgramImageTest, WhatCannotBeStartedIsToldWithItsReason) {
  const auto image = ImageOf({"/bin/no such program", {"a"}, {}, ""});
  EXPECT_EQ(image.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(image.status().message(), "/bin/no such program: No such file or directory");
  EXPECT_EQ(ImageOf({"/bin/sh", {"sh"}, {}, "/no such folder"}).status().message(),
            "/no such folder: No such file or directory");
}

TEST(ProgramImageTest, TheImageIsTheSameEachTimeAndEndsWithTheVsyscallPage) {
  const Program program{"/bin/sh", {"sh", "-c", "exit"}, {"HOME=/"}, "/"};
  const auto first = ImageOf(program);
  if (!first.ok()) GTEST_SKIP() << "this host forbids tracing: " << first.status();
  const auto second = ImageOf(program);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(*first, *second);
  EXPECT_GE(first->size(), 5U);
}

}  // namespace
}  // namespace memsim::record
