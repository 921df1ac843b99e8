// Programs that are started to be looked at, all under the same conditions.

#ifndef MEMSIM_CLIENT_RECORD_CHILD_H_
#define MEMSIM_CLIENT_RECORD_CHILD_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace memsim::record {

// RLIMIT_STACK of what is recorded, where the host's hard limit allows it: how high mappings lie depends on it.
inline constexpr std::uint64_t kStackLimitBytes = std::uint64_t{8} << 20;

// What execve(2) is called with, and where.
struct Program {
  // The file, absolute.
  std::string path;
  // Its name first. Never empty.
  std::vector<std::string> arguments;
  // NAME=VALUE each.
  std::vector<std::string> environment;
  // Empty: where this process is.
  std::string directory;
};

// kFirstInstruction: it is traced by this process, and stops there.
enum class StopAt : std::uint8_t { kNever, kFirstInstruction };

// Starts a program in a child, with address-space randomisation off. The child's pid, for waitpid(2).
// FAILED_PRECONDITION: why it could not be started, and what to do about it; then there is no child any more.
absl::StatusOr<pid_t> StartChild(const Program& program, StopAt stop_at);

}  // namespace memsim::record

#endif  // MEMSIM_CLIENT_RECORD_CHILD_H_
