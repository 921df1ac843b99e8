// mbind(2), set_mempolicy(2) and get_mempolicy(2).

#include "server/kernel/vm/mbind.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "server/kernel/vm/mempolicy_calls.h"
#include "tests/unit/kernel/vm/program.h"

namespace memsim {
namespace {

constexpr std::uint32_t kBind = 2;
constexpr std::uint32_t kInterleave = 3;
constexpr std::uint32_t kLocal = 4;
const std::vector<std::uint64_t> kNodeZero = {1};
const std::vector<std::uint64_t> kNodeOne = {2};

class MbindTest : public ProgramTest {
 protected:
  std::string Bind(MbindArguments arguments) { return Checked(Mbind(mm().space(), caller(), arguments)); }
  std::string Bind(std::uint64_t first, std::uint64_t end, std::uint32_t mode = kBind, std::uint32_t flags = 0) {
    return Bind({At(first), Pages(end - first), mode, NodesFor(mode), flags});
  }
  std::string SetPolicy(std::uint32_t mode) {
    return Checked(SetMempolicy(mm().space(), caller(), policy_, mode, NodesFor(mode)));
  }
  // "2 of 1": the mode and the nodes' first word.
  std::string Ask(std::uint64_t flags, VirtualAddress address = VirtualAddress(0)) {
    GetMempolicyArguments arguments;
    arguments.flags = flags;
    arguments.address = address;
    return Ask(arguments);
  }
  std::string Ask(const GetMempolicyArguments& arguments) {
    const GetMempolicyResult result = GetMempolicy(mm().space(), caller(), policy_, arguments);
    Checked(result.error);
    if (result.error != Errno::kOk) return Text(result.error);
    return absl::StrCat(result.policy, " of ", result.nodes.word(0));
  }
  std::string PolicyAt(std::uint64_t page) { return Ask(kMpolAddr, At(page)); }
  std::string NodeAt(std::uint64_t page) { return Ask(kMpolAddr | kMpolNode, At(page)); }
  void TearDown() override {
    world_.mempolicies.Put(policy_);
    ProgramTest::TearDown();
  }

  VmCaller caller() { return {mm().limits(), faults_, mm().pkru(), capabilities_}; }

  FaultTally faults_;
  CapabilitySet capabilities_ = CapabilitySet::All();

 private:
  static NodeMaskArgument NodesFor(std::uint32_t mode) {
    if (mode == 0 || mode == kLocal) return {};
    return {std::nullopt, kNodeZero, 64};
  }
  std::string Checked(Errno error) {
    world_.Check();
    world_.mempolicies.CheckInvariants();
    return Text(error);
  }

