#include "server/kernel/vm/page_table.h"

#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

#include "server/kernel/physical/zone_layout.h"
#include "server/kernel/vm/layout.h"

namespace memsim {
namespace {

constexpr VmFlags kReadWrite = kVmRead | kVmWrite;

VirtualAddress Page(std::uint64_t page) { return VirtualAddress(page << kPageShift); }
VirtualRange Pages(std::uint64_t first, std::uint64_t end) { return {Page(first), Page(end)}; }

// --- Entries, with the bits of x86-64

TEST(PteTest, AnEntryHasTheHardwaresBits) {
  const PageFrameNumber frame(0x123);
  // Present, writable, user, accessed; no execution.
  EXPECT_EQ(Pte::Make(frame, kReadWrite, true).bits(), 0x8000000000123000 | 0x27);
  EXPECT_EQ(Pte::Make(frame, kReadWrite, false).bits(), 0x8000000000123000 | 0x25);
  EXPECT_EQ(Pte::Make(frame, kVmRead | kVmExec, true).bits(), 0x123000U | 0x25);
  // PROT_NONE: the global bit, and not present.
  EXPECT_EQ(Pte::Make(frame, 0, true).bits(), 0x8000000000123000 | 0x124);
  EXPECT_EQ(Pte().bits(), 0U);
}

TEST(PteTest, WhatAnEntrySaysOfItself) {
  const Pte none;
  EXPECT_TRUE(none.none());
  EXPECT_FALSE(none.present());
  const Pte closed = Pte::Make(PageFrameNumber(7), 0, true);
  EXPECT_TRUE(closed.present());
  EXPECT_TRUE(closed.prot_none());
  EXPECT_FALSE(closed.writable());
  const Pte open = Pte::Make(PageFrameNumber((1ULL << 40) - 1), kReadWrite, true);
  EXPECT_FALSE(open.prot_none());
  EXPECT_TRUE(open.writable());
  EXPECT_TRUE(open.accessed());
  EXPECT_FALSE(open.dirty());
  EXPECT_FALSE(open.executable());
  EXPECT_FALSE(open.special());
  EXPECT_EQ(open.frame(), PageFrameNumber((1ULL << 40) - 1));
}

TEST(PteTest, EachChangeTouchesItsOwnBits) {
  const Pte pte = Pte::Make(PageFrameNumber(7), kReadWrite, true);
  EXPECT_EQ(pte.Dirty().Clean(), pte);
  EXPECT_EQ(pte.WriteProtected().Writable(), pte);
  EXPECT_EQ(pte.Old().Accessed(), pte);
  EXPECT_FALSE(pte.Old().accessed());
  EXPECT_TRUE(pte.Old().Dirty().accessed());
  EXPECT_TRUE(pte.Special().special());
  EXPECT_EQ(pte.Special().frame(), PageFrameNumber(7));
}

TEST(PteTest, NewPermissionsKeepFrameAndHistoryAndNeverAddWriting) {
  const Pte pte = Pte::Make(PageFrameNumber(7), kReadWrite, true).Dirty();
  EXPECT_EQ(pte.WithPermissions(kReadWrite), pte);
  EXPECT_FALSE(pte.WithPermissions(kVmRead).writable());
  EXPECT_TRUE(pte.WithPermissions(kVmRead).dirty());
  EXPECT_FALSE(pte.WithPermissions(kVmRead).WithPermissions(kReadWrite).writable());
  EXPECT_TRUE(pte.WithPermissions(0).prot_none());
  EXPECT_EQ(pte.WithPermissions(0).frame(), PageFrameNumber(7));
  EXPECT_TRUE(pte.WithPermissions(kVmRead | kVmExec).executable());
  EXPECT_FALSE(pte.Old().WithPermissions(kVmRead).accessed());
  EXPECT_TRUE(pte.Special().WithPermissions(kVmRead).special());
}

TEST(PteTest, WhatAProgramStoredIsRememberedByTheEntryAlone) {
  const Pte pte = Pte::Make(PageFrameNumber(7), kReadWrite, true).Dirty();
  EXPECT_FALSE(pte.stored());
  EXPECT_TRUE(pte.Stored().Clean().Old().WithPermissions(kVmRead).stored());
  EXPECT_EQ(pte.Stored().frame(), PageFrameNumber(7));
  EXPECT_FALSE(pte.NeedsFlush(pte.Stored()));
}

TEST(PteTest, TheEntriesOfAHugePagesPages) {
  const Pte pte = Pte::Make(PageFrameNumber(512), kReadWrite, true).Dirty();
  EXPECT_EQ(pte.Next(PageCount(3)), Pte::Make(PageFrameNumber(515), kReadWrite, true).Dirty());
  EXPECT_EQ(pte.Special().Next(PageCount(3)), pte.Special()) << "all pages of the huge zero page are the same";
  EXPECT_EQ(pte.WithFrame(PageFrameNumber(9)), Pte::Make(PageFrameNumber(9), kReadWrite, true).Dirty());
}

TEST(PteTest, ATlbMustForgetWhatItHasOtherwise) {
  const Pte pte = Pte::Make(PageFrameNumber(0x123), kReadWrite, true).Dirty();
  EXPECT_FALSE(pte.NeedsFlush(pte));
  EXPECT_TRUE(pte.NeedsFlush(pte.WriteProtected()));
  EXPECT_TRUE(pte.WriteProtected().NeedsFlush(pte)) << "or the program would fault for nothing";
  EXPECT_TRUE(pte.NeedsFlush(pte.Clean()));
  EXPECT_FALSE(pte.Clean().NeedsFlush(pte)) << "the CPU sets it by itself";
  EXPECT_FALSE(pte.NeedsFlush(pte.Old())) << "reclaim may take it for used a while longer";
  EXPECT_TRUE(pte.NeedsFlush(pte.WithPermissions(kReadWrite | kVmExec)));
  const Pte closed = pte.WithPermissions(0);
  EXPECT_TRUE(pte.NeedsFlush(closed));
  EXPECT_FALSE(closed.NeedsFlush(pte)) << "no TLB has an entry of it";
  EXPECT_TRUE(pte.NeedsFlush(Pte::Make(PageFrameNumber(0x124), kReadWrite, true).Dirty()));
  EXPECT_FALSE(Pte().NeedsFlush(pte));
}

// --- Tables

class PageTablesTest : public testing::Test {
 protected:
  PageTablesTest()
      : pages_(LayOutMemory(ByteCount(32ULL << 20), std::nullopt), WatermarkParameters{}, counters_, locks_),
        tables_(pages_, counters_, locks_, {}) {}
  void TearDown() override {
    Empty({VirtualAddress(0), kTaskSize});
    tables_.FreeAll();
    Check();
    EXPECT_EQ(tables_.table_pages(), PageCount(0));
    EXPECT_EQ(counters_.Get(Counter::kNrPageTablePages), 0);
  }

