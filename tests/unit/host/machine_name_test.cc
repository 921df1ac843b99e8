#include "server/host/machine_name.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/calls/misuse.h"

namespace memsim {
namespace {

using testing::HasSubstr;

TEST(MachineNameTest, TheLongFormNamesTenantAndMachine) {
  const auto name = MachineName::Parse("tenants/acme/machines/web-1");
  ASSERT_TRUE(name.ok());
  EXPECT_EQ(*name, (MachineName{"acme", "web-1"}));
  EXPECT_EQ(name->ToString(), "tenants/acme/machines/web-1");
}

TEST(MachineNameTest, TheShortFormIsOfTheDefaultTenant) {
  EXPECT_EQ(*MachineName::Parse("demo"), (MachineName{"default", "demo"}));
  EXPECT_EQ(MachineName::Parse("demo")->ToString(), "tenants/default/machines/demo");
}

TEST(MachineNameTest, APartHasOneTo63Characters) {
  EXPECT_FALSE(MachineName::Parse("").ok());
  EXPECT_TRUE(MachineName::Parse("a").ok());
  EXPECT_TRUE(MachineName::Parse(std::string(63, 'a')).ok());
  EXPECT_FALSE(MachineName::Parse(std::string(64, 'a')).ok());
}

TEST(MachineNameTest, WhatIsNoNameIsRefusedWithItsText) {
  for (const std::string bad :
       {"A", "1a", "-a", "a-", "a_b", "a.b", "a b", "ä", "tenants/x", "tenants/x/machines", "machines/x",
        "tenants//machines/x", "tenants/x/machines/", "tenants/x/machines/y/z", "/a", "a/", "tenants/-/machines/x"}) {
    const absl::Status status = MachineName::Parse(bad).status();
    EXPECT_EQ(MisuseReason(status), v1::ERROR_REASON_NAME_INVALID) << bad;
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_THAT(std::string(MachineName::Parse("Demo").status().message()), HasSubstr("\"Demo\""));
}

TEST(MachineNameTest, AHugeOrBinaryNameIsQuotedShortAndEscaped) {
  const std::string message(MachineName::Parse(std::string(100'000, '\n')).status().message());
  EXPECT_LT(message.size(), 1000U);
  EXPECT_EQ(message.find('\n'), std::string::npos);
}

TEST(MachineNameTest, NamesAreOrderedByTenantFirst) {
  EXPECT_LT((MachineName{"a", "z"}), (MachineName{"b", "a"}));
  EXPECT_LT((MachineName{"a", "y"}), (MachineName{"a", "z"}));
}

TEST(TenantTest, AnEmptyParentIsTheDefaultTenant) {
  EXPECT_EQ(*ParseTenant("", TenantWildcard::kRefused), "default");
  EXPECT_EQ(*ParseTenant("tenants/acme", TenantWildcard::kRefused), "acme");
}

TEST(TenantTest, OnlyListsKnowTheWildcard) {
  EXPECT_EQ(*ParseTenant("tenants/-", TenantWildcard::kAllowed), kAnyTenant);
  EXPECT_EQ(MisuseReason(ParseTenant("tenants/-", TenantWildcard::kRefused).status()), v1::ERROR_REASON_NAME_INVALID);
}

TEST(TenantTest, WhatIsNoTenantIsRefused) {
  for (const char* bad : {"acme", "tenants", "tenants/", "tenants/A", "tenants/a/b", "/tenants/a"}) {
    EXPECT_EQ(MisuseReason(ParseTenant(bad, TenantWildcard::kAllowed).status()), v1::ERROR_REASON_NAME_INVALID) << bad;
  }
}

}  // namespace
}  // namespace memsim
