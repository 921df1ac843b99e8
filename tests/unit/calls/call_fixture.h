// A small machine, and calls to it as text: Ask("spawn { comm: 'sh' }") says "2".

#ifndef MEMSIM_TESTS_UNIT_CALLS_CALL_FIXTURE_H_
#define MEMSIM_TESTS_UNIT_CALLS_CALL_FIXTURE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

#include "server/calls/execute_call.h"
#include "server/calls/misuse.h"
#include "server/kernel/machine.h"

namespace memsim {

inline std::unique_ptr<Machine> BootSmallMachine() {
  MachineSpec spec;
  spec.address_randomization = AddressRandomization::kOff;
  spec.memory = ByteCount(64ULL << 20);
  return *Machine::Create(spec);
}

inline v1::Call CallOf(const std::string& text) {
  v1::Call call;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &call)) << text;
  return call;
}

// "2", "0x7ffff7ffe000" for large numbers, "ENOMEM", "0, signal 11 code 1 at 0x1000", "refused: SLOT_UNSET".
inline std::string AnswerText(const v1::Answer& answer) {
  if (answer.has_misuse()) return absl::StrCat("refused: ", MisuseReasonName(answer.misuse().reason()));
  if (answer.error_number() != 0) return ErrnoName(static_cast<Errno>(answer.error_number()));
  std::string text =
      answer.value() < (1U << 20) ? absl::StrCat(answer.value()) : absl::StrFormat("0x%x", answer.value());
  if (answer.has_signal()) {
    absl::StrAppendFormat(&text, ", signal %d code %d at 0x%x", answer.signal().number(), answer.signal().code(),
                          answer.signal().address());
  }
  return text;
}

class CallTest : public testing::Test {
 protected:
  v1::Answer Run(const v1::Call& call) {
    const std::uint64_t before = machine_->sequence();
    v1::Answer answer;
    ExecuteCall(*machine_, call, answer);
    machine_->CheckInvariants();
    // What is executed is counted, what is refused is not.
    EXPECT_EQ(machine_->sequence(), before + (answer.has_misuse() ? 0 : 1));
    EXPECT_EQ(answer.sequence(), answer.has_misuse() ? 0 : before + 1);
    return answer;
  }
  v1::Answer Run(const std::string& text) { return Run(CallOf(text)); }
  std::string Ask(const std::string& text) { return AnswerText(Run(text)); }
  // Why a call was refused; empty if it was not.
  std::string Refusal(const std::string& text) { return Run(text).misuse().message(); }

  std::unique_ptr<Machine> machine_ = BootSmallMachine();
};

}  // namespace memsim

#endif  // MEMSIM_TESTS_UNIT_CALLS_CALL_FIXTURE_H_