  MempolicyId policy_;
};

TEST_F(MbindTest, APolicyCutsAMappingAndTheSameAroundItMakesItWhole) {
  mm().Map(0, 4);
  EXPECT_EQ(Bind(1, 2), "OK");
  EXPECT_EQ(mm().Maps(), "0..1 rw-p, 1..2 rw-p, 2..4 rw-p");
  EXPECT_EQ(PolicyAt(1), "2 of 1");
  EXPECT_EQ(PolicyAt(2), "0 of 0");
  EXPECT_EQ(Bind(0, 4), "OK");
  EXPECT_EQ(mm().Maps(), "0..4 rw-p");
  EXPECT_EQ(Bind(2, 3, 0), "OK");
  EXPECT_EQ(mm().Maps(), "0..2 rw-p, 2..3 rw-p, 3..4 rw-p");
  EXPECT_EQ(Bind(0, 8, 0), "OK") << "the default may go over holes";
  EXPECT_EQ(mm().Maps(), "0..4 rw-p");
}

TEST_F(MbindTest, ARangeThatJoinsWhatIsBehindItEndsThere) {
  mm().Map(0, 6);
  EXPECT_EQ(Bind(4, 6), "OK");
  EXPECT_EQ(Bind(1, 4), "OK");
  EXPECT_EQ(mm().Maps(), "0..1 rw-p, 1..6 rw-p");
  EXPECT_EQ(Bind(0, 3), "OK");
  EXPECT_EQ(mm().Maps(), "0..6 rw-p");
}

TEST_F(MbindTest, WhatWasTouchedUnderAnotherPolicyStaysApart) {
  mm().Map(0, 2);
  EXPECT_EQ(Bind(0, 1), "OK");
  mm().Write(0, 2);
  // Neighbours of other policies have no anon_vma in common.
  EXPECT_EQ(Bind(0, 1, 0), "OK");
  EXPECT_EQ(mm().Maps(), "0..1 rw-p, 1..2 rw-p");
}

TEST_F(MbindTest, NewMemoryHasNoPolicyAndStaysApart) {
  mm().Map(0, 2);
  EXPECT_EQ(Bind(0, 2), "OK");
  mm().Map(2, 4);
  EXPECT_EQ(mm().Maps(), "0..2 rw-p, 2..4 rw-p");
  EXPECT_EQ(Bind(2, 4), "OK");
  EXPECT_EQ(mm().Maps(), "0..4 rw-p");
  mm().Protect(1, 2, "r");
  EXPECT_EQ(PolicyAt(1), "2 of 1");
  mm().Protect(1, 2, "rw");
  EXPECT_EQ(mm().Maps(), "0..4 rw-p");
}

TEST_F(MbindTest, MovedMemoryKeepsItsPolicy) {
  mm().Map(0, 2);
  mm().Map(8, 10);
  EXPECT_EQ(Bind(0, 2), "OK");
  EXPECT_EQ(mm().Remap(0, 2, 2, kMremapMayMove | kMremapFixed, 10), "A+10");
  EXPECT_EQ(mm().Maps(), "8..10 rw-p, 10..12 rw-p");
  EXPECT_EQ(PolicyAt(10), "2 of 1");
  EXPECT_EQ(mm().Remap(10, 2, 4), "A+10");
  EXPECT_EQ(mm().Maps(), "8..10 rw-p, 10..14 rw-p");
}

TEST_F(MbindTest, AForkedChildHasThePoliciesToo) {
  mm().Map(0, 4);
  EXPECT_EQ(Bind(1, 2), "OK");
  const auto child = mm().Fork();
  EXPECT_EQ(child->Maps(), mm().Maps());
  child->Unmap(0, 4);
  EXPECT_EQ(PolicyAt(1), "2 of 1");
}

TEST_F(MbindTest, AHoleIsRefusedBeforeAnythingIsDone) {
  mm().Map(1, 3);
  mm().Map(4, 5);
  for (const auto& [first, end] : {std::pair{0, 3}, {1, 5}, {1, 4}, {4, 6}, {6, 7}}) {
    EXPECT_EQ(Bind(static_cast<std::uint64_t>(first), static_cast<std::uint64_t>(end)), "EFAULT") << first;
  }
  EXPECT_EQ(mm().Maps(), "1..3 rw-p, 4..5 rw-p");
  EXPECT_EQ(PolicyAt(1), "0 of 0");
  EXPECT_EQ(Bind(6, 8, 0), "EFAULT") << "nothing but a hole";
  EXPECT_EQ(Bind(0, 8, 0), "OK");
}

TEST_F(MbindTest, TheChecksComeInLinuxsOrder) {
  capabilities_ = CapabilitySet::None();
  const NodeMaskArgument none;
  const NodeMaskArgument unreadable{VirtualAddress(8), {}, 64};
  const NodeMaskArgument absent{std::nullopt, kNodeOne, 64};
  const VirtualAddress odd = At(0) + ByteCount(1);
  EXPECT_EQ(Bind({odd, Pages(1), 99, unreadable, 8}), "EINVAL");
  EXPECT_EQ(Bind({odd, Pages(1), kBind, unreadable, 8}), "EFAULT");
  EXPECT_EQ(Bind({odd, Pages(1), kBind, none, 8}), "EINVAL");
  EXPECT_EQ(Bind({odd, Pages(1), kBind, none, 4}), "EPERM");
  EXPECT_EQ(Bind({odd, Pages(1), kBind, none, 0}), "EINVAL");
  EXPECT_EQ(Bind({At(0), ByteCount(0), kBind, none, 0}), "OK") << "nothing to do, whatever the nodes";
  EXPECT_EQ(Bind({At(0), ByteCount(UINT64_MAX), kBind, none, 0}), "OK") << "a length that wraps to 0";
  EXPECT_EQ(Bind({At(0), ByteCount(UINT64_MAX - 4095), kBind, none, 0}), "EINVAL");
  EXPECT_EQ(Bind({At(0), Pages(1), kBind, none, 0}), "EINVAL");
  EXPECT_EQ(Bind({At(0), Pages(1), kBind, absent, 0}), "EINVAL") << "there is no node 1";
  EXPECT_EQ(Bind({At(0), Pages(1), kBind, {VirtualAddress(0), kNodeZero, 64}, 0}), "EINVAL") << "NULL is no node";
  EXPECT_EQ(Bind(0, 1), "EFAULT");
}

TEST_F(MbindTest, TheNodesAreReadWhereTheyStand) {
  mm().Map(0, 2);
  EXPECT_EQ(Bind({At(0), Pages(1), kBind, {At(1), kNodeZero, 64}, 0}), "OK");
  EXPECT_EQ(mm().Entries(0, 2), ".z");
  EXPECT_EQ(Bind({At(0), Pages(1), kBind, {At(2) - ByteCount(8), kNodeZero, 128}, 0}), "EFAULT");
}

TEST_F(MbindTest, AStrictPolicyForgivesNoPageElsewhere) {
  mm().Map(0, 4);
  mm().Read(0, 1);
  EXPECT_EQ(Bind(0, 2, kLocal, 1), "OK") << "nobody minds where the zero page is";
  EXPECT_EQ(Bind(0, 2, 0), "OK");
  mm().Write(1, 2);
  // Local memory names no node, so none is right.
  EXPECT_EQ(Bind(0, 2, kLocal, 1), "EIO");
  EXPECT_EQ(PolicyAt(0), "0 of 0");
  EXPECT_EQ(Bind(0, 2, kLocal, 3), "OK") << "it would be moved";
  EXPECT_EQ(Bind(0, 2, kBind, 1), "OK");
  EXPECT_EQ(Bind(0, 2, 0, 1), "OK") << "the default is never strict";
  const NodeMaskArgument second{std::nullopt, kNodeOne, 64};
  EXPECT_EQ(Bind({At(0), Pages(2), kBind | kMpolRelativeNodes, second, 1}), "EIO");
  EXPECT_EQ(Bind({At(0), Pages(2), kBind | kMpolRelativeNodes, second, 0}), "OK");
  EXPECT_EQ(PolicyAt(0), absl::StrCat(kBind | kMpolRelativeNodes, " of 2"));
}

TEST_F(MbindTest, AFullMapIsNotCut) {
  mm().Map(0, 8);
  world_.sysctls.max_map_count = static_cast<std::uint32_t>(mm().space().map_count()) + 1;
  EXPECT_EQ(Bind(2, 4), "ENOMEM") << "the first cut is made, the second is not";
  EXPECT_EQ(mm().Maps(), "0..2 rw-p, 2..8 rw-p");
}

TEST_F(MbindTest, SharedMemoryKeepsPoliciesForWhoeverMapsIt) {
  FilesStay();
  const OpenFileId file = world_.OpenNew("/dev/shm/f", 8, kOpenReadWrite, FileKind::kTmpfs);
  mm().MapFile(0, 8, "rw", file, 0, kMapShared);
  mm().MapFile(16, 24, "rw", file);
  EXPECT_EQ(Bind(2, 4), "OK");
  EXPECT_EQ(PolicyAt(18), "2 of 1") << "the other mapping has no policy, its file has";
  EXPECT_EQ(PolicyAt(17), "0 of 0");
  mm().Unmap(0, 8);
  EXPECT_EQ(PolicyAt(18), "2 of 1");
  // The default for one page makes the private mapping whole again, and so it is of all its pages.
  EXPECT_EQ(Bind(16, 17, kInterleave), "OK");
  EXPECT_EQ(Bind(16, 24, 0), "OK");
  EXPECT_EQ(PolicyAt(18), "0 of 0");
  EXPECT_EQ(Bind(16, 17, kInterleave), "OK");
  world_.files.Put(file);
}

TEST_F(MbindTest, TheTasksPolicyIsAskedForWithoutAnAddress) {
  EXPECT_EQ(Ask(0), "0 of 0");
  EXPECT_EQ(SetPolicy(kBind), "OK");
  EXPECT_EQ(Ask(0), "2 of 1");
  EXPECT_EQ(Ask(kMpolNode), "EINVAL") << "only who takes turns has a next node";
  EXPECT_EQ(SetPolicy(kInterleave), "OK");
  EXPECT_EQ(Ask(kMpolNode), "0 of 1");
  EXPECT_EQ(SetPolicy(kLocal), "OK");
  EXPECT_EQ(Ask(0), "4 of 0");
  EXPECT_EQ(SetPolicy(99), "EINVAL");
  EXPECT_EQ(Ask(0), "4 of 0");
  mm().Map(0, 1);
  EXPECT_EQ(PolicyAt(0), "0 of 0") << "a mapping does not tell its task's";
  EXPECT_EQ(SetPolicy(0), "OK");
  EXPECT_EQ(Ask(0), "0 of 0");
}

TEST_F(MbindTest, QuestionsAreCheckedInLinuxsOrder) {
  mm().Map(0, 1);
  EXPECT_EQ(Ask(8), "EINVAL");
  EXPECT_EQ(Ask(kMpolMemsAllowed), "0 of 1");
  EXPECT_EQ(Ask(kMpolMemsAllowed | kMpolAddr, At(0)), "EINVAL");
  EXPECT_EQ(Ask(0, At(0)), "EINVAL") << "an address without MPOL_F_ADDR";
  EXPECT_EQ(Ask(kMpolAddr, At(1)), "EFAULT");
  GetMempolicyArguments arguments;
  arguments.nodemask = At(0);
  EXPECT_EQ(Ask(arguments), "EINVAL") << "no room for a node";
  arguments.maxnode = 1;
  EXPECT_EQ(Ask(arguments), "0 of 0") << "room for none";
  EXPECT_EQ(mm().Entries(0, 1), ".");
  arguments.maxnode = 64;
  EXPECT_EQ(Ask(arguments), "0 of 0");
  EXPECT_EQ(mm().Entries(0, 1), "w");
  arguments.maxnode = 32770;
  EXPECT_EQ(Ask(arguments), "EINVAL") << "more than a page of nodes";
  arguments.maxnode = 64;
  arguments.nodemask = At(1);
  EXPECT_EQ(Ask(arguments), "EFAULT");
  arguments.policy = At(1);
  arguments.flags = 8;
  EXPECT_EQ(Ask(arguments), "EINVAL");
}

TEST_F(MbindTest, ThePageIsReadToTellItsNode) {
  mm().Map(0, 3);
  EXPECT_EQ(NodeAt(0), "0 of 0");
  EXPECT_EQ(mm().Entries(0, 3), "z..");
  EXPECT_EQ(faults_.minor_faults, 1U);
  EXPECT_EQ(NodeAt(0), "0 of 0");
  EXPECT_EQ(faults_.minor_faults, 1U);
  mm().Protect(1, 2, "");
  EXPECT_EQ(NodeAt(1), "EFAULT");
  mm().Protect(1, 2, "w");
  EXPECT_EQ(NodeAt(1), "EFAULT") << "no right to read, and no page";
  mm().Write(1, 2);
  EXPECT_EQ(NodeAt(1), "0 of 0") << "a page that stores may have loads may have";
  EXPECT_EQ(NodeAt(3), "EFAULT");
}

TEST_F(MbindTest, APageForExecutionAloneIsClosed) {
  mm().Map(0, 2);
  mm().Write(0, 1);
  mm().Protect(0, 2, "x");
  EXPECT_EQ(NodeAt(0), "EFAULT");
  EXPECT_EQ(NodeAt(1), "EFAULT");
}

}  // namespace
}  // namespace memsim
