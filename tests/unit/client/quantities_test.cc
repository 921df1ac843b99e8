#include "client/cli/quantities.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "client/cli/usage_error.h"

namespace memsim::cli {
namespace {

TEST(ParseSizeTest, UnderstandsUnitsOf1024) {
  EXPECT_EQ(*ParseSize("0"), 0U);
  EXPECT_EQ(*ParseSize("4096"), 4096U);
  EXPECT_EQ(*ParseSize("0x1000"), 4096U);
  EXPECT_EQ(*ParseSize("100B"), 100U);
  EXPECT_EQ(*ParseSize("64KiB"), 65536U);
  EXPECT_EQ(*ParseSize("64k"), 65536U);
  EXPECT_EQ(*ParseSize("1.5GiB"), 3U << 29);
  EXPECT_EQ(*ParseSize("0.5K"), 512U);
  EXPECT_EQ(*ParseSize("24 GiB"), 24ULL << 30);
  EXPECT_EQ(*ParseSize("4TiB"), 4ULL << 40);
  EXPECT_EQ(*ParseSize("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(*ParseSize("16777215TiB"), 16777215ULL << 40);
}

TEST(ParseSizeTest, RefusesWhatIsNoWholeNumberOfBytes) {
  for (const char* bad : {"", "KiB", "x", "-1", "1.5", "1.0001KiB", "1e3", "1 2", "64KB", "1mb", "16777216TiB",
                          "18446744073709551616", "0x", "1..5K", "infK", "nanG", "9007199254740993.5K", "64KiBs"}) {
    EXPECT_FALSE(ParseSize(bad).ok()) << bad;
    EXPECT_TRUE(IsUsageError(ParseSize(bad).status())) << bad;
  }
}

TEST(ParseSizeTest, SaysOfAWholeNumberThatIsTooLargeThatItIs) {
  for (const char* large : {"99999999999999999999999GiB", "18446744073709551616", "17592186044416MiB",
                            "0x10000000000000000", "18446744073709551616B"}) {
    EXPECT_THAT(std::string(ParseSize(large).status().message()), testing::HasSubstr("is more than 2^64 - 1 bytes"))
        << large;
  }
  EXPECT_THAT(std::string(ParseSize("9007199254740993.5K").status().message()),
              testing::HasSubstr("write whole units"));
}

TEST(ParseLimitTest, UnlimitedIsTheLargestNumber) {
  EXPECT_EQ(*ParseLimit("unlimited"), UINT64_MAX);
  EXPECT_EQ(*ParseLimit("8MiB"), 8U << 20);
}

TEST(ParseNumberTest, DecimalAndHexadecimalToTheirLimits) {
  EXPECT_EQ(*ParseUnsigned("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(*ParseUnsigned("0xffffffffffffffff"), UINT64_MAX);
  EXPECT_FALSE(ParseUnsigned("18446744073709551616").ok());
  EXPECT_FALSE(ParseUnsigned("0x10000000000000000").ok());
  EXPECT_FALSE(ParseUnsigned("-1").ok());
  EXPECT_FALSE(ParseUnsigned("").ok());
  EXPECT_EQ(*ParseSigned("-1"), -1);
  EXPECT_EQ(*ParseSigned("-9223372036854775808"), INT64_MIN);
  EXPECT_FALSE(ParseSigned("9223372036854775808").ok());
}

TEST(FormatSizeTest, TheLargestUnitThatLeavesAtLeastOne) {
  EXPECT_EQ(FormatSize(0), "0 B");
  EXPECT_EQ(FormatSize(1023), "1023 B");
  EXPECT_EQ(FormatSize(1024), "1 KiB");
  EXPECT_EQ(FormatSize(65536), "64 KiB");
  EXPECT_EQ(FormatSize(1536), "1.5 KiB");
  EXPECT_EQ(FormatSize(24ULL << 30), "24 GiB");
  EXPECT_EQ(FormatSize((24ULL << 30) - 1), "24 GiB");
  EXPECT_EQ(FormatSize(4ULL << 40), "4 TiB");
  EXPECT_EQ(FormatLimit(UINT64_MAX), "unlimited");
}

TEST(FormatSizeTest, WholeUnitsComeBack) {
  for (std::uint64_t bytes = 1; bytes < (1ULL << 50); bytes *= 2) EXPECT_EQ(*ParseSize(FormatSize(bytes)), bytes);
}

TEST(ParseNanosecondsTest, UnitsAndFractionsThatAreWholeNanoseconds) {
  EXPECT_EQ(*ParseNanoseconds("7"), 7U);
  EXPECT_EQ(*ParseNanoseconds("1.1us"), 1100U);
  EXPECT_EQ(*ParseNanoseconds("1.000001ms"), 1'000'001U);
  EXPECT_EQ(*ParseNanoseconds("0.1s"), 100'000'000U);
  EXPECT_EQ(*ParseNanoseconds(".25us"), 250U);
  EXPECT_EQ(*ParseNanoseconds("0.00000000025h"), 900U);
  EXPECT_EQ(*ParseNanoseconds("1.000ns"), 1U);
  for (const char* text : {"1.2.3us", "1.", ".", "us", "-1.5us", "+1.5us", "18446744073709551615.5us", "1.x"}) {
    EXPECT_THAT(std::string(ParseNanoseconds(text).status().message()), testing::HasSubstr("is no time")) << text;
  }
  for (const char* text : {"0.5ns", "1.5", "0.0001us", "1.0000001ms", "0.0000000001ns", "600000.0000000004s"}) {
    EXPECT_THAT(std::string(ParseNanoseconds(text).status().message()),
                testing::HasSubstr("no whole number of nanoseconds"))
        << text;
  }
}

TEST(FormatTest, AddressesTimesAndCounts) {
  EXPECT_EQ(FormatAddress(0x7ffff7dc0000), "0x7ffff7dc0000");
  EXPECT_EQ(FormatNanoseconds(0), "0 ns");
  EXPECT_EQ(FormatNanoseconds(1500), "1.5 us");
  EXPECT_EQ(FormatNanoseconds(2000000), "2 ms");
  EXPECT_EQ(FormatNanoseconds(12500000000), "12.5 s");
  EXPECT_EQ(FormatCount(1, "page"), "1 page");
  EXPECT_EQ(FormatCount(0, "page"), "0 pages");
}

}  // namespace
}  // namespace memsim::cli
