// Memory policies, personalities, the exit of a thread and cachestat: arguments arrive where they belong, and answers
// come back whole.

#include <string>

#include "gtest/gtest.h"

#include "tests/unit/calls/call_fixture.h"

namespace memsim {
namespace {

class PolicyCallsTest : public CallTest {
 protected:
  PolicyCallsTest() { EXPECT_EQ(Ask("spawn { comm: 'test' }"), "2"); }

  bool MapsHave(const std::string& line) {
    return machine_->ReadProc("2/maps").value_or("none").find(line) != std::string::npos;
  }
};

TEST_F(PolicyCallsTest, PoliciesCutMappingsAndAreTold) {
  EXPECT_EQ(Ask("mmap { pid: 2 address: 0x10000000 length_bytes: 8192 prot: 3 flags: 0x32 }"), "0x10000000");
  EXPECT_EQ(Ask("mbind { pid: 2 address: 0x10000000 length_bytes: 4096 mode: 2 nodemask: 2 maxnode: 64 }"), "EINVAL");
  EXPECT_EQ(Ask("mbind { pid: 2 address: 0x10000000 length_bytes: 4096 mode: 0x8002 nodemask: 3 maxnode: 64 }"), "0");
  EXPECT_TRUE(MapsHave("10000000-10001000 rw-p"));
  const v1::MemoryPolicy bound = Run("get_mempolicy { pid: 2 address: 0x10000000 flags: 2 }").memory_policy();
  EXPECT_EQ(bound.policy(), 0x8002U);
  ASSERT_EQ(bound.nodemask_size(), 1);
  EXPECT_EQ(bound.nodemask(0), 3U);
  EXPECT_FALSE(bound.has_node());
  EXPECT_TRUE(Run("get_mempolicy { pid: 2 address: 0x10000000 flags: 3 }").memory_policy().has_node());
  EXPECT_EQ(Ask("set_mempolicy { pid: 2 mode: 4 }"), "0");
  EXPECT_EQ(Run("get_mempolicy { pid: 2 }").memory_policy().policy(), 4U);
  EXPECT_EQ(Ask("get_mempolicy { pid: 2 policy: 8 }"), "EFAULT");
  EXPECT_FALSE(Run("get_mempolicy { pid: 2 policy: 8 }").has_memory_policy());
  EXPECT_EQ(Ask("set_mempolicy { pid: 2 mode: 2 nodemask_address: 8 maxnode: 64 }"), "EFAULT");
  EXPECT_EQ(Ask("get_mempolicy { pid: 9 }"), "ESRCH");
}

TEST_F(PolicyCallsTest, AThreadEndsAloneAndAPersonalityIsTold) {
  EXPECT_EQ(Ask("clone { pid: 2 flags: 0x10f00 }"), "3");
  EXPECT_EQ(Ask("exit { pid: 3 status: 7 }"), "0");
  EXPECT_EQ(Ask("exit { pid: 3 }"), "ESRCH");
  EXPECT_EQ(Ask("personality { pid: 2 persona: 0x40000 }"), "0");
  EXPECT_EQ(Ask("personality { pid: 2 persona: 0xffffffff }"), "262144");
  EXPECT_EQ(Ask("personality { pid: 9 }"), "ESRCH");
}

TEST_F(PolicyCallsTest, CachestatCountsPages) {
  EXPECT_EQ(Ask("mknod { path: '/c' size_bytes: 12288 }"), "0");
  EXPECT_EQ(Ask("open { pid: 2 path: '/c' flags: 2 }"), "0");
  EXPECT_EQ(Ask("write { pid: 2 fd: 0 length_bytes: 100 }"), "100");
  const v1::CacheStat stat = Run("cachestat { pid: 2 fd: 0 }").cache_stat();
  EXPECT_EQ(stat.nr_cache(), 3U);
  EXPECT_EQ(stat.nr_dirty(), 1U);
  EXPECT_EQ(Run("cachestat { pid: 2 fd: 0 offset_bytes: 4096 length_bytes: 1 }").cache_stat().nr_cache(), 1U);
  EXPECT_EQ(Ask("cachestat { pid: 2 fd: 0 flags: 1 }"), "EINVAL");
  EXPECT_EQ(Ask("cachestat { pid: 2 fd: 0 range_address: 8 }"), "EFAULT");
  EXPECT_EQ(Ask("cachestat { pid: 2 fd: 0 stat_address: 8 }"), "EFAULT");
  EXPECT_EQ(Ask("cachestat { pid: 2 fd: 7 }"), "EBADF");
}

}  // namespace
}  // namespace memsim
