// Who may become whom, and what goes with that.

#include "server/kernel/process/credentials.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace memsim {
namespace {

constexpr UserId kStudent = 1000;
constexpr UserId kOther = 1001;

TaskIds AllOf(std::uint32_t id) { return {id, id, id, id}; }

Credentials Student() {
  Credentials credentials;
  EXPECT_EQ(credentials.SetGid(kStudent), Errno::kOk);
  EXPECT_EQ(credentials.SetUid(kStudent), Errno::kOk);
  return credentials;
}

TEST(CredentialsTest, RootStartsWithEverything) {
  const Credentials root;
  EXPECT_EQ(root.users(), AllOf(0));
  EXPECT_EQ(root.capabilities().effective, CapabilitySet::All());
  EXPECT_EQ(root.capabilities().effective.bits(), 0x1ffffffffffU);
  EXPECT_TRUE(root.Has(Capability::kIpcLock));
}

TEST(CredentialsTest, RootThatBecomesAnotherIsThatForGood) {
  Credentials student = Student();
  EXPECT_EQ(student.users(), AllOf(kStudent));
  EXPECT_EQ(student.groups(), AllOf(kStudent));
  EXPECT_EQ(student.capabilities().permitted, CapabilitySet::None());
  EXPECT_FALSE(student.Has(Capability::kIpcLock));
  EXPECT_EQ(student.SetUid(0), Errno::kPerm);
  EXPECT_EQ(student.SetGid(0), Errno::kPerm);
  EXPECT_EQ(student.SetUid(kStudent), Errno::kOk);
  EXPECT_EQ(student.SetUid(kInvalidId), Errno::kInval);
}

TEST(CredentialsTest, KeptCapabilitiesArePermittedButNoLongerEffective) {
  Credentials credentials;
  credentials.KeepCapabilities(true);
  EXPECT_EQ(credentials.SetUid(kStudent), Errno::kOk);
  EXPECT_EQ(credentials.capabilities().permitted, CapabilitySet::All());
  EXPECT_EQ(credentials.capabilities().effective, CapabilitySet::None());
}

TEST(CredentialsTest, AnEffectiveUserGivesTheCapabilitiesAwayAndBack) {
  Credentials credentials;
  EXPECT_EQ(credentials.SetResUid(std::nullopt, kStudent, std::nullopt), Errno::kOk);
  EXPECT_EQ(credentials.users(), (TaskIds{0, kStudent, 0, kStudent}));
  EXPECT_EQ(credentials.capabilities().effective, CapabilitySet::None());
  EXPECT_EQ(credentials.capabilities().permitted, CapabilitySet::All());
  // Without CAP_SETUID only the ids that it has are open to it.
  EXPECT_EQ(credentials.SetResUid(std::nullopt, kOther, std::nullopt), Errno::kPerm);
  EXPECT_EQ(credentials.SetResUid(std::nullopt, 0, std::nullopt), Errno::kOk);
  EXPECT_EQ(credentials.capabilities().effective, CapabilitySet::All());
}

TEST(CredentialsTest, SetreuidSavesTheEffectiveUserWhenTheRealOneIsGiven) {
  Credentials credentials;
  EXPECT_EQ(credentials.SetReUid(kStudent, kOther), Errno::kOk);
  EXPECT_EQ(credentials.users(), (TaskIds{kStudent, kOther, kOther, kOther}));
  // Swapping both is open to everybody.
  EXPECT_EQ(credentials.SetReUid(kOther, kStudent), Errno::kOk);
  EXPECT_EQ(credentials.users(), (TaskIds{kOther, kStudent, kStudent, kStudent}));
  EXPECT_EQ(credentials.SetReUid(0, std::nullopt), Errno::kPerm);
  EXPECT_EQ(credentials.SetReUid(std::nullopt, 0), Errno::kPerm);
  // An effective user that is the real one changes nothing that is saved.
  EXPECT_EQ(credentials.SetReUid(std::nullopt, kOther), Errno::kOk);
  EXPECT_EQ(credentials.users(), (TaskIds{kOther, kOther, kStudent, kOther}));
}

TEST(CredentialsTest, GroupsFollowTheSameRulesWithoutCapabilities) {
  Credentials credentials;
  EXPECT_EQ(credentials.SetReGid(5, 6), Errno::kOk);
  EXPECT_EQ(credentials.groups(), (TaskIds{5, 6, 6, 6}));
  EXPECT_EQ(credentials.SetResGid(7, std::nullopt, 8), Errno::kOk);
  EXPECT_EQ(credentials.groups(), (TaskIds{7, 6, 8, 6}));
  EXPECT_EQ(credentials.SetFsGid(9), 6U);
  EXPECT_EQ(credentials.groups().filesystem, 9U);
  EXPECT_TRUE(credentials.Has(Capability::kSetgid));
  EXPECT_TRUE(credentials.InGroup(9));
  EXPECT_FALSE(credentials.InGroup(6));
}

TEST(CredentialsTest, TheUserThatFilesSeeTakesTheirCapabilitiesAlong) {
  Credentials credentials;
  EXPECT_EQ(credentials.SetFsUid(kStudent), 0U);
  EXPECT_FALSE(credentials.Has(Capability::kDacOverride));
  EXPECT_TRUE(credentials.Has(Capability::kIpcLock));
  EXPECT_EQ(credentials.SetFsUid(0), kStudent);
  EXPECT_TRUE(credentials.Has(Capability::kDacOverride));
  // Nobody: nothing changes, and the old one is told.
  EXPECT_EQ(credentials.SetFsUid(kInvalidId), 0U);
  Credentials student = Student();
  EXPECT_EQ(student.SetFsUid(0), kStudent);
  EXPECT_EQ(student.users().filesystem, kStudent);
}

TEST(CredentialsTest, SupplementaryGroupsAreForThoseWhoMaySetGroups) {
  Credentials credentials;
  EXPECT_EQ(credentials.SetGroups({30, 10, 20}), Errno::kOk);
  EXPECT_THAT(credentials.supplementary_groups(), testing::ElementsAre(10, 20, 30));
  EXPECT_TRUE(credentials.InGroup(20));
  EXPECT_EQ(credentials.SetGroups(std::vector<GroupId>(65536)), Errno::kOk);
  EXPECT_EQ(credentials.SetGroups(std::vector<GroupId>(65537)), Errno::kInval);
  EXPECT_EQ(credentials.SetGroups({kInvalidId}), Errno::kInval);
  Credentials student = Student();
  EXPECT_EQ(student.SetGroups({}), Errno::kPerm);
}

TEST(CredentialsTest, CapabilitiesOnlyBecomeFewer) {
  Credentials credentials;
  const CapabilitySet lock{Capability::kIpcLock};
  EXPECT_EQ(credentials.SetCapabilities({CapabilitySet::None(), lock, CapabilitySet::None()}), Errno::kOk);
  EXPECT_EQ(credentials.SetCapabilities({lock, lock, CapabilitySet::None()}), Errno::kOk);
  EXPECT_TRUE(credentials.Has(Capability::kIpcLock));
  const CapabilitySet more{Capability::kIpcLock, Capability::kSysAdmin};
  EXPECT_EQ(credentials.SetCapabilities({lock, more, CapabilitySet::None()}), Errno::kPerm);
  EXPECT_EQ(credentials.SetCapabilities({more, lock, CapabilitySet::None()}), Errno::kPerm);
  EXPECT_EQ(credentials.SetCapabilities({lock, lock, more}), Errno::kPerm);
  EXPECT_EQ(credentials.SetCapabilities({lock, lock, lock}), Errno::kOk);
}

TEST(CredentialsTest, ExecGivesRootWhatTheBoundingSetAllowsAndOthersNothing) {
  Credentials root;
  EXPECT_EQ(root.DropFromBoundingSet(24), Errno::kOk);
  EXPECT_EQ(root.DropFromBoundingSet(41), Errno::kInval);
  EXPECT_TRUE(root.Has(Capability::kSysResource));
  root.Exec();
  EXPECT_FALSE(root.Has(Capability::kSysResource));
  EXPECT_TRUE(root.Has(Capability::kSysAdmin));

  Credentials effective;
  EXPECT_EQ(effective.SetResUid(std::nullopt, kStudent, std::nullopt), Errno::kOk);
  effective.Exec();
  // The real user is still root: it may take them back, but starts without.
  EXPECT_EQ(effective.capabilities().permitted, CapabilitySet::All());
  EXPECT_EQ(effective.capabilities().effective, CapabilitySet::None());
  EXPECT_EQ(effective.users().saved, kStudent);

  Credentials kept;
  kept.KeepCapabilities(true);
  EXPECT_EQ(kept.SetUid(kStudent), Errno::kOk);
  kept.Exec();
  EXPECT_EQ(kept.capabilities().permitted, CapabilitySet::None());
  EXPECT_FALSE(kept.keeps_capabilities());
  EXPECT_EQ(kept.DropFromBoundingSet(0), Errno::kPerm);
}

}  // namespace
}  // namespace memsim
