// Protection keys by Calls: arguments arrive where they belong, and a key closes memory.

#include <string>

#include "gtest/gtest.h"

#include "tests/unit/calls/call_fixture.h"

namespace memsim {
namespace {

class ProtectionKeyCallsTest : public CallTest {
 protected:
  ProtectionKeyCallsTest() { EXPECT_EQ(Ask("spawn { comm: 'test' }"), "2"); }
};

TEST_F(ProtectionKeyCallsTest, AKeyClosesMemoryToATask) {
  EXPECT_EQ(Ask("mmap { pid: 2 address: 0x10000000 length_bytes: 8192 prot: 3 flags: 0x32 }"), "0x10000000");
  EXPECT_EQ(Ask("pkey_alloc { pid: 2 access_rights: 4 }"), "EINVAL");
  EXPECT_EQ(Run("pkey_alloc { pid: 2 access_rights: 2 }").value(), 1U);
  EXPECT_EQ(Ask("pkey_mprotect { pid: 2 address: 0x10000000 length_bytes: 4096 prot: 3 pkey: 2 }"), "EINVAL");
  EXPECT_EQ(Ask("pkey_mprotect { pid: 2 address: 0x10000000 length_bytes: 4096 prot: 3 pkey: 1 }"), "0");
  EXPECT_EQ(Run("touch { pid: 2 address: 0x10000000 access: ACCESS_KIND_WRITE }").signal().code(), 4);
  EXPECT_EQ(Run("pkey_get { pid: 2 pkey: 1 }").value(), 2U);
  EXPECT_EQ(Ask("pkey_set { pid: 2 pkey: 1 }"), "0");
  EXPECT_EQ(Run("pkey_get { pid: 2 pkey: 1 }").value(), 0U);
  EXPECT_EQ(Ask("touch { pid: 2 address: 0x10000000 access: ACCESS_KIND_WRITE }"), "1");
  EXPECT_EQ(Ask("pkey_set { pid: 2 pkey: 16 }"), "EINVAL");
  EXPECT_EQ(Ask("pkey_get { pid: 2 pkey: -1 }"), "EINVAL");
  EXPECT_EQ(Ask("pkey_free { pid: 2 pkey: 1 }"), "0");
  EXPECT_EQ(Ask("pkey_free { pid: 2 pkey: 1 }"), "EINVAL");
  EXPECT_EQ(Ask("pkey_get { pid: 9 }"), "ESRCH");
}

TEST_F(ProtectionKeyCallsTest, ForkCopiesTheRegisterAndExecEndsIt) {
  EXPECT_EQ(Run("pkey_alloc { pid: 2 access_rights: 2 }").value(), 1U);
  EXPECT_EQ(Ask("fork { pid: 2 }"), "3");
  EXPECT_EQ(Run("pkey_get { pid: 3 pkey: 1 }").value(), 2U);
  // Threads have registers of their own, and the keys of their process.
  EXPECT_EQ(Ask("clone { pid: 3 flags: 0x10900 }"), "4");
  EXPECT_EQ(Ask("pkey_set { pid: 4 pkey: 1 }"), "0");
  EXPECT_EQ(Run("pkey_get { pid: 3 pkey: 1 }").value(), 2U);
  EXPECT_EQ(Run("pkey_alloc { pid: 4 }").value(), 2U);
  EXPECT_EQ(Run("pkey_alloc { pid: 3 }").value(), 3U);
  // A program begins with all keys closed but the first, and none given out.
  EXPECT_EQ(Ask("execve { pid: 3 path: '/bin/true' }"), "0");
  EXPECT_EQ(Run("pkey_get { pid: 3 pkey: 1 }").value(), 1U);
  EXPECT_EQ(Run("pkey_get { pid: 3 pkey: 0 }").value(), 0U);
  EXPECT_EQ(Run("pkey_alloc { pid: 3 }").value(), 1U);
}

TEST_F(ProtectionKeyCallsTest, SmapsTellsTheKey) {
  EXPECT_EQ(Ask("mmap { pid: 2 address: 0x10000000 length_bytes: 4096 prot: 3 flags: 0x32 }"), "0x10000000");
  for (std::uint64_t key = 1; key < 12; ++key) EXPECT_EQ(Run("pkey_alloc { pid: 2 }").value(), key);
  EXPECT_EQ(Ask("pkey_mprotect { pid: 2 address: 0x10000000 length_bytes: 4096 prot: 1 pkey: 11 }"), "0");
  EXPECT_NE(machine_->ReadProc("2/smaps").value_or("").find("ProtectionKey:        11\n"), std::string::npos);
}

}  // namespace
}  // namespace memsim
