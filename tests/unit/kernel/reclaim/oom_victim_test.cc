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

TEST(OomVictimTest, TheLargestProcessDies) {
  EXPECT_EQ(SelectOomVictims({Candidate(2, 10), Candidate(3, 30), Candidate(4, 20)}), Victims{Pid(3)});
}

TEST(OomVictimTest, PageTablesCountAsMuchAsResidentPages) {
  for (PageCount OomCandidate::*part : {&OomCandidate::resident, &OomCandidate::page_tables}) {
    OomCandidate large = Candidate(2, 5);
    large.*part += PageCount(6);
    EXPECT_EQ(SelectOomVictims({large, Candidate(3, 10)}), Victims{Pid(2)});
  }
}

TEST(OomVictimTest, OfEquallyBadProcessesTheLastDies) {
  EXPECT_EQ(SelectOomVictims({Candidate(5, 10), Candidate(3, 10), Candidate(4, 9)}), Victims{Pid(3)});
}

TEST(OomVictimTest, InitNeverDies) {
  EXPECT_EQ(SelectOomVictims({Candidate(1, 1000)}), Victims());
  EXPECT_EQ(SelectOomVictims({Candidate(1, 1000), Candidate(3, 1)}), Victims{Pid(3)});
}

TEST(OomVictimTest, WhoUsesNothingDiesIfThereIsNoOther) {
  EXPECT_EQ(SelectOomVictims({Candidate(2, 0)}), Victims{Pid(2)});
}

TEST(OomVictimTest, WithoutProcessesThereIsNobodyToKill) { EXPECT_EQ(SelectOomVictims({}), Victims()); }

TEST(OomVictimTest, AllWhoShareTheVictimsMemoryDieWithIt) {
  std::vector<OomCandidate> candidates = {Candidate(1, 1), Candidate(2, 5), Candidate(3, 10), Candidate(4, 7),
                                          Candidate(5, 9)};
  for (const std::size_t sharer : {0, 1, 4}) candidates[sharer].mm = candidates[2].mm;
  EXPECT_EQ(SelectOomVictims(candidates), (Victims{Pid(3), Pid(2), Pid(5)}));
}

TEST(OomVictimTest, WithoutANamedAddressSpaceNobodyShares) {
  OomCandidate first = Candidate(2, 5);
  OomCandidate second = Candidate(3, 4);
  first.mm = second.mm = AddressSpaceId();
  EXPECT_EQ(SelectOomVictims({first, second}), Victims{Pid(2)});
}

}  // namespace
}  // namespace memsim
