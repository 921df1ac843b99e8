// The mappings of a program that was just started.

#ifndef MEMSIM_CLIENT_RECORD_PROGRAM_IMAGE_H_
#define MEMSIM_CLIENT_RECORD_PROGRAM_IMAGE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "client/record/child.h"

namespace memsim::record {

// The lines of /proc/PID/maps right after execve: starts the program once more, stops it before its first instruction,
// looks, and ends it. FAILED_PRECONDITION: it cannot be started.
absl::StatusOr<std::vector<std::string>> ImageOf(const Program& program);

}  // namespace memsim::record

#endif  // MEMSIM_CLIENT_RECORD_PROGRAM_IMAGE_H_
