#include "client/library/json_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace memsim::client {
namespace {

TEST(JsonText, AnyBytesBecomeValidText) {
  EXPECT_EQ(JsonString("a\n\"\\\x01"), R"("a\u000a\"\\\u0001")");
  EXPECT_EQ(JsonString("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"), "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
  for (const char* bad : {"\xff", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5", "\xe2\x82"}) {
    EXPECT_THAT(JsonString(bad), testing::StartsWith("\"\\ufffd")) << bad;
  }
  EXPECT_EQ(SpellOutBytes("/a\xff\xc3\xa9"), "/a\\xff\xc3\xa9");
  EXPECT_EQ(Printable("a\033[2Jb\xff"), "a?[2Jb?");
  EXPECT_EQ(Printable("\xc2\x9b"
                      "2J \xc2\xa0"),
            "?2J \xc2\xa0");
  EXPECT_THAT(Printable(std::string(1000, 'x')), testing::SizeIs(403));
}

}  // namespace
}  // namespace memsim::client
