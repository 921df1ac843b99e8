// Who holds policies, and those of shared memory page by page.

#include "server/kernel/numa/shared_policy.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "tests/unit/kernel/file/booted_files.h"

namespace memsim {
namespace {

class SharedPolicyTest : public BootedFiles {
 protected:
  MempolicyId Create(MempolicyMode mode) {
    Mempolicy policy;
    policy.mode = mode;
    const MempolicyId id = mempolicies_.Create(policy);
    EXPECT_NE(id, MempolicyId());
    return id;
  }
  std::string Set(std::uint64_t first, std::uint64_t end, MempolicyId policy) {
    const Errno error = shared_.Set(PageOffset(first), PageOffset(end), policy, mempolicies_, slabs_);
    Check();
    mempolicies_.CheckInvariants();
    return ErrnoName(error);
  }
  // A digit a page: its policy.
  std::string Policies(std::uint64_t pages) const {
    std::string text;
    for (std::uint64_t page = 0; page < pages; ++page) absl::StrAppend(&text, shared_.At(PageOffset(page)).value());
    return text;
  }
  std::uint64_t Objects(KernelCache cache) const { return slabs_.held_objects(IdOf(cache)); }

  SharedPolicy shared_;
};

TEST_F(SharedPolicyTest, EqualPoliciesAreOneWithAnObjectForEachHolder) {
  const MempolicyId bind = Create(MempolicyMode::kBind);
  EXPECT_EQ(Create(MempolicyMode::kBind), bind);
  const MempolicyId local = Create(MempolicyMode::kLocal);
  EXPECT_NE(local, bind);
  mempolicies_.Get(bind);
  EXPECT_EQ(Objects(KernelCache::kNumaPolicy), 4U);
  for (int i = 0; i < 3; ++i) mempolicies_.Put(bind);
  EXPECT_EQ(Objects(KernelCache::kNumaPolicy), 1U);
  EXPECT_EQ(Create(MempolicyMode::kInterleave), bind) << "the lowest id that is free";
  mempolicies_.CheckInvariants();
  EXPECT_EQ(mempolicies_.holders(), 2U);
}

TEST_F(SharedPolicyTest, RangesAreCutAndReplaced) {
  const MempolicyId one = Create(MempolicyMode::kBind);
  const MempolicyId two = Create(MempolicyMode::kLocal);
  EXPECT_EQ(Set(1, 7, one), "OK");
  EXPECT_EQ(Policies(8), "01111110");
  EXPECT_EQ(Set(3, 5, two), "OK");
  EXPECT_EQ(Policies(8), "01122110");
  EXPECT_EQ(shared_.size(), 3U);
  EXPECT_EQ(Set(2, 4, MempolicyId()), "OK");
  EXPECT_EQ(Policies(8), "01002110");
  EXPECT_EQ(Set(0, 8, two), "OK");
  EXPECT_EQ(Policies(8), "22222222");
  EXPECT_EQ(Objects(KernelCache::kSharedPolicyNode), 1U);
  shared_.Clear(mempolicies_, slabs_);
  EXPECT_EQ(Objects(KernelCache::kSharedPolicyNode), 0U);
  EXPECT_EQ(mempolicies_.holders(), 2U);
}

}  // namespace
}  // namespace memsim