  void Check() const {
    tables_.CheckInvariants();
    EXPECT_EQ(pages_.pages_of(PageOwner::kPageTable), tables_.table_pages());
  }
  void Set(VirtualAddress address) {
    tables_.FindOrAllocate(address)->Set(PageTables::LeafIndex(address), Pte::Make(PageFrameNumber(1), kVmRead, false));
    Check();
  }
  // A huge entry of frames 1024 and on. REQUIRES: the directories are there.
  void SetHuge(std::uint64_t page) {
    const auto deposit = tables_.AllocateDeposit();
    ASSERT_TRUE(deposit.has_value());
    tables_.SetHuge(Page(page), Pte::Make(PageFrameNumber(1024), kVmRead, false), *deposit);
    Check();
  }
  void Empty(VirtualRange range) {
    tables_.VisitLeaves(range, [](VirtualAddress, LeafTable& leaf, int first, int last) {
      for (int i = first; i < last; ++i) leaf.Set(i, Pte());
    });
  }
  std::uint64_t FreeRange(VirtualRange range, std::uint64_t floor, std::uint64_t ceiling) {
    Empty(range);
    tables_.FreeFrames(tables_.UnhookRange(range, Page(floor), Page(ceiling)).frames);
    Check();
    return tables_.table_pages().value();
  }

