// The access of a request.

#ifndef MEMSIM_SERVER_CALLS_ACCESS_ARGUMENT_H_
#define MEMSIM_SERVER_CALLS_ACCESS_ARGUMENT_H_

#include <optional>

#include "absl/strings/str_cat.h"

#include "memsim/v1/address_space_service.pb.h"
#include "server/calls/call_frame.h"
#include "server/kernel/machine.h"

namespace memsim {

// What is no access refuses the frame.
inline AccessKind ReadAccess(CallFrame& frame, v1::AccessKind access) {
  switch (access) {
    case v1::ACCESS_KIND_UNSPECIFIED:
    case v1::ACCESS_KIND_READ:
      return AccessKind::kRead;
    case v1::ACCESS_KIND_WRITE:
      return AccessKind::kWrite;
    case v1::ACCESS_KIND_EXECUTE:
      return AccessKind::kExecute;
    default:
      frame.Refuse(v1::ERROR_REASON_FIELD_INVALID,
                   absl::StrCat("access is ", static_cast<int>(access), "; it must be READ, WRITE or EXECUTE"));
      return AccessKind::kRead;
  }
}

// The signal that an access ended with, if it did.
inline void WriteSignal(const std::optional<Signal>& signal, v1::Answer& answer) {
  if (!signal.has_value()) return;
  v1::Signal& message = *answer.mutable_signal();
  message.set_number(static_cast<int>(signal->number));
  message.set_code(static_cast<int>(signal->code));
  message.set_address(signal->address.value());
}

inline void WriteFaults(const AccessResult& result, v1::Answer& answer) {
  if (result.minor_faults == 0 && result.major_faults == 0) return;
  answer.mutable_fault_counts()->set_minor_faults(result.minor_faults);
  answer.mutable_fault_counts()->set_major_faults(result.major_faults);
}

}  // namespace memsim

#endif  // MEMSIM_SERVER_CALLS_ACCESS_ARGUMENT_H_
