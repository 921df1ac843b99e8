#include "absl/strings/str_cat.h"

#include "server/calls/operation_runners.h"

namespace memsim {
namespace {

// A year.
constexpr Nanoseconds kMaxAdvance{365ULL * 24 * 3600 * 1'000'000'000};

}  // namespace

void RunOperation(CallFrame& frame, const v1::AdvanceTimeRequest& request) {
  if (request.duration_ns() > kMaxAdvance.value()) {
    return frame.Refuse(v1::ERROR_REASON_FIELD_INVALID,
                        absl::StrCat("duration_ns is ", request.duration_ns(), "; it must be at most ",
                                     kMaxAdvance.value(), ", a year: send several"));
  }
  frame.machine().AdvanceTime(Nanoseconds(request.duration_ns()));
}

}  // namespace memsim