  Counters counters_;
  Cpus cpus_{1, kDefaultCosts};
  Locks locks_{cpus_};
  PageAllocator pages_;
  PageTables tables_;
};

TEST_F(PageTablesTest, ATableIsAddedUnderTheLockOfTheOneAbove) {
  const auto holds = [this](LockClass lock_class) {
    return locks_.counts(lock_class, LockMode::kExclusive).holds.count;
  };
  ASSERT_TRUE(tables_.AllocateRoot());
  ASSERT_NE(tables_.FindOrAllocate(Page(0)), nullptr);
  EXPECT_EQ(holds(LockClass::kMmPageTableLock), 2U) << "a PUD and a PMD, under the address space's";
  EXPECT_EQ(holds(LockClass::kPageTableLock), 1U) << "a leaf, under the PMD's own";
  ASSERT_NE(tables_.FindOrAllocate(Page(512)), nullptr);
  EXPECT_EQ(holds(LockClass::kMmPageTableLock), 2U);
  EXPECT_EQ(holds(LockClass::kPageTableLock), 2U);
  tables_.FreeAll();
}

TEST_F(PageTablesTest, WithoutARootNothingIsFoundAndNothingCosts) {
  EXPECT_EQ(tables_.Find(Page(1)), nullptr);
  EXPECT_TRUE(tables_.Get(Page(1)).none());
  EXPECT_EQ(tables_.table_bytes(), ByteCount(0));
}

TEST_F(PageTablesTest, TheFirstEntryTakesThreeTablesUnderTheRootWhichDoesNotCount) {
  ASSERT_TRUE(tables_.AllocateRoot());
  EXPECT_EQ(tables_.table_bytes(), ByteCount(0));
  Set(Page(3));
  EXPECT_EQ(tables_.table_bytes(), ByteCount(3 * 4096));
  // The same leaf, the next leaf, the next middle table, the next upper one.
  Set(Page(511));
  EXPECT_EQ(tables_.table_pages(), PageCount(4));
  Set(Page(512));
  EXPECT_EQ(tables_.table_pages(), PageCount(5));
  Set(Page(1ULL << 18));
  EXPECT_EQ(tables_.table_pages(), PageCount(7));
  Set(Page(1ULL << 27));
  EXPECT_EQ(tables_.table_pages(), PageCount(10));
  EXPECT_EQ(tables_.Find(Page(511)), tables_.Find(Page(3)));
  EXPECT_NE(tables_.Find(Page(512)), tables_.Find(Page(3)));
  EXPECT_TRUE(tables_.Get(Page(4)).none());
}

TEST_F(PageTablesTest, AVisitGetsEachTablesShareOfTheRange) {
  ASSERT_TRUE(tables_.AllocateRoot());
  for (const std::uint64_t page : {10ULL, 600ULL, 2000ULL}) Set(Page(page));
  std::vector<std::string> seen;
  tables_.VisitLeaves(Pages(5, 2001), [&seen](VirtualAddress base, LeafTable&, int first, int last) {
    seen.push_back(std::to_string(base.value() >> kPageShift) + ": " + std::to_string(first) + ".." +
                   std::to_string(last));
  });
  // Leaf 2 (1024..1535) does not exist.
  EXPECT_EQ(seen, (std::vector<std::string>{"0: 5..512", "512: 0..512", "1536: 0..465"}));
}

TEST_F(PageTablesTest, AnEmptyRangeIsNotVisited) {
  ASSERT_TRUE(tables_.AllocateRoot());
  Set(Page(1));
  int visits = 0;
  tables_.VisitLeaves(Pages(1, 1), [&visits](VirtualAddress, LeafTable&, int, int) { ++visits; });
  EXPECT_EQ(visits, 0);
}

TEST_F(PageTablesTest, ALeafIsFreedOnlyIfItsWholeSpanLiesBetweenTheNeighbours) {
  ASSERT_TRUE(tables_.AllocateRoot());
  Set(Page(600));
  // The leaf spans [512, 1024).
  EXPECT_EQ(FreeRange(Pages(600, 601), 513, 0), 4U);
  EXPECT_EQ(FreeRange(Pages(600, 601), 0, 1023), 4U);
  // All of it, and the tables above it, whose span reaches from 0 to far above.
  EXPECT_EQ(FreeRange(Pages(600, 601), 512, 1024), 3U);
  EXPECT_EQ(FreeRange(Pages(600, 601), 0, 0), 1U);
  EXPECT_EQ(tables_.Find(Page(600)), nullptr);
}

TEST_F(PageTablesTest, OfARangeOverThreeLeavesTheNeighboursKeepTheOuterTwo) {
  // 512-page spans: |.....AA|XXXXXXX|BB.....|, of which X and parts of the others go.
  ASSERT_TRUE(tables_.AllocateRoot());
  for (const std::uint64_t page : {511ULL, 700ULL, 1024ULL, 1200ULL}) Set(Page(page));
  const std::uint64_t all = tables_.table_pages().value();
  EXPECT_EQ(FreeRange(Pages(511, 1025), 10, 1200), all - 1);
  EXPECT_EQ(tables_.Find(Page(700)), nullptr);
  EXPECT_NE(tables_.Find(Page(511)), nullptr) << "the neighbour below ends at page 10 of its span";
  EXPECT_FALSE(tables_.Get(Page(1200)).none()) << "that of the neighbour above";
  EXPECT_EQ(FreeRange(Pages(100, 1024), 0, 1024), all - 2);
  EXPECT_EQ(tables_.Find(Page(511)), nullptr);
}

TEST_F(PageTablesTest, AFreedTableIsForgottenByTheSearchToo) {
  ASSERT_TRUE(tables_.AllocateRoot());
  Set(Page(600));
  EXPECT_NE(tables_.Find(Page(601)), nullptr);
  FreeRange(Pages(600, 601), 512, 1024);
  EXPECT_EQ(tables_.Find(Page(601)), nullptr);
  Set(Page(5000));
  EXPECT_EQ(tables_.Find(Page(601)), nullptr);
}

// --- Huge entries

TEST_F(PageTablesTest, AHugeEntryStandsInAPmdAndIsNoTable) {
  ASSERT_TRUE(tables_.AllocateRoot());
  ASSERT_TRUE(tables_.AllocateDirectories(Page(512)));
  SetHuge(512);
  EXPECT_EQ(tables_.table_pages(), PageCount(4)) << "the deposit is one";
  EXPECT_EQ(tables_.Find(Page(600)), nullptr);
  EXPECT_EQ(tables_.FindHuge(Page(511)), nullptr);
  ASSERT_NE(tables_.FindHuge(Page(1023)), nullptr);
  EXPECT_EQ(tables_.Get(Page(515)).frame(), PageFrameNumber(1024 + 3));
  EXPECT_FALSE(tables_.HasDirectories(Page(1ULL << 18)));
  std::string seen;
  Set(Page(1));
  tables_.VisitEntries(
      Pages(1, 513), [&seen](VirtualAddress, LeafTable&, int, int) { seen += 't'; },
      [&seen](VirtualAddress base, HugeEntry&) { seen += base == Page(512) ? 'H' : '?'; });
  EXPECT_EQ(seen, "tH");
  int leaves = 0;
  tables_.VisitLeaves(Pages(0, 1024), [&leaves](VirtualAddress, LeafTable&, int, int) { ++leaves; });
  EXPECT_EQ(leaves, 1) << "huge entries are passed over";
  tables_.RemoveHuge(Page(512));
  Check();
  EXPECT_FALSE(tables_.has_huge());
}

TEST_F(PageTablesTest, ADepositBecomesTheTableAndATableTheDeposit) {
  ASSERT_TRUE(tables_.AllocateRoot());
  Set(Page(3));
  tables_.Find(Page(3))->Set(3, Pte());
  const PageFrameNumber frame = tables_.Find(Page(3))->frame;
  tables_.ReplaceByHuge(Page(0), Pte::Make(PageFrameNumber(1024), kVmRead, false));
  Check();
  EXPECT_EQ(tables_.Find(Page(3)), nullptr);
  EXPECT_EQ(tables_.FindHuge(Page(3))->deposit, frame);
  EXPECT_EQ(tables_.WithdrawDeposit(Page(0)).frame, frame);
  Check();
  EXPECT_EQ(tables_.Find(Page(3))->used, 0U);
  EXPECT_EQ(tables_.table_pages(), PageCount(4));
}

TEST_F(PageTablesTest, TablesAndHugeEntriesMoveWhereThereIsNothing) {
  ASSERT_TRUE(tables_.AllocateRoot());
  Set(Page(3));
  SetHuge(512);
  ASSERT_TRUE(tables_.AllocateDirectories(Page(1ULL << 18)));
  const PageCount pages = tables_.table_pages();
  EXPECT_FALSE(tables_.MovePmd(Page(0), Page(512)));
  EXPECT_TRUE(tables_.MovePmd(Page(0), Page(1ULL << 18)));
  EXPECT_TRUE(tables_.MovePmd(Page(512), Page(0)));
  Check();
  EXPECT_EQ(tables_.table_pages(), pages);
  EXPECT_FALSE(tables_.Get(Page((1ULL << 18) + 3)).none());
  EXPECT_NE(tables_.FindHuge(Page(5)), nullptr);
  EXPECT_EQ(tables_.Find(Page(3)), nullptr) << "the search forgot it";
  tables_.RemoveHuge(Page(0));
}

TEST_F(PageTablesTest, OnlyEmptyTablesAreUnhooked) {
  ASSERT_TRUE(tables_.AllocateRoot());
  EXPECT_FALSE(tables_.UnhookEmpty(Page(0)).has_value());
  Set(Page(3));
  EXPECT_FALSE(tables_.UnhookEmpty(Page(0)).has_value());
  Empty(Pages(0, 512));
  const auto frame = tables_.UnhookEmpty(Page(0));
  ASSERT_TRUE(frame.has_value());
  tables_.FreeFrames({&*frame, 1});
  Check();
  EXPECT_EQ(tables_.Find(Page(3)), nullptr);
  EXPECT_EQ(tables_.table_pages(), PageCount(3)) << "those above it stay";
}

TEST_F(PageTablesTest, WithoutMemoryForATableTheOnesAboveItStay) {
  ASSERT_TRUE(tables_.AllocateRoot());
  std::vector<PageFrameNumber> taken;
  while (const auto frame = pages_.AllocPages(kGfpKernelAccount, Order(0), PageOwner::kCaller)) taken.push_back(*frame);
  EXPECT_EQ(tables_.FindOrAllocate(Page(1)), nullptr);
  pages_.FreePages(taken.back(), Order(0));
  taken.pop_back();
  EXPECT_EQ(tables_.FindOrAllocate(Page(1)), nullptr);
  EXPECT_EQ(tables_.table_pages(), PageCount(2));
  Check();
  for (const PageFrameNumber frame : taken) pages_.FreePages(frame, Order(0));
  Set(Page(1));
}

TEST_F(PageTablesTest, TheDigestTellsEntriesApart) {
  ASSERT_TRUE(tables_.AllocateRoot());
  const auto digest = [this] {
    Digest d;
    tables_.DigestTo(d);
    return d.ToHex();
  };
  Set(Page(1));
  const std::string before = digest();
  LeafTable& leaf = *tables_.Find(Page(1));
  leaf.Set(1, leaf.entries[1].Dirty());
  EXPECT_NE(digest(), before);
  leaf.Set(1, leaf.entries[1].Clean());
  EXPECT_EQ(digest(), before);
  leaf.Set(2, std::exchange(leaf.entries[1], Pte()));
  --leaf.used;
  EXPECT_NE(digest(), before);
  Check();
}

}  // namespace
}  // namespace memsim
