#include "tests/conformance/levels.h"

#include <gtest/gtest.h>

namespace memsim::replay {
namespace {

TEST(Levels, ARowIsAFolderAShareAndTwoCounts) {
  const auto levels = ParseLevels("# a comment\n\nprograms  97.25  3 14\nprobe 0 0 0\n");
  ASSERT_TRUE(levels.ok()) << levels.status();
  ASSERT_EQ(levels->size(), 2U);
  EXPECT_EQ(levels->at("programs").equal_share, 97.25);
  EXPECT_EQ(levels->at("programs").wholly_equal, 3U);
  EXPECT_EQ(levels->at("programs").most_skipped, 14U);
}

TEST(Levels, WhatIsNoRowNamesItsLine) {
  for (const char* text :
       {"\nprobe", "\nprobe 1", "\nprobe 1 1", "\nprobe x 1 1", "\nprobe 101 1 1", "\nprobe -1 1 1", "\nprobe nan 1 1",
        "\nprobe 1 x 1", "\nprobe 1 1 x", "\nprobe 1 1 -1", "probe 1 1 1\nprobe 1 1 1"}) {
    const auto levels = ParseLevels(text);
    ASSERT_FALSE(levels.ok()) << text;
    EXPECT_NE(levels.status().message().find("line 2"), std::string::npos) << levels.status();
  }
}

}  // namespace
}  // namespace memsim::replay
