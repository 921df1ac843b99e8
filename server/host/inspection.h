// A look into a machine.

#ifndef MEMSIM_SERVER_HOST_INSPECTION_H_
#define MEMSIM_SERVER_HOST_INSPECTION_H_

#include <functional>

#include "absl/status/statusor.h"

#include "server/kernel/machine.h"

namespace memsim {

// Called once: with the machine, between two of its calls, while nobody else works on it; or with why not. The pointer
// is good during the call only, which should be short: that machine runs no call meanwhile.
using Inspection = std::function<void(absl::StatusOr<const Machine*>)>;

}  // namespace memsim

#endif  // MEMSIM_SERVER_HOST_INSPECTION_H_
