#include "client/cli/field_value.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "client/cli/usage_error.h"
#include "memsim/v1/call.pb.h"
#include "memsim/v1/machine_service.pb.h"
#include "proto/operations.h"

namespace memsim::cli {
namespace {

using ::testing::HasSubstr;

template <typename Message>
absl::Status Set(Message& message, const char* field, absl::string_view text) {
  return SetField(message, *Message::descriptor()->FindFieldByName(field), text);
}

TEST(FieldValueTest, SizesAndConstantsAndAddresses) {
  v1::MmapRequest mmap;
  EXPECT_TRUE(Set(mmap, "length_bytes", "64KiB").ok());
  EXPECT_TRUE(Set(mmap, "prot", "rw").ok());
  EXPECT_TRUE(Set(mmap, "flags", "PRIVATE|ANONYMOUS").ok());
  EXPECT_TRUE(Set(mmap, "address", "0x7ffff7dc0000").ok());
  EXPECT_TRUE(Set(mmap, "fd", "-1").ok());
  EXPECT_EQ(mmap.ShortDebugString(), "address: 140737351778304 length_bytes: 65536 prot: 3 flags: 34 fd: -1");
}

TEST(FieldValueTest, ASlotGoesIntoTheTwin) {
  v1::MunmapRequest munmap;
  EXPECT_TRUE(Set(munmap, "address", "$3+0x1000").ok());
  EXPECT_TRUE(Set(munmap, "pid", "$65535").ok());
  EXPECT_EQ(munmap.ShortDebugString(), "pid_slot: 65535 address: 4096 address_slot: 3");
  EXPECT_TRUE(Set(munmap, "address", "$4-4KiB").ok());
  EXPECT_EQ(munmap.address(), static_cast<std::uint64_t>(-4096)) << "the machine adds modulo 2^64";
  EXPECT_EQ(munmap.address_slot(), 4U);
}

TEST(FieldValueTest, WhatIsNoSlotIsRefused) {
  v1::MunmapRequest munmap;
  for (const char* bad : {"$", "$0", "$65536", "$x", "$3+", "$3+x", "$-1", "$3*2"}) {
    EXPECT_FALSE(Set(munmap, "address", bad).ok()) << bad;
  }
  EXPECT_THAT(std::string(Set(munmap, "length_bytes", "$3").message()), HasSubstr("a slot cannot stand here"));
}

TEST(FieldValueTest, NumbersMustFitTheirField) {
  v1::AllocPagesRequest alloc;
  EXPECT_TRUE(Set(alloc, "order", "4294967295").ok());
  EXPECT_THAT(std::string(Set(alloc, "order", "4294967296").message()),
              HasSubstr("--order: the value must be 0 to 4294967295"));
  v1::CloseRequest close;
  EXPECT_TRUE(Set(close, "fd", "-2147483648").ok());
  EXPECT_FALSE(Set(close, "fd", "2147483648").ok());
  EXPECT_FALSE(Set(close, "fd", "-2147483649").ok());
  v1::LseekRequest lseek;
  EXPECT_TRUE(Set(lseek, "offset_bytes", "-100").ok());
  EXPECT_EQ(lseek.offset_bytes(), -100);
  EXPECT_TRUE(Set(lseek, "offset_bytes", "1MiB").ok());
  EXPECT_EQ(lseek.offset_bytes(), 1 << 20);
}

TEST(FieldValueTest, ASignedSizeKeepsItsSign) {
  v1::LseekRequest lseek;
  EXPECT_TRUE(Set(lseek, "offset_bytes", "9223372036854775807").ok());
  EXPECT_EQ(lseek.offset_bytes(), INT64_MAX);
  EXPECT_TRUE(Set(lseek, "offset_bytes", "-9223372036854775808").ok());
  EXPECT_EQ(lseek.offset_bytes(), INT64_MIN);
  EXPECT_TRUE(Set(lseek, "offset_bytes", "-4KiB").ok());
  EXPECT_EQ(lseek.offset_bytes(), -4096);
  for (const char* bad :
       {"9223372036854775808", "18446744073709551000", "-9223372036854775809", "8589934592GiB", "--1", "-", "-1KB"}) {
    EXPECT_FALSE(Set(lseek, "offset_bytes", bad).ok()) << bad << " became " << lseek.offset_bytes();
  }
}

TEST(FieldValueTest, HelpIsTheCommentAndSaysWhatLeavingOutMeans) {
  EXPECT_EQ(HelpOf(*v1::MachineSpec::descriptor()->FindFieldByName("cpu_count")),
            "Simulated CPUs, 1 to 256. Left out: 2.");
  EXPECT_EQ(HelpOf(*v1::MachineSpec::descriptor()->FindFieldByName("address_randomization")),
            "Whether addresses are random. Left out: on.");
}

TEST(FieldValueTest, EnumsHaveShortNames) {
  v1::TouchRequest touch;
  EXPECT_TRUE(Set(touch, "access", "write").ok());
  EXPECT_EQ(touch.access(), v1::ACCESS_KIND_WRITE);
  EXPECT_TRUE(Set(touch, "access", "ACCESS_KIND_READ").ok());
  EXPECT_EQ(touch.access(), v1::ACCESS_KIND_READ);
  EXPECT_THAT(std::string(Set(touch, "access", "wirte").message()), HasSubstr("did you mean write?"));
  v1::MknodRequest mknod;
  EXPECT_TRUE(Set(mknod, "kind", "zero_device").ok());
  EXPECT_EQ(mknod.kind(), v1::FILE_KIND_ZERO_DEVICE);
}

TEST(FieldValueTest, YesOrNoIsTrueOrFalse) {
  v1::KmemCacheCreateRequest create;
  EXPECT_TRUE(Set(create, "constructor", "true").ok());
  EXPECT_TRUE(create.constructor());
  EXPECT_TRUE(Set(create, "constructor", "false").ok());
  EXPECT_FALSE(create.constructor());
  EXPECT_THAT(std::string(Set(create, "constructor", "ctor").message()), HasSubstr("neither true nor false"));
}

TEST(FieldValueTest, ResourceLimitsArePairs) {
  v1::Prlimit64Request prlimit;
  EXPECT_TRUE(Set(prlimit, "new_limit", "8MiB:unlimited").ok());
  EXPECT_EQ(prlimit.new_limit().current(), 8U << 20);
  EXPECT_EQ(prlimit.new_limit().maximum(), UINT64_MAX);
  EXPECT_TRUE(Set(prlimit, "new_limit", "4096").ok());
  EXPECT_EQ(prlimit.new_limit().maximum(), 4096U);
  EXPECT_FALSE(Set(prlimit, "new_limit", "1:").ok());
}

TEST(FieldValueTest, ImageMappingsAreRowsOfMaps) {
  v1::ExecveRequest execve;
  EXPECT_TRUE(Set(execve, "mappings", "555555554000-555555556000 r-xp 00001000 /usr/bin/a b").ok());
  EXPECT_TRUE(Set(execve, "mappings", "7ffffffde000-7ffffffff000 rw-s 00000000 08:01 42 [stack]").ok());
  ASSERT_EQ(execve.mappings_size(), 2);
  EXPECT_EQ(execve.mappings(0).start(), 0x555555554000U);
  EXPECT_EQ(execve.mappings(0).prot(), 5U);
  EXPECT_EQ(execve.mappings(0).flags(), 2U);
  EXPECT_EQ(execve.mappings(0).offset_bytes(), 0x1000U);
  EXPECT_EQ(execve.mappings(0).path(), "/usr/bin/a b");
  EXPECT_EQ(execve.mappings(1).path(), "[stack]");
  EXPECT_EQ(execve.mappings(1).flags(), 1U);
  for (const char* bad : {"", "1-2", "1 r--p", "1-2 r--", "1-2 r--z", "1-2 q--p", "x-2 r--p", "1-2 r--p zz"}) {
    EXPECT_FALSE(Set(execve, "mappings", bad).ok()) << bad;
  }
}

TEST(FieldValueTest, AProgramIsAFileOfThisHost) {
  v1::ExecveRequest execve;
  EXPECT_TRUE(Set(execve, "program", "/bin/sh").ok());
  EXPECT_GE(execve.program().file().segments_size(), 2);
  EXPECT_FALSE(Set(execve, "program", "/no such file").ok());
}

TEST(FieldValueTest, FlagNamesDropUnitsAndPlurals) {
  const auto name = [](const google::protobuf::Descriptor* type, const char* field) {
    return FlagNameOf(*type->FindFieldByName(field));
  };
  EXPECT_EQ(name(v1::MremapRequest::descriptor(), "old_length_bytes"), "old-length");
  EXPECT_EQ(name(v1::ExecveRequest::descriptor(), "mappings"), "mapping");
  EXPECT_EQ(name(v1::MmapRequest::descriptor(), "flags"), "flags");
  EXPECT_FALSE(HasFlag(*v1::MmapRequest::descriptor()->FindFieldByName("target")));
  EXPECT_FALSE(HasFlag(*v1::MmapRequest::descriptor()->FindFieldByName("pid_slot")));
}

// Some text that the field takes, whatever its kind.
TEST(FieldValueTest, EveryFieldOfEveryCallCanBeWritten) {
  const std::vector<std::string> texts = {"1", "read", "regular", "1:2", "1-2 r--p 0 /x", "/bin/sh"};
  for (const Operation& operation : Operations()) {
    const auto* const type = operation.field->message_type();
    for (int i = 0; i < type->field_count(); ++i) {
      if (!HasFlag(*type->field(i))) continue;
      bool written = false;
      for (const std::string& text : texts) {
        v1::Call call;
        auto* const message = call.GetReflection()->MutableMessage(&call, operation.field);
        written = written || SetField(*message, *type->field(i), text).ok();
      }
      EXPECT_TRUE(written) << type->field(i)->full_name() << ": teach client/cli/field_value.cc this kind of field";
    }
  }
}

}  // namespace
}  // namespace memsim::cli
