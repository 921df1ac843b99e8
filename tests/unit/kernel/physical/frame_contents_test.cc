#include "server/kernel/physical/frame_contents.h"

#include <string>
#include <utility>

#include "gtest/gtest.h"

namespace memsim {
namespace {

constexpr PageFrameNumber kFirst{512};

class FrameContentsTest : public testing::Test {
 protected:
  FrameContentsTest() {
    directory_.MakeSection(kFirst);
    directory_.MakeFrames(kFirst, Order(4));
  }
  ~FrameContentsTest() override { contents_.CheckInvariants(); }

  void Write(std::uint64_t frame, std::uint64_t offset, absl::string_view bytes) {
    contents_.Write(At(frame), ByteCount(offset), bytes);
    contents_.CheckInvariants();
  }
  std::string Read(std::uint64_t frame, std::uint64_t offset, std::size_t length) const {
    std::string bytes(length, '?');
    contents_.Read(At(frame), ByteCount(offset), absl::MakeSpan(bytes));
    for (char& byte : bytes) byte = byte == 0 ? '.' : byte;
    return bytes;
  }
  std::string DigestNow() const {
    Digest digest;
    contents_.DigestTo(digest);
    return digest.ToHex();
  }
  static PageFrameNumber At(std::uint64_t frame) { return kFirst + PageCount(frame); }

  FrameDirectory directory_;
  FrameContents contents_{directory_};
};

TEST_F(FrameContentsTest, WhatWasWrittenIsReadBackAndTheRestIsZero) {
  Write(1, 4, "abc");
  EXPECT_EQ(Read(1, 2, 7), "..abc..");
  Write(1, 4093, "xyz");
  EXPECT_EQ(Read(1, 4090, 6), "...xyz");
  EXPECT_EQ(Read(0, 0, 4), "....");
  EXPECT_FALSE(contents_.Has(At(0)));
}

TEST_F(FrameContentsTest, ZerosCostNothingAndAPageOfZerosIsForgotten) {
  const ByteCount nothing = contents_.HostMemory();
  EXPECT_EQ(nothing, ByteCount(0));
  Write(1, 0, std::string(4096, '\0'));
  EXPECT_EQ(contents_.HostMemory(), nothing);
  Write(1, 100, "ab");
  EXPECT_GT(contents_.HostMemory(), ByteCount(4096));
  EXPECT_LT(contents_.HostMemory(), ByteCount(4096 + 256));
  Write(1, 100, absl::string_view("\0", 1));
  EXPECT_EQ(Read(1, 99, 4), "..b.");
  Write(1, 101, absl::string_view("\0", 1));
  EXPECT_FALSE(contents_.Has(At(1)));
  EXPECT_EQ(contents_.HostMemory(), nothing);
  Write(1, 0, "a");
  contents_.Clear(At(1), ByteCount(0), kPageSize);
  EXPECT_TRUE(contents_.empty());
}

TEST_F(FrameContentsTest, ACopySharesItsBytesUntilOneOfTheTwoChanges) {
  Write(1, 0, "abc");
  const ByteCount one = contents_.HostMemory();
  contents_.Copy(At(1), At(2));
  contents_.Copy(At(2), At(3));
  EXPECT_LT(contents_.HostMemory(), one + ByteCount(256));
  Write(2, 1, "X");
  EXPECT_EQ(Read(1, 0, 3), "abc");
  EXPECT_EQ(Read(2, 0, 3), "aXc");
  EXPECT_EQ(Read(3, 0, 3), "abc");
  contents_.Clear(At(3), ByteCount(0), ByteCount(2));
  EXPECT_EQ(Read(1, 0, 3), "abc");
  EXPECT_EQ(Read(3, 0, 3), "..c");
  contents_.Copy(At(4), At(5));
  EXPECT_FALSE(contents_.Has(At(5)));
}

TEST_F(FrameContentsTest, AnAllocatedBlockLosesWhatAllOfItsFramesHeld) {
  for (const std::uint64_t frame : {3, 4, 7, 8}) Write(frame, 0, "a");
  contents_.Drop(At(4), Order(2));
  EXPECT_EQ(Read(3, 0, 1) + Read(4, 0, 1) + Read(7, 0, 1) + Read(8, 0, 1), "a..a");
}

TEST_F(FrameContentsTest, WhatIsTakenIsKeptElsewhereAndStillCounted) {
  Write(1, 0, "abc");
  const ByteCount one = contents_.HostMemory();
  PageBytes taken = contents_.Take(At(1));
  EXPECT_FALSE(contents_.Has(At(1)));
  EXPECT_GT(contents_.HostMemory(), one - ByteCount(64));
  taken = FrameContents::Cut(taken, ByteCount(1), ByteCount(1));
  contents_.Put(At(9), taken);
  EXPECT_EQ(Read(9, 0, 3), "a.c");
  EXPECT_TRUE(FrameContents::Cut(taken, ByteCount(0), kPageSize).zero());
  EXPECT_EQ(Read(9, 0, 3), "a.c");
  taken = PageBytes();
  contents_.Drop(At(9), Order(0));
  EXPECT_EQ(contents_.HostMemory(), ByteCount(0));
  EXPECT_TRUE(contents_.Take(At(9)).zero());
  contents_.Put(At(9), PageBytes());
  EXPECT_TRUE(contents_.empty());
}

TEST_F(FrameContentsTest, TheDigestTellsBytesAndFramesApartAndNotHowTheyCameThere) {
  const std::string nothing = DigestNow();
  Write(1, 0, "ab");
  const std::string first = DigestNow();
  EXPECT_NE(first, nothing);
  contents_.Copy(At(1), At(2));
  const std::string both = DigestNow();
  Write(2, 0, "ac");
  EXPECT_NE(DigestNow(), both);
  Write(2, 0, "ab");
  EXPECT_EQ(DigestNow(), both);
  contents_.Drop(At(1), Order(0));
  EXPECT_NE(DigestNow(), first) << "the same bytes in another frame";
}

}  // namespace
}  // namespace memsim
