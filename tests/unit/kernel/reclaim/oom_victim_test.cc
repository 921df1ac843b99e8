#include "server/kernel/reclaim/oom_victim.h"

#include <cstdint>
#include <vector>

#include "gtest/gtest.h"

namespace memsim {
namespace {

using Victims = std::vector<Pid>;

OomCandidate Candidate(std::uint32_t pid, std::uint64_t resident) {
  OomCandidate candidate;
  candidate.pid = Pid(pid);
  candidate.resident = PageCount(resident);
  candidate.mm = AddressSpaceId(pid);
  return candidate;
}

// Of a machine of 100,000 pages, so that a thousandth is 100.
Victims Select(const std::vector<OomCandidate>& candidates) { return SelectOomVictims(candidates, PageCount(100'000)); }

TEST(OomVictimTest, TheLargestProcessDies) {
  EXPECT_EQ(Select({Candidate(2, 10), Candidate(3, 30), Candidate(4, 20)}), Victims{Pid(3)});
}

TEST(OomVictimTest, PageTablesCountAsMuchAsResidentPages) {
  for (PageCount OomCandidate::*part : {&OomCandidate::resident, &OomCandidate::page_tables}) {
    OomCandidate large = Candidate(2, 5);
    large.*part += PageCount(6);
    EXPECT_EQ(Select({large, Candidate(3, 10)}), Victims{Pid(2)});
  }
}

TEST(OomVictimTest, OfEquallyBadProcessesTheLastDies) {
  EXPECT_EQ(Select({Candidate(5, 10), Candidate(3, 10), Candidate(4, 9)}), Victims{Pid(3)});
}

TEST(OomVictimTest, AnAdjustmentIsInThousandthsOfAllMemory) {
  OomCandidate dear = Candidate(2, 1000);
  OomCandidate cheap = Candidate(3, 10);
  dear.oom_score_adj = -10;
  cheap.oom_score_adj = 1;
  EXPECT_EQ(dear.Badness(PageCount(100'000)), 0);
  EXPECT_EQ(cheap.Badness(PageCount(100'000)), 110);
  EXPECT_EQ(Select({dear, cheap}), Victims{Pid(3)});
  dear.oom_score_adj = -999;
  EXPECT_EQ(Select({dear}), Victims{Pid(2)}) << "less than nothing is still something";
}

TEST(OomVictimTest, WhoIsProtectedDiesOnlyForSharingMemory) {
  OomCandidate safe = Candidate(2, 1000);
  safe.oom_score_adj = kOomScoreAdjMin;
  EXPECT_EQ(safe.Badness(PageCount(100'000)), std::nullopt);
  EXPECT_EQ(Select({safe}), Victims());
  OomCandidate sharer = Candidate(3, 10);
  sharer.mm = safe.mm;
  EXPECT_EQ(Select({safe, sharer}), (Victims{Pid(3), Pid(2)}));
}

TEST(OomVictimTest, InitNeverDies) {
  EXPECT_EQ(Select({Candidate(1, 1000)}), Victims());
  EXPECT_EQ(Select({Candidate(1, 1000), Candidate(3, 1)}), Victims{Pid(3)});
}

TEST(OomVictimTest, WhoUsesNothingDiesIfThereIsNoOther) { EXPECT_EQ(Select({Candidate(2, 0)}), Victims{Pid(2)}); }

TEST(OomVictimTest, WithoutProcessesThereIsNobodyToKill) { EXPECT_EQ(Select({}), Victims()); }

TEST(OomVictimTest, AllWhoShareTheVictimsMemoryDieWithIt) {
  std::vector<OomCandidate> candidates = {Candidate(1, 1), Candidate(2, 5), Candidate(3, 10), Candidate(4, 7),
                                          Candidate(5, 9)};
  for (const std::size_t sharer : {0, 1, 4}) candidates[sharer].mm = candidates[2].mm;
  EXPECT_EQ(Select(candidates), (Victims{Pid(3), Pid(2), Pid(5)}));
}

TEST(OomVictimTest, WithoutANamedAddressSpaceNobodyShares) {
  OomCandidate first = Candidate(2, 5);
  OomCandidate second = Candidate(3, 4);
  first.mm = second.mm = AddressSpaceId();
  EXPECT_EQ(Select({first, second}), Victims{Pid(2)});
}

}  // namespace
}  // namespace memsim
