#include "server/base/errno.h"

#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace memsim {
namespace {

TEST(ErrnoTest, NumbersAreLinuxsAndNamesItsSymbols) {
  EXPECT_EQ(static_cast<int>(Errno::kNoMem), 12);
  EXPECT_EQ(static_cast<int>(Errno::kOverflow), 75);
  EXPECT_EQ(static_cast<int>(Errno::kOpNotSupp), 95);
  EXPECT_EQ(ErrnoName(Errno::kOk), "OK");
  EXPECT_EQ(ErrnoName(Errno::kNoMem), "ENOMEM");
  EXPECT_EQ(ErrnoName(Errno::kOpNotSupp), "EOPNOTSUPP");
  EXPECT_EQ(ErrnoName(static_cast<Errno>(9999)), "E9999");
}

TEST(ErrnoTest, EveryNumberThatIsListedHasANameAndNoTwoTheSame) {
  std::set<std::string> names;
  int named = 0;
  for (int number = 1; number < 134; ++number) {
    const std::string name = ErrnoName(static_cast<Errno>(number));
    if (name == absl::StrCat("E", number)) continue;
    ++named;
    names.insert(name);
  }
  EXPECT_GE(named, 30);
  EXPECT_EQ(names.size(), static_cast<std::size_t>(named));
}

TEST(ErrnoOrTest, ItHoldsAValueOrWhyThereIsNone) {
  const ErrnoOr<int> value = 5;
  EXPECT_TRUE(value.ok());
  EXPECT_EQ(*value, 5);
  EXPECT_EQ(value.error(), Errno::kOk);
  const ErrnoOr<int> error = Errno::kNoMem;
  EXPECT_FALSE(error.ok());
  EXPECT_EQ(error.error(), Errno::kNoMem);
}

TEST(ErrnoOrTest, TheValueMayBeOneThatOnlyMoves) {
  ErrnoOr<std::unique_ptr<std::string>> pointer = std::make_unique<std::string>("x");
  EXPECT_EQ((*pointer)->size(), 1U);
  const std::unique_ptr<std::string> taken = std::move(*pointer);
  EXPECT_EQ(*taken, "x");
  ErrnoOr<std::string> text = std::string("abc");
  text->push_back('d');
  EXPECT_EQ(*text, "abcd");
}

TEST(ErrnoOrTest, AnIntegerIsNeverTakenForAnError) {
  const ErrnoOr<int> twelve = 12;
  EXPECT_TRUE(twelve.ok());
}

TEST(ErrnoOrDeathTest, SuccessIsNoError) { EXPECT_DEATH(ErrnoOr<int>(Errno::kOk).ok(), "check failed"); }

}  // namespace
}  // namespace memsim
