// What a memory policy is, and which are refused.

#include "server/kernel/numa/mempolicy.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "server/kernel/numa/nodes.h"

namespace memsim {
namespace {

NodeMask Nodes(const std::vector<std::size_t>& nodes) {
  NodeMask mask;
  for (const std::size_t node : nodes) mask.Add(node);
  return mask;
}

std::string Text(const NodeMask& mask) {
  std::string text;
  for (std::size_t node = 0; node < NodeMask::kMaxNodes; ++node) {
    if (mask.Has(node)) absl::StrAppend(&text, text.empty() ? "" : ",", node);
  }
  return text;
}

// "mode 2 of 0,3", "default", "EINVAL".
std::string Make(std::uint32_t mode, const std::vector<std::size_t>& nodes,
                 const NodeMask& allowed = kNodesWithMemory) {
  const ErrnoOr<MempolicyArgument> argument = ReadMempolicyMode(mode);
  if (!argument.ok()) return ErrnoName(argument.error());
  if (const Errno error = CheckMempolicy(*argument, Nodes(nodes)); error != Errno::kOk) return ErrnoName(error);
  const ErrnoOr<std::optional<Mempolicy>> policy = MakeMempolicy(*argument, Nodes(nodes), allowed);
  if (!policy.ok()) return ErrnoName(policy.error());
  if (!policy->has_value()) return "default";
  return absl::StrCat("mode ", (*policy)->ToldMode(), " of ", Text((*policy)->nodes));
}

std::string Read(const std::vector<std::uint64_t>& words, std::uint64_t maxnode) {
  const ErrnoOr<NodeMask> nodes = ReadNodeMask(absl::MakeConstSpan(words), maxnode);
  return nodes.ok() ? Text(*nodes) : ErrnoName(nodes.error());
}

TEST(MempolicyTest, ModesAreUpToWeightedInterleave) {
  EXPECT_EQ(Make(6, {0}), "mode 6 of 0");
  EXPECT_EQ(Make(7, {0}), "EINVAL");
  EXPECT_EQ(Make(0x1002, {0}), "EINVAL");
  EXPECT_EQ(Make(UINT32_MAX, {0}), "EINVAL");
}

TEST(MempolicyTest, NodesAreStaticOrRelativeNotBoth) {
  EXPECT_EQ(Make(kMpolStaticNodes | 2, {0}), "mode 32770 of 0");
  EXPECT_EQ(Make(kMpolRelativeNodes | 2, {0}), "mode 16386 of 0");
  EXPECT_EQ(Make(kMpolStaticNodes | kMpolRelativeNodes | 2, {0}), "EINVAL");
}

TEST(MempolicyTest, OnlyModesOfSeveralNodesWithoutTurnsAreBalanced) {
  for (std::uint32_t mode = 0; mode < 7; ++mode) {
    const bool balances = mode == 2 || mode == 5;
    const bool takes_nodes = mode != 0 && mode != 4;
    EXPECT_EQ(Make(kMpolNumaBalancing | mode, takes_nodes ? std::vector<std::size_t>{0} : std::vector<std::size_t>{}),
              balances ? absl::StrCat("mode ", kMpolNumaBalancing | mode, " of 0") : "EINVAL")
        << mode;
  }
}

TEST(MempolicyTest, DefaultAndLocalTakeNoNodesAndTheOthersNeedSome) {
  EXPECT_EQ(Make(0, {}), "default");
  EXPECT_EQ(Make(0, {0}), "EINVAL");
  EXPECT_EQ(Make(kMpolStaticNodes, {}), "default");
  EXPECT_EQ(Make(4, {}), "mode 4 of ");
  EXPECT_EQ(Make(4, {0}), "EINVAL");
  EXPECT_EQ(Make(kMpolStaticNodes | 4, {}), "EINVAL");
  for (const std::uint32_t mode : {2, 3, 5, 6}) EXPECT_EQ(Make(mode, {}), "EINVAL") << mode;
}

TEST(MempolicyTest, ToPreferNoNodeIsToPreferTheOneAtHand) {
  EXPECT_EQ(Make(1, {}), "mode 4 of ");
  EXPECT_EQ(Make(kMpolStaticNodes | 1, {}), "EINVAL");
  EXPECT_EQ(Make(kMpolRelativeNodes | 1, {}), "EINVAL");
}

TEST(MempolicyTest, ANodeThatIsNotThereIsLeftOutAndAllOfThemAreNone) {
  EXPECT_EQ(Make(2, {0, 1}), "mode 2 of 0");
  EXPECT_EQ(Make(2, {1}), "EINVAL");
  EXPECT_EQ(Make(1, {2, 3, 1}, Nodes({1, 2, 3})), "mode 1 of 1") << "the first of them";
}

TEST(MempolicyTest, RelativeNodesCountThoseThatAreAllowedRoundAndRound) {
  EXPECT_EQ(Make(kMpolRelativeNodes | 2, {5}), "mode 16386 of 0");
  EXPECT_EQ(Make(kMpolRelativeNodes | 2, {0, 4}, Nodes({2, 5, 9})), "mode 16386 of 2,5");
}

TEST(MempolicyTest, FlagsKeepTheNodesAsTheyWereAskedFor) {
  const ErrnoOr<std::optional<Mempolicy>> policy =
      MakeMempolicy({MempolicyMode::kBind, kMpolStaticNodes}, Nodes({0, 7}), kNodesWithMemory);
  EXPECT_EQ(Text((*policy)->nodes), "0");
  EXPECT_EQ(Text((*policy)->ToldNodes()), "0,7");
  const ErrnoOr<std::optional<Mempolicy>> plain =
      MakeMempolicy({MempolicyMode::kBind, 0}, Nodes({0, 7}), kNodesWithMemory);
  EXPECT_EQ(Text((*plain)->ToldNodes()), "0");
}

TEST(NodeMaskTest, OneBitLessCountsThanIsSaid) {
  EXPECT_EQ(Read({3}, 2), "0");
  EXPECT_EQ(Read({3}, 3), "0,1");
  EXPECT_EQ(Read({3}, 1), "");
  EXPECT_EQ(Read({1, 2}, 65), "0");
  EXPECT_EQ(Read({1, 2}, 67), "0,65");
  EXPECT_EQ(Read({1}, 0), "EINVAL") << "the largest number of all";
}

TEST(NodeMaskTest, BeyondAllNodesOnlyZerosMayStandAndNoMoreThanAPage) {
  std::vector<std::uint64_t> words(17, 0);
  words[15] = 1ULL << 63;
  EXPECT_EQ(Read(words, 1025), "1023");
  words[16] = 2;
  EXPECT_EQ(Read(words, 1026), "1023");
  EXPECT_EQ(Read(words, 1027), "EINVAL");
  EXPECT_EQ(Read({1}, 32769), "0");
  EXPECT_EQ(Read({1}, 32770), "EINVAL");
  EXPECT_EQ(NodeMaskBytes(32770), 0U);
  EXPECT_EQ(NodeMaskBytes(32769), 4096U);
  EXPECT_EQ(NodeMaskBytes(66), 16U);
}

TEST(NodeMaskTest, NullIsNoNodeHoweverManyAreSaid) {
  EXPECT_EQ(*ReadNodeMask(std::nullopt, 0), NodeMask());
  EXPECT_EQ(*ReadNodeMask(std::nullopt, UINT64_MAX), NodeMask());
}

}  // namespace
}  // namespace memsim
