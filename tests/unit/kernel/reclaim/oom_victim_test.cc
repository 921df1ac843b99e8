#include "server/kernel/reclaim/oom_victim.h"

#include <cstdint>
#include <vector>

#include "gtest/gtest.h"

namespace memsim {
namespace {

// 4 GB: a thousandth is 1,000 pages.
constexpr PageCount kTotal{1000000};

OomCandidate Candidate(std::uint32_t pid, std::uint64_t resident, int score_adjustment = 0) {
  OomCandidate candidate;
  candidate.pid = Pid(pid);
  candidate.resident = PageCount(resident);
  candidate.score_adjustment = score_adjustment;
  candidate.mm = AddressSpaceId(pid);
  return candidate;
}

OomDecision Kill(const std::vector<std::uint32_t>& pids) {
  OomDecision decision;
  decision.action = OomAction::kKill;
  for (const std::uint32_t pid : pids) decision.victims.push_back(Pid(pid));
  return decision;
}

constexpr OomAction kWait = OomAction::kWait;
constexpr OomAction kGiveUp = OomAction::kGiveUp;

TEST(OomVictimTest, TheLargestProcessDies) {
  EXPECT_EQ(SelectOomVictim({Candidate(2, 10), Candidate(3, 30), Candidate(4, 20)}, kTotal), Kill({3}));
}

TEST(OomVictimTest, SwappedPagesAndPageTablesCountAsMuchAsResidentOnes) {
  for (PageCount OomCandidate::*part : {&OomCandidate::resident, &OomCandidate::swapped, &OomCandidate::page_tables}) {
    OomCandidate large = Candidate(2, 5);
    large.*part += PageCount(6);
    EXPECT_EQ(OomBadness(large, kTotal), 11);
    EXPECT_EQ(SelectOomVictim({large, Candidate(3, 10)}, kTotal), Kill({2}));
  }
}

TEST(OomVictimTest, OfEquallyBadProcessesTheLastDies) {
  EXPECT_EQ(SelectOomVictim({Candidate(5, 10), Candidate(3, 10), Candidate(4, 9)}, kTotal), Kill({3}));
}

TEST(OomVictimTest, TheAdjustmentIsInThousandthsOfAllMemory) {
  EXPECT_EQ(OomBadness(Candidate(2, 10, 7), kTotal), 7010);
  EXPECT_EQ(OomBadness(Candidate(2, 10, -7), kTotal), -6990);
  // A thousandth is cut to whole pages before it is multiplied.
  EXPECT_EQ(OomBadness(Candidate(2, 0, 1000), PageCount(1999)), 1000);
  EXPECT_EQ(SelectOomVictim({Candidate(2, 1000, 1), Candidate(3, 1999)}, kTotal), Kill({2}));
  EXPECT_EQ(SelectOomVictim({Candidate(2, 1000, 1), Candidate(3, 2001)}, kTotal), Kill({3}));
}

TEST(OomVictimTest, AProcessOfNegativeBadnessDiesIfThereIsNoOther) {
  EXPECT_EQ(SelectOomVictim({Candidate(2, 10, -999)}, kTotal), Kill({2}));
  EXPECT_EQ(SelectOomVictim({Candidate(2, 10, -999), Candidate(3, 10, -998)}, kTotal), Kill({3}));
}

TEST(OomVictimTest, InitAndTheProtectedNeverDie) {
  EXPECT_EQ(OomBadness(Candidate(1, 1000), kTotal), std::nullopt);
  EXPECT_EQ(OomBadness(Candidate(2, 1000, -1000), kTotal), std::nullopt);
  EXPECT_EQ(SelectOomVictim({Candidate(1, 1000), Candidate(2, 1000, -1000)}, kTotal).action, kGiveUp);
  EXPECT_EQ(SelectOomVictim({Candidate(1, 1000), Candidate(2, 1000, -1000), Candidate(3, 1)}, kTotal), Kill({3}));
}

TEST(OomVictimTest, WithoutProcessesThereIsNobodyToKill) { EXPECT_EQ(SelectOomVictim({}, kTotal), OomDecision()); }

TEST(OomVictimTest, WhoBorrowsItsParentsMemoryIsPassedOver) {
  OomCandidate borrower = Candidate(3, 1000);
  borrower.in_vfork = true;
  EXPECT_EQ(SelectOomVictim({Candidate(2, 10), borrower}, kTotal), Kill({2}));
}

TEST(OomVictimTest, WhileSomebodyDiesNobodyElseIsKilled) {
  OomCandidate dying = Candidate(3, 1);
  dying.progress = OomProgress::kDying;
  EXPECT_EQ(SelectOomVictim({Candidate(2, 1000), dying, Candidate(4, 2000)}, kTotal).action, kWait);
  EXPECT_TRUE(SelectOomVictim({Candidate(2, 1000), dying}, kTotal).victims.empty());

  dying.progress = OomProgress::kReaped;
  EXPECT_EQ(SelectOomVictim({Candidate(2, 1000), dying}, kTotal), Kill({2}));
}

TEST(OomVictimTest, AllWhoShareTheVictimsMemoryDieWithIt) {
  std::vector<OomCandidate> candidates = {Candidate(1, 1), Candidate(2, 5), Candidate(3, 10), Candidate(4, 7),
                                          Candidate(5, 10, -1000)};
  for (const std::size_t sharer : {0, 1, 4}) candidates[sharer].mm = candidates[2].mm;
  // Not init, but even the one that could not have been chosen.
  EXPECT_EQ(SelectOomVictim(candidates, kTotal), Kill({3, 2, 5}));
}

TEST(OomVictimTest, WithoutANamedAddressSpaceNobodyShares) {
  OomCandidate first = Candidate(2, 5);
  OomCandidate second = Candidate(3, 4);
  first.mm = second.mm = AddressSpaceId();
  EXPECT_EQ(SelectOomVictim({first, second}, kTotal), Kill({2}));
}

TEST(OomVictimTest, TheShownScoreIsTwoThirdsOfBadnessInThousandths) {
  EXPECT_EQ(OomScore(Candidate(2, 0), kTotal), 666U);
  EXPECT_EQ(OomScore(Candidate(2, 500000), kTotal), 1000U);
  EXPECT_EQ(OomScore(Candidate(2, 1000000, 1000), kTotal), 2000U);
  EXPECT_EQ(OomScore(Candidate(2, 0, -999), kTotal), 0U);
  EXPECT_EQ(OomScore(Candidate(2, 0, 500), kTotal), 1000U);
  EXPECT_EQ(OomScore(Candidate(1, 1000), kTotal), 0U);
  EXPECT_EQ(OomScore(Candidate(2, 1000, -1000), kTotal), 0U);
}

}  // namespace
}  // namespace memsim
