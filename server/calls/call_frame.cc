#include "server/calls/call_frame.h"

#include <optional>

#include "absl/strings/str_cat.h"

#include "server/kernel/slots.h"

namespace memsim {

std::uint64_t CallFrame::Read(absl::string_view field, std::uint64_t literal, std::uint32_t slot) {
  if (slot == 0) return literal;
  if (slot > Slots::kMaxSlot) {
    Refuse(v1::ERROR_REASON_FIELD_INVALID,
           absl::StrCat(field, "_slot is ", slot, "; slots are 1 to ", Slots::kMaxSlot));
    return 0;
  }
  const std::optional<std::uint64_t> value = machine_.slots().Get(slot);
  if (!value.has_value()) {
    Refuse(v1::ERROR_REASON_SLOT_UNSET,
           absl::StrCat(field, "_slot is ", slot, ", which no call has filled; give an earlier call store_as ", slot));
    return 0;
  }
  return *value + literal;
}

Pid CallFrame::ReadPid(absl::string_view field, std::uint64_t literal, std::uint32_t slot) {
  const std::uint64_t number = Read(field, literal, slot);
  return number > UINT32_MAX ? kNoPid : Pid(static_cast<std::uint32_t>(number));
}

void CallFrame::CheckTransfer(absl::string_view field, std::uint64_t bytes) {
  if (bytes <= kMaxTransferBytes) return;
  Refuse(v1::ERROR_REASON_FIELD_INVALID,
         absl::StrCat(field, " is ", bytes, " bytes; it must be at most ", kMaxTransferBytes));
}

std::string CallFrame::CpuProblem(std::uint32_t cpu) const {
  const std::uint32_t count = machine_.spec().cpu_count;
  if (cpu < count) return "";
  return absl::StrCat("cpu is ", cpu, "; the machine's CPUs are 0 to ", count - 1);
}

void CallFrame::Refuse(v1::ErrorReason reason, absl::string_view message) {
  if (refused()) return;  // The first reason is the one to mend first.
  answer_.mutable_misuse()->set_reason(reason);
  answer_.mutable_misuse()->set_message(std::string(message));
}

}  // namespace memsim
