#include "server/rpc/page_token.h"

#include <string>

#include "gtest/gtest.h"

#include "server/calls/misuse.h"

namespace memsim {
namespace {

const MachineName kLast{"acme", "m-7"};

TEST(PageTokenTest, ATokenLeadsBackToItsName) {
  for (const char* tenant : {"acme", "-"}) {
    const auto read = ReadPageToken(tenant, MakePageToken(tenant, kLast));
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, kLast);
  }
}

TEST(PageTokenTest, NoTokenIsTheFirstPage) {
  const auto read = ReadPageToken("acme", "");
  ASSERT_TRUE(read.ok());
  EXPECT_FALSE(read->has_value());
}

TEST(PageTokenTest, ATokenIsOfOneListOnly) {
  EXPECT_EQ(MisuseReason(ReadPageToken("-", MakePageToken("acme", kLast)).status()),
            v1::ERROR_REASON_PAGE_TOKEN_INVALID);
}

TEST(PageTokenTest, AChangedTokenIsRefused) {
  const std::string token = MakePageToken("acme", kLast);
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    const auto read = ReadPageToken("acme", changed);
    // The last character has bits that mean nothing.
    EXPECT_TRUE(!read.ok() || *read == kLast) << changed;
  }
  for (const char* text : {"x", "%%%", "AAAA", "Og"}) {
    EXPECT_EQ(MisuseReason(ReadPageToken("acme", text).status()), v1::ERROR_REASON_PAGE_TOKEN_INVALID) << text;
  }
}

}  // namespace
}  // namespace memsim
