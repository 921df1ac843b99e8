// Which calls a thread of gRPC may run itself: at each limit, one above, and for every operation that there is.

#include "server/host/short_calls.h"

#include <cstdint>
#include <limits>
#include <map>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

#include "proto/operations.h"
#include "tests/unit/host/simple_calls.h"

namespace memsim {
namespace {

using google::protobuf::FieldDescriptor;

bool ShortCall(const std::string& text) {
  v1::Call call;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &call)) << text;
  return IsShort(BatchOf("demo", call));
}

// Sets what is a number, but for slots.
void SetNumber(google::protobuf::Message& message, const FieldDescriptor& field, std::int64_t number) {
  const auto& reflection = *message.GetReflection();
  if (field.is_repeated()) return;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_UINT64:
      return reflection.SetUInt64(&message, &field, static_cast<std::uint64_t>(number));
    case FieldDescriptor::CPPTYPE_INT64:
      return reflection.SetInt64(&message, &field, number);
    case FieldDescriptor::CPPTYPE_UINT32:
      return reflection.SetUInt32(&message, &field, static_cast<std::uint32_t>(number));
    case FieldDescriptor::CPPTYPE_INT32:
      return reflection.SetInt32(&message, &field, static_cast<std::int32_t>(number));
    default:
      return;
  }
}

v1::Call CallWithNumbers(const Operation& operation, std::int64_t number) {
  v1::Call call;
  google::protobuf::Message& request = *call.GetReflection()->MutableMessage(&call, operation.field);
  for (int i = 0; i < request.GetDescriptor()->field_count(); ++i) {
    SetNumber(request, *request.GetDescriptor()->field(i), number);
  }
  return call;
}

// Whatever stands in its fields, an operation that is not named here is not short; those that are may be.
TEST(ShortCallsTest, OfAllOperationsTheseMayBeShort) {
  std::set<std::string> may_be;
  for (const Operation& operation : Operations()) {
    for (const std::int64_t number : {std::int64_t{0}, std::int64_t{1}, std::int64_t{2}, std::int64_t{4},
                                      std::int64_t{4096}, std::numeric_limits<std::int64_t>::max(), std::int64_t{-1}}) {
      if (IsShort(BatchOf("demo", CallWithNumbers(operation, number)))) may_be.insert(operation.name());
    }
  }
  EXPECT_EQ(may_be, (std::set<std::string>{"alloc_pages", "brk", "free_pages", "get_zeroed_page", "load", "lseek",
                                           "madvise", "mmap", "mprotect", "pkey_alloc", "pkey_free", "pkey_get",
                                           "pkey_set", "prlimit64", "store", "touch"}));
  EXPECT_FALSE(IsShort(BatchOf("demo", v1::Call())));
}

TEST(ShortCallsTest, ABatchOfMoreThanOneCallIsNot) {
  EXPECT_TRUE(IsShort(BatchOf("demo", BrkCall(), 0)));
  EXPECT_TRUE(IsShort(BatchOf("demo", BrkCall(), 1)));
  EXPECT_FALSE(IsShort(BatchOf("demo", BrkCall(), 2)));
}

// The call at its limit, and one above.
TEST(ShortCallsTest, AShortCallWorksOnFewPages) {
  const std::map<std::string, std::string> limits = {
      {"touch { pid: 1 page_count: 32 }", "touch { pid: 1 page_count: 33 }"},
      {"alloc_pages { order: 5 }", "alloc_pages { order: 6 }"},
      {"free_pages { order: 5 }", "free_pages { order: 6 }"},
      {"madvise { advice: 4 length_bytes: 131072 }", "madvise { advice: 4 length_bytes: 131073 }"},
      {"mprotect { prot: 7 length_bytes: 131072 }", "mprotect { prot: 7 length_bytes: 131073 }"},
      {"load { pid: 1 length_bytes: 126976 }", "load { pid: 1 length_bytes: 126977 }"},
      {"store_as: 4096 touch {}", "store_as: 4097 touch {}"},
  };
  for (const auto& [at, above] : limits) {
    EXPECT_TRUE(ShortCall(at)) << at;
    EXPECT_FALSE(ShortCall(above)) << above;
  }
  EXPECT_FALSE(ShortCall("alloc_pages { order: 4294967295 }"));
  EXPECT_FALSE(ShortCall("touch { page_count: 18446744073709551615 }"));
}

TEST(ShortCallsTest, OfMmapsFlagsTheseLeaveItShort) {
  std::uint64_t allowed = 0;
  for (int bit = 0; bit < 64; ++bit) {
    const std::uint64_t flag = 1ULL << bit;
    if (ShortCall(absl::StrCat("mmap { length_bytes: 4096 flags: ", flag, " }"))) allowed |= flag;
  }
  // MAP_SHARED, MAP_PRIVATE, MAP_ANONYMOUS, MAP_NORESERVE, MAP_STACK: not MAP_FIXED, MAP_LOCKED, MAP_POPULATE.
  EXPECT_EQ(allowed, 0x24023U);
  EXPECT_TRUE(ShortCall("mmap { length_bytes: 1099511627776 flags: 0x22 }"))
      << "an empty mapping is as long as it likes";
}

TEST(ShortCallsTest, WhatReachesFurtherThanItsLengthSaysIsNot) {
  EXPECT_FALSE(ShortCall("mprotect { prot: 0x1000003 length_bytes: 4096 }")) << "PROT_GROWSDOWN";
  EXPECT_FALSE(ShortCall("munmap { length_bytes: 4096 }")) << "it may be the last user of a large file";
  EXPECT_FALSE(ShortCall("brk { pid: 1 address: 1 }"));
  EXPECT_FALSE(ShortCall("brk { pid: 1 address_slot: 1 }"));
  EXPECT_TRUE(ShortCall("brk { pid: 1 }"));
  for (const int advice : {0, 3, 10, 21, 22, 23, 25}) {
    EXPECT_FALSE(ShortCall(absl::StrCat("madvise { length_bytes: 4096 advice: ", advice, " }"))) << advice;
  }
  for (int whence = -1; whence <= 5; ++whence) {
    EXPECT_EQ(ShortCall(absl::StrCat("lseek { fd: 3 whence: ", whence, " }")), whence >= 0 && whence <= 2) << whence;
  }
}

TEST(ShortCallsTest, StepsThatTakeLongerThanUsualMakeCallsLonger) {
  MachineSpec spec;
  EXPECT_TRUE(HasUsualCosts(spec));
  spec.costs.fault = Nanoseconds(1);
  EXPECT_TRUE(HasUsualCosts(spec));
  spec.costs.page_zero = kDefaultCosts.page_zero + Nanoseconds(1);
  EXPECT_FALSE(HasUsualCosts(spec));
}

}  // namespace
}  // namespace memsim
