// mseal(2), and what it forbids.

#include "server/kernel/vm/mseal.h"

#include "gtest/gtest.h"

#include "server/kernel/vm/brk.h"
#include "tests/unit/kernel/vm/program.h"

namespace memsim {
namespace {

class MsealTest : public ProgramTest {
 protected:
  std::string Seal(VirtualAddress address, ByteCount length, std::uint64_t flags = 0) {
    const Errno error = Mseal(mm().space(), address, length, flags);
    world_.Check();
    return Text(error);
  }
  std::string Seal(std::uint64_t first, std::uint64_t end) { return Seal(At(first), Pages(end - first)); }
};

TEST_F(MsealTest, TheChecksComeInLinuxsOrder) {
  mm().Map(0, 2);
  mm().Map(3, 4);
  EXPECT_EQ(Seal(At(0), Pages(1), 1), "EINVAL");
  EXPECT_EQ(Seal(At(0) + ByteCount(1), Pages(1)), "EINVAL");
  EXPECT_EQ(Seal(At(0), ByteCount(UINT64_MAX)), "EINVAL");
  EXPECT_EQ(Seal(At(1), ByteCount(UINT64_MAX - 4095)), "EINVAL");
  EXPECT_EQ(Seal(At(9), ByteCount(0)), "OK");
  EXPECT_EQ(Seal(0, 4), "ENOMEM");
  EXPECT_EQ(Seal(2, 4), "ENOMEM");
  EXPECT_EQ(Seal(3, 5), "ENOMEM");
  EXPECT_EQ(mm().Maps(), "0..2 rw-p, 3..4 rw-p");
  mm().Unmap(0, 4);
}

TEST_F(MsealTest, NothingTakesWhatIsSealedAway) {
  mm().Map(0, 8);
  EXPECT_EQ(Seal(2, 6), "OK");
  EXPECT_EQ(Seal(2, 6), "OK") << "again";
  EXPECT_EQ(mm().Maps(), "0..2 rw-p, 2..6 rw-p, 6..8 rw-p");
  EXPECT_EQ(mm().TryUnmap(At(3), Pages(1)), "EPERM");
  EXPECT_EQ(mm().TryProtect(3, 4, "r"), "EPERM");
  EXPECT_EQ(mm().TryProtect(3, 4, "rw"), "EPERM") << "even to what it is";
  EXPECT_EQ(mm().TryMap(3, 4), "EPERM");
  EXPECT_EQ(mm().Remap(2, 4, 4, kMremapMayMove | kMremapFixed, 20), "EPERM");
  EXPECT_EQ(mm().Remap(2, 4, 2), "EPERM");
  EXPECT_EQ(mm().Remap(2, 4, 4), "EPERM");
  EXPECT_EQ(mm().Maps(), "0..2 rw-p, 2..6 rw-p, 6..8 rw-p");
}

TEST_F(MsealTest, WhatComesBeforeItInARangeIsChanged) {
  mm().Map(0, 4);
  EXPECT_EQ(Seal(2, 4), "OK");
  EXPECT_EQ(mm().TryProtect(0, 4, "r"), "EPERM");
  EXPECT_EQ(mm().Maps(), "0..2 r--p, 2..4 rw-p");
  // A cut at the start of what was to be unmapped stays; nothing is unmapped.
  EXPECT_EQ(mm().TryUnmap(At(1), Pages(3)), "EPERM");
  EXPECT_EQ(mm().Maps(), "0..1 r--p, 1..2 r--p, 2..4 rw-p");
}

TEST_F(MsealTest, DiscardingIsForWhatCouldBeWritten) {
  mm().Map(0, 4);
  mm().Write(0, 4);
  EXPECT_EQ(Seal(0, 2), "OK");
  EXPECT_EQ(mm().Advise(0, 1, kMadvDontNeed), "OK");
  EXPECT_EQ(mm().Advise(0, 1, kMadvDontFork), "OK");
  mm().Protect(2, 4, "r");
  EXPECT_EQ(Seal(2, 4), "OK");
  for (const int advice : {kMadvDontNeed, kMadvDontNeedLocked, kMadvFree, kMadvRemove, kMadvDontFork, kMadvWipeOnFork,
                           kMadvGuardInstall}) {
    EXPECT_EQ(mm().Advise(2, 4, advice), "EPERM") << advice;
  }
  EXPECT_EQ(mm().Advise(2, 4, kMadvCold), "OK");
  EXPECT_EQ(mm().Advise(2, 4, kMadvRandom), "OK");
  EXPECT_EQ(mm().Entries(0, 4), ".wrr");
}

TEST_F(MsealTest, ForkCopiesTheSeal) {
  mm().Map(0, 1);
  EXPECT_EQ(Seal(0, 1), "OK");
  const auto child = mm().Fork();
  EXPECT_EQ(child->TryUnmap(At(0), Pages(1)), "EPERM");
}

}  // namespace
}  // namespace memsim
