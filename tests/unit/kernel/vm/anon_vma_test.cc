#include "server/kernel/vm/anon_vma.h"

#include <cstdint>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace memsim {
namespace {

class AnonVmasTest : public testing::Test {
 protected:
  void TearDown() override { anon_vmas_.CheckInvariants(); }

  AnonVmaLinks Create() {
    AnonVmaLinks links;
    anon_vmas_.Create(links);
    anon_vmas_.CheckInvariants();
    return links;
  }
  AnonVmaLinks Fork(const AnonVmaLinks& parent) {
    AnonVmaLinks child = *anon_vmas_.Fork(parent);
    anon_vmas_.CheckInvariants();
    return child;
  }
  void Unlink(AnonVmaLinks& links) {
    anon_vmas_.Unlink(links);
    anon_vmas_.CheckInvariants();
  }

  Counters counters_;
  Cpus cpus_{1, kDefaultCosts};
  Locks locks_{cpus_};
  PageAllocator pages_{LayOutMemory(ByteCount(64ULL << 20), std::nullopt), WatermarkParameters{}, counters_, locks_};
  SlabCaches slabs_{pages_, counters_, locks_};
  AnonVmas anon_vmas_{slabs_};
};

TEST_F(AnonVmasTest, AFreshOneIsItsMappingsOwnAndAlone) {
  AnonVmaLinks links = Create();
  EXPECT_EQ(links.own, AnonVmaId(1));
  ASSERT_EQ(links.chain.size(), 1U);
  EXPECT_EQ(links.chain[0].anon_vma, links.own);
  EXPECT_FALSE(links.HadUncowedParents());
  Unlink(links);
  EXPECT_EQ(links.own, AnonVmaId());
  EXPECT_TRUE(links.chain.empty());
}

TEST_F(AnonVmasTest, ANumberIsUsedAgainWhenItsLastLinkIsGone) {
  AnonVmaLinks first = Create();
  AnonVmaLinks copy = *anon_vmas_.Clone(first);
  const AnonVmaId id = first.own;
  Unlink(first);
  AnonVmaLinks second = Create();
  EXPECT_NE(second.own, id);
  Unlink(copy);
  AnonVmaLinks third = Create();
  EXPECT_EQ(third.own, id);
  Unlink(second);
  Unlink(third);
}

TEST_F(AnonVmasTest, AChildsMappingIsLinkedToAllOfItsParentsAndHasOneOfItsOwn) {
  AnonVmaLinks parent = Create();
  AnonVmaLinks child = Fork(parent);
  EXPECT_NE(child.own, parent.own);
  ASSERT_EQ(child.chain.size(), 2U);
  EXPECT_EQ(child.chain[0].anon_vma, child.own);
  EXPECT_EQ(child.chain[1].anon_vma, parent.own);
  EXPECT_TRUE(child.HadUncowedParents());
  AnonVmaLinks grandchild = Fork(child);
  EXPECT_EQ(grandchild.chain.size(), 3U);
  for (AnonVmaLinks* links : {&parent, &child, &grandchild}) Unlink(*links);
}

TEST_F(AnonVmasTest, AMappingThatWasNeverWrittenPassesNothingOn) {
  const AnonVmaLinks none;
  const AnonVmaLinks child = Fork(none);
  EXPECT_EQ(child.own, AnonVmaId());
  EXPECT_TRUE(child.chain.empty());
}

TEST_F(AnonVmasTest, OneThatLostItsMappingsAndHasOneChildIsUsedAgain) {
  AnonVmaLinks parent = Create();
  AnonVmaLinks child = Fork(parent);
  const AnonVmaId childs = child.own;
  AnonVmaLinks grandchild = Fork(child);
  Unlink(child);
  // The child's anon_vma has no mapping left and one child: the next generation takes it.
  AnonVmaLinks next = Fork(grandchild);
  EXPECT_EQ(next.own, childs);
  EXPECT_EQ(next.chain.size(), 3U);
  for (AnonVmaLinks* links : {&parent, &grandchild, &next}) Unlink(*links);
}

TEST_F(AnonVmasTest, OneWithTwoChildrenIsNotUsedAgain) {
  AnonVmaLinks parent = Create();
  AnonVmaLinks child = Fork(parent);
  AnonVmaLinks one = Fork(child);
  AnonVmaLinks two = Fork(child);
  const AnonVmaId childs = child.own;
  Unlink(child);
  AnonVmaLinks next = Fork(one);
  EXPECT_NE(next.own, childs);
  EXPECT_EQ(next.chain.size(), 4U);
  for (AnonVmaLinks* links : {&parent, &one, &two, &next}) Unlink(*links);
}

TEST_F(AnonVmasTest, TheRootIsNeverUsedAgainWhileItHasAChildBesideItself) {
  AnonVmaLinks parent = Create();
  AnonVmaLinks child = Fork(parent);
  const AnonVmaId root = parent.own;
  Unlink(parent);
  AnonVmaLinks grandchild = Fork(child);
  EXPECT_NE(grandchild.own, root);
  Unlink(child);
  Unlink(grandchild);
}

TEST_F(AnonVmasTest, JoiningMakesANeighboursOnesOwn) {
  AnonVmaLinks first = Create();
  AnonVmaLinks second;
  anon_vmas_.Join(second, first.own);
  anon_vmas_.CheckInvariants();
  EXPECT_EQ(second.own, first.own);
  Unlink(first);
  EXPECT_EQ(second.chain.size(), 1U);
  Unlink(second);
}

TEST_F(AnonVmasTest, TheChainsOfGenerationsAreHostMemory) {
  constexpr int kGenerations = 100;
  std::vector<AnonVmaLinks> family = {Create()};
  while (family.size() < kGenerations) family.push_back(Fork(family.back()));
  const std::uint64_t links = kGenerations * (kGenerations + 1) / 2;
  EXPECT_GE(anon_vmas_.HostMemoryBytes(), links * kLinkBytes);
  for (AnonVmaLinks& member : family) Unlink(member);
  EXPECT_LT(anon_vmas_.HostMemoryBytes(), links * kLinkBytes);
}

}  // namespace
}  // namespace memsim
