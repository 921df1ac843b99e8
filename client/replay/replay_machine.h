// What a replay needs of a machine.

#ifndef MEMSIM_CLIENT_REPLAY_REPLAY_MACHINE_H_
#define MEMSIM_CLIENT_REPLAY_REPLAY_MACHINE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "memsim/v1/answer.pb.h"
#include "memsim/v1/call.pb.h"

namespace memsim::replay {

// A tenth of what the server takes: few round trips, and no message that is large.
inline constexpr std::size_t kMaxReplayBatch = 1000;

class ReplayMachine {
 public:
  virtual ~ReplayMachine() = default;

  // Runs the calls, at most kMaxReplayBatch, in order: one answer each. A status that is not OK means that the service
  // failed.
  virtual absl::StatusOr<std::vector<v1::Answer>> Execute(absl::Span<const v1::Call> calls) = 0;

  // A file of the machine's /proc. NOT_FOUND: there is none.
  virtual absl::StatusOr<std::string> ReadProc(absl::string_view path) = 0;
};

}  // namespace memsim::replay

#endif  // MEMSIM_CLIENT_REPLAY_REPLAY_MACHINE_H_
