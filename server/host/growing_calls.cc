#include "server/host/growing_calls.h"

namespace memsim {

// What is not listed grows: a new operation is refused too often rather than too late. munmap may split a mapping into
// two, which is little beside what it frees.
bool MayGrowState(const v1::Call& call) {
  switch (call.operation_case()) {
    case v1::Call::kExitGroup:
    case v1::Call::kWait4:
    case v1::Call::kMunmap:
    case v1::Call::kFreePages:
    case v1::Call::kClose:
    case v1::Call::kUnlink:
    case v1::Call::kLseek:
    // An unset one is refused as such.
    case v1::Call::OPERATION_NOT_SET:
      return false;
    default:
      return true;
  }
}

}  // namespace memsim
