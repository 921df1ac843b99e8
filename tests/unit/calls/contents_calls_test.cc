// Load, store, read, and write with data: their arguments, their limits, their answers.

#include <string>

#include "gtest/gtest.h"

#include "tests/unit/calls/call_fixture.h"

namespace memsim {
namespace {

class ContentsCallsTest : public CallTest {
 protected:
  ContentsCallsTest() { EXPECT_EQ(Ask("spawn { comm: 'test' }"), "2"); }
};

TEST_F(ContentsCallsTest, StoreAndLoadMoveBytesAndTellOfFaultsAndSignals) {
  Run("mmap { pid: 2 address: 0x10000000 length_bytes: 8192 prot: 3 flags: 0x32 } store_as: 1");
  EXPECT_EQ(Ask("store { pid: 2 address_slot: 1 address: 4094 data: 'abcd' }"), "4");
  v1::Answer answer = Run("load { pid: 2 address: 0x10000ffd length_bytes: 6 }");
  EXPECT_EQ(answer.value(), 6U);
  EXPECT_EQ(answer.loaded().data(), std::string("\0abcd\0", 6));
  EXPECT_EQ(answer.loaded().minor_faults(), 0U);
  EXPECT_EQ(Ask("load { pid: 2 address: 0x10001fff length_bytes: 2 }"), "1, signal 11 code 1 at 0x10002000");
  EXPECT_EQ(Ask("store { pid: 2 address: 0x10001fff data: 'xy' }"), "1, signal 11 code 1 at 0x10002000");
  answer = Run("load { pid: 2 address: 0x10001ffe length_bytes: 3 }");
  EXPECT_EQ(answer.loaded().data(), std::string("\0x", 2)) << "what precedes the signal is in the answer";
  Run("mmap { pid: 2 address: 0x20000000 length_bytes: 8192 prot: 3 flags: 0x32 }");
  EXPECT_EQ(Run("load { pid: 2 address: 0x20000000 length_bytes: 4097 }").loaded().minor_faults(), 2U);
  EXPECT_EQ(Run("store { pid: 2 address: 0x20000000 data: 'a' }").fault_counts().minor_faults(), 1U);
  EXPECT_EQ(Run("store { pid: 2 address: 0x20000000 data: 'a' }").detail_case(), v1::Answer::DETAIL_NOT_SET);
  EXPECT_EQ(Run("load { pid: 2 address: 0x20000000 }").detail_case(), v1::Answer::DETAIL_NOT_SET);
  EXPECT_EQ(Ask("load { pid: 9 address: 1 length_bytes: 1 }"), "ESRCH");
  EXPECT_EQ(Ask("store { pid: 9 address: 1 data: 'a' }"), "ESRCH");
}

TEST_F(ContentsCallsTest, WildAddressesOfLoadsAndStoresAreSignals) {
  EXPECT_EQ(Ask("load { pid: 2 address: 0xffffffffffffffff length_bytes: 16384 }"),
            "0, signal 11 code 1 at 0xffffffffffffffff");
  EXPECT_EQ(Ask("store { pid: 2 address: 0x800000000000 data: 'a' }"), "0, signal 11 code 128 at 0x0");
  EXPECT_EQ(Ask("store { pid: 2 data: 'a' }"), "0, signal 11 code 1 at 0x0");
}

TEST_F(ContentsCallsTest, NoCallMovesMoreThan16KiB) {
  EXPECT_EQ(Refusal("load { pid: 2 length_bytes: 16385 }"), "length_bytes is 16385 bytes; it must be at most 16384");
  EXPECT_EQ(Ask("load { pid: 2 length_bytes: 16384 }"), "0, signal 11 code 1 at 0x0");
  EXPECT_EQ(Refusal("read { pid: 2 length_bytes: 16385 }"), "length_bytes is 16385 bytes; it must be at most 16384");
  v1::Call store = CallOf("store { pid: 2 }");
  store.mutable_store()->set_data(std::string(16385, 'a'));
  EXPECT_EQ(Run(store).misuse().message(), "data is 16385 bytes; it must be at most 16384");
  v1::Call write = CallOf("write { pid: 2 length_bytes: 20000 }");
  write.mutable_write()->set_data(std::string(16385, 'a'));
  EXPECT_EQ(Run(write).misuse().message(), "data is 16385 bytes; it must be at most 16384");
}

TEST_F(ContentsCallsTest, WhatIsWrittenIsReadAndLoaded) {
  EXPECT_EQ(Ask("open { pid: 2 path: '/f' flags: 0102 }"), "0");
  EXPECT_EQ(Ask("write { pid: 2 fd: 0 data: 'hello' }"), "5");
  EXPECT_EQ(Ask("write { pid: 2 fd: 0 data: 'ab' length_bytes: 4 offset_bytes: 4 }"), "4");
  EXPECT_EQ(Refusal("write { pid: 2 fd: 0 data: 'abc' length_bytes: 2 }"),
            "data is 3 bytes, more than length_bytes, which is 2; leave that out");
  const v1::Answer answer = Run("read { pid: 2 fd: 0 length_bytes: 100 offset_bytes: 3 }");
  EXPECT_EQ(answer.value(), 5U);
  EXPECT_EQ(answer.loaded().data(), std::string("lab\0\0", 5));
  EXPECT_EQ(Ask("read { pid: 2 fd: 0 length_bytes: 100 }"), "3") << "from the position";
  EXPECT_EQ(Run("read { pid: 2 fd: 0 length_bytes: 100 }").detail_case(), v1::Answer::DETAIL_NOT_SET);
  EXPECT_EQ(Ask("read { pid: 2 fd: 7 length_bytes: 1 }"), "EBADF");
  Run("mmap { pid: 2 address: 0x10000000 length_bytes: 4096 prot: 1 flags: 0x11 fd: 0 }");
  EXPECT_EQ(Run("load { pid: 2 address: 0x10000000 length_bytes: 5 }").loaded().data(), "hella");
}

}  // namespace
}  // namespace memsim
