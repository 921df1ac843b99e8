#include "server/base/digest.h"

#include <set>
#include <string>

#include "gtest/gtest.h"

namespace memsim {
namespace {

template <typename... Values>
std::string Of(const Values&... values) {
  Digest digest;
  (digest.Add(values), ...);
  return digest.ToHex();
}

std::uint64_t N(std::uint64_t number) { return number; }

// Machines of one model version must agree on every host and in every build.
TEST(DigestTest, TheFirstValuesArePinned) {
  EXPECT_EQ(Of(), "13198a2e03707345243f6a8885a308d3");
  EXPECT_EQ(Of(N(0)), "20c795632ac0328cf49e0fa44f10a989");
  EXPECT_EQ(Of(N(1), N(2), absl::string_view("memsim")), "280cbacc568a0a07a4670f1bf82eaea0");
}

TEST(DigestTest, OrderNumberAndBordersMatter) {
  const std::set<std::string> all = {Of(),
                                     Of(N(0)),
                                     Of(N(0), N(0)),
                                     Of(N(1), N(2)),
                                     Of(N(2), N(1)),
                                     Of(absl::string_view("ab"), absl::string_view("c")),
                                     Of(absl::string_view("a"), absl::string_view("bc")),
                                     Of(absl::string_view("abc")),
                                     Of(absl::string_view("abc"), absl::string_view(""))};
  EXPECT_EQ(all.size(), 9U);
}

TEST(DigestTest, EveryByteOfALongTextCounts) {
  std::set<std::string> all;
  for (std::size_t i = 0; i < 20; ++i) {
    std::string text(20, 'x');
    text[i] = 'y';
    all.insert(Of(absl::string_view(text)));
  }
  EXPECT_EQ(all.size(), 20U);
}

TEST(DigestTest, AUnitCountsAsItsNumber) {
  EXPECT_EQ(Of(PageCount(7)), Of(N(7)));
  EXPECT_EQ(Of(Pid(7)), Of(N(7)));
}

int DifferentBits(const std::string& a, const std::string& b) {
  int bits = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    bits += __builtin_popcount(static_cast<unsigned>(std::stoi(a.substr(i, 1), nullptr, 16)) ^
                               static_cast<unsigned>(std::stoi(b.substr(i, 1), nullptr, 16)));
  }
  return bits;
}

// Of 128 bits, 64 on the average; that fewer than 32 change by chance happens once in a hundred million times.
TEST(DigestTest, EveryBitOfANumberChangesAboutHalfOfTheDigestOnceAnotherNumberFollows) {
  const std::string before = Of(N(0x0123'4567'89ab'cdef), N(7));
  for (int bit = 0; bit < 64; ++bit) {
    const int different = DifferentBits(before, Of(N(0x0123'4567'89ab'cdef ^ (1ULL << bit)), N(7)));
    EXPECT_GT(different, 32) << bit;
    EXPECT_LT(different, 96) << bit;
  }
}

TEST(DigestTest, SmallNumbersInARowDoNotCollide) {
  std::set<std::string> all;
  for (std::uint64_t a = 0; a < 100; ++a) {
    for (std::uint64_t b = 0; b < 100; ++b) all.insert(Of(N(a), N(b), N(0), N(0)));
  }
  EXPECT_EQ(all.size(), 10'000U);
}

TEST(DigestTest, NoBitOfANumberIsLost) {
  std::set<std::string> all;
  for (int bit = 0; bit < 64; ++bit) all.insert(Of(N(1ULL << bit)));
  EXPECT_EQ(all.size(), 64U);
}

}  // namespace
}  // namespace memsim
