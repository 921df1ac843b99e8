// What all calls have in common: slots, refusals, books and digests.

#include "server/calls/execute_call.h"

#include <set>
#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"

#include "tests/unit/calls/call_fixture.h"

namespace memsim {
namespace {

class ExecuteCallTest : public CallTest {};

// --- Slots

TEST_F(ExecuteCallTest, AnAnswerGoesIntoASlotAndComesOutWithTheLiteralAdded) {
  EXPECT_EQ(Ask("store_as: 1 spawn { comm: 'sh' }"), "2");
  EXPECT_EQ(Ask("store_as: 65535 mmap { pid_slot: 1 length_bytes: 8192 prot: 3 flags: 0x22 }"), "0x7ffff7ffd000");
  EXPECT_EQ(Ask("touch { pid_slot: 1 address_slot: 65535 address: 4096 access: ACCESS_KIND_WRITE }"), "1");
  EXPECT_EQ(Ask("touch { pid: 2 address: 0x7ffff7ffe000 access: ACCESS_KIND_WRITE }"), "0");
  EXPECT_EQ(Ask("munmap { pid_slot: 1 address_slot: 65535 length_bytes: 8192 }"), "0");
}

TEST_F(ExecuteCallTest, SlotNumbersEndAt65535) {
  EXPECT_EQ(Refusal("store_as: 65536 spawn {}"), "store_as is 65536; slots are 1 to 65535");
  EXPECT_EQ(Refusal("store_as: 4294967295 spawn {}"), "store_as is 4294967295; slots are 1 to 65535");
  EXPECT_EQ(Refusal("fork { pid_slot: 65536 }"), "pid_slot is 65536; slots are 1 to 65535");
  EXPECT_EQ(Ask("fork { pid_slot: 65536 }"), "refused: FIELD_INVALID");
  // Nothing was spawned.
  EXPECT_EQ(Ask("spawn {}"), "2");
}

TEST_F(ExecuteCallTest, AnUnsetSlotRefusesTheCallAndNamesTheFirstField) {
  const std::string digest = machine_->StateDigest();
  EXPECT_EQ(Ask("mmap { pid_slot: 3 address_slot: 4 length_bytes: 4096 flags: 0x22 }"), "refused: SLOT_UNSET");
  EXPECT_EQ(Refusal("mmap { pid_slot: 3 address_slot: 4 length_bytes: 4096 flags: 0x22 }"),
            "pid_slot is 3, which no call has filled; give an earlier call store_as 3");
  EXPECT_EQ(Ask("mremap { pid: 1 address: 4096 new_address_slot: 9 }"), "refused: SLOT_UNSET");
  EXPECT_EQ(Ask("wait4 { pid: 1 child_pid_slot: 9 }"), "refused: SLOT_UNSET");
  EXPECT_EQ(Ask("free_pages { frame_number_slot: 9 }"), "refused: SLOT_UNSET");
  EXPECT_EQ(Ask("free_pages { address_slot: 9 }"), "refused: SLOT_UNSET");
  EXPECT_EQ(machine_->StateDigest(), digest);
}

TEST_F(ExecuteCallTest, WhatFailedOrEndedInASignalFillsNoSlot) {
  Ask("spawn {}");
  EXPECT_EQ(Ask("store_as: 5 mmap { pid: 2 flags: 0x22 }"), "EINVAL");
  EXPECT_EQ(Ask("fork { pid_slot: 5 }"), "refused: SLOT_UNSET");
  EXPECT_EQ(Ask("store_as: 5 touch { pid: 2 address: 4096 }"), "0, signal 11 code 1 at 0x1000");
  EXPECT_EQ(Ask("fork { pid_slot: 5 }"), "refused: SLOT_UNSET");
}

TEST_F(ExecuteCallTest, ASlotThatIsFilledAgainHoldsTheNewest) {
  Ask("store_as: 1 spawn {}");
  Ask("store_as: 1 spawn {}");
  EXPECT_EQ(machine_->slots().Get(1), 3U);
  EXPECT_EQ(Ask("exit_group { pid_slot: 1 }"), "0");
  EXPECT_EQ(Ask("fork { pid: 2 }"), "4");
}

TEST_F(ExecuteCallTest, SumsWrapAndAPidBeyond32BitsIsNobodys) {
  EXPECT_EQ(Ask("fork { pid: 4294967297 }"), "ESRCH");
  EXPECT_EQ(Ask("fork { pid: 18446744073709551615 }"), "ESRCH");
  Ask("store_as: 1 spawn {}");
  // 2 + (2^64 - 1) is 1: init.
  EXPECT_EQ(Ask("exit_group { pid_slot: 1 pid: 18446744073709551615 }"), "EPERM");
}

// --- Refusals

TEST_F(ExecuteCallTest, ACallWithoutAnOperationIsRefused) {
  EXPECT_EQ(Ask(""), "refused: OPERATION_UNKNOWN");
  EXPECT_EQ(Ask("store_as: 1"), "refused: OPERATION_UNKNOWN");
}

TEST_F(ExecuteCallTest, ATargetIsForUnaryMethodsAndRefusedHere) {
  const google::protobuf::OneofDescriptor* operations = v1::Call::descriptor()->FindOneofByName("operation");
  for (int i = 0; i < operations->field_count(); ++i) {
    v1::Call call;
    google::protobuf::Message& request = *call.GetReflection()->MutableMessage(&call, operations->field(i));
    request.GetReflection()->MutableMessage(&request, request.GetDescriptor()->FindFieldByName("target"));
    const v1::Answer answer = Run(call);
    EXPECT_EQ(answer.misuse().reason(), v1::ERROR_REASON_FIELD_INVALID) << operations->field(i)->name();
    EXPECT_EQ(answer.misuse().message().find("target is set in a call of a batch"), 0U) << answer.misuse().message();
  }
}

TEST_F(ExecuteCallTest, EveryOperationAnswersAnEmptyRequest) {
  const google::protobuf::OneofDescriptor* operations = v1::Call::descriptor()->FindOneofByName("operation");
  ASSERT_NE(operations, nullptr);
  for (int i = 0; i < operations->field_count(); ++i) {
    v1::Call call;
    call.GetReflection()->MutableMessage(&call, operations->field(i));
    const v1::Answer answer = Run(call);
    EXPECT_FALSE(answer.has_misuse()) << operations->field(i)->name() << ": " << answer.misuse().message();
    // What answers without an error must be one of those that need no arguments.
    const std::set<std::string> without = {"spawn",        "alloc_pages", "get_zeroed_page", "concurrent",
                                           "advance_time", "kmalloc",     "kzalloc",         "krealloc",
                                           "kfree",        "mmlist",      "rmap_walk"};
    EXPECT_EQ(answer.error_number() == 0, without.count(operations->field(i)->name()) == 1)
        << operations->field(i)->name();
  }
}

TEST_F(ExecuteCallTest, EveryPidAndAddressOfEveryOperationMayComeFromASlot) {
  const google::protobuf::OneofDescriptor* operations = v1::Call::descriptor()->FindOneofByName("operation");
  int slots = 0;
  for (int i = 0; i < operations->field_count(); ++i) {
    const google::protobuf::Descriptor& request = *operations->field(i)->message_type();
    for (int j = 0; j < request.field_count(); ++j) {
      const std::string& name = request.field(j)->name();
      if (name.size() < 5 || name.substr(name.size() - 5) != "_slot") continue;
      ++slots;
      v1::Call call;
      google::protobuf::Message& message = *call.GetReflection()->MutableMessage(&call, operations->field(i));
      message.GetReflection()->SetUInt32(&message, request.field(j), 77);
      const v1::Answer answer = Run(call);
      EXPECT_EQ(answer.misuse().reason(), v1::ERROR_REASON_SLOT_UNSET) << request.name() << "." << name;
      EXPECT_EQ(answer.misuse().message().find(name + " is 77"), 0U) << answer.misuse().message();
    }
  }
  EXPECT_GE(slots, 25);
}

// --- Books

TEST_F(ExecuteCallTest, AnAnswerTellsWhenTheCallBeganAndHowLongItTook) {
  const v1::Answer first = Run("spawn {}");
  const v1::Answer second = Run("mmap { pid: 2 length_bytes: 4096 flags: 0x22 }");
  EXPECT_EQ(second.virtual_time_ns(), first.virtual_time_ns() + first.duration_ns());
  EXPECT_GT(second.duration_ns(), 0U);
  EXPECT_EQ(machine_->now().value(), second.virtual_time_ns() + second.duration_ns());
}

const char* const kProgram[] = {
    "store_as: 1 spawn { comm: 'sh' }",
    "store_as: 2 mmap { pid_slot: 1 length_bytes: 65536 prot: 3 flags: 0x22 }",
    "touch { pid_slot: 1 address_slot: 2 access: ACCESS_KIND_WRITE page_count: 17 }",
    "fork { pid_slot: 1 }",
    "touch { pid: 3 address_slot: 2 access: ACCESS_KIND_WRITE page_count: 3 }",
    "prlimit64 { pid: 3 resource: 9 new_limit { current: 1 maximum: 2 } }",
    "alloc_pages { gfp_mask: 0xcc0 order: 3 }",
    "free_pages { frame_number: 1 }",
    "exit_group { pid: 3 }",
    "wait4 { pid: 2 }",
};

TEST_F(ExecuteCallTest, TheSameCallsGiveTheSameDigestsAndOthersDoNot) {
  const std::unique_ptr<Machine> other = BootSmallMachine();
  for (const char* const text : kProgram) {
    EXPECT_EQ(machine_->AnswerDigest(), other->AnswerDigest()) << "before " << text;
    const std::string answers_before = machine_->AnswerDigest();
    const std::string state_before = machine_->StateDigest();
    Run(text);
    EXPECT_NE(machine_->AnswerDigest(), answers_before) << text;
    EXPECT_NE(machine_->StateDigest(), state_before) << text;
    v1::Answer answer;
    ExecuteCall(*other, CallOf(text), answer);
  }
  EXPECT_EQ(machine_->StateDigest(), other->StateDigest());
  Run("spawn {}");
  EXPECT_NE(machine_->StateDigest(), other->StateDigest());
}

TEST_F(ExecuteCallTest, RefusedCallsAreNoPartOfTheAnswers) {
  const std::string before = machine_->AnswerDigest();
  Ask("fork { pid_slot: 9 }");
  Ask("");
  EXPECT_EQ(machine_->AnswerDigest(), before);
}

}  // namespace
}  // namespace memsim
