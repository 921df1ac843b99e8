// A machine that writes down what it is asked. It fakes the numbers that a replay needs to go on (pids, descriptors,
// addresses that were demanded) and simulates no memory: every call succeeds unless the test says otherwise.

#ifndef MEMSIM_TESTS_UNIT_REPLAY_RECORDING_MACHINE_H_
#define MEMSIM_TESTS_UNIT_REPLAY_RECORDING_MACHINE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

#include "client/replay/replay_machine.h"

namespace memsim::replay {

class RecordingMachine : public ReplayMachine {
 public:
  // What to answer instead. nullopt: as ever.
  std::function<std::optional<v1::Answer>(const v1::Call&)> override_answer;
  // The files of /proc.
  std::map<std::string, std::string> proc;
  // Not OK: the service is gone.
  absl::Status status;

  std::vector<v1::Call> calls;
  std::vector<std::size_t> batch_sizes;

  absl::StatusOr<std::vector<v1::Answer>> Execute(absl::Span<const v1::Call> batch) override {
    if (!status.ok()) return status;
    batch_sizes.push_back(batch.size());
    std::vector<v1::Answer> answers;
    for (const v1::Call& call : batch) {
      // As the wire would have it: a string that is no UTF-8 does not arrive.
      if (!calls.emplace_back().ParseFromString(call.SerializeAsString())) {
        return absl::InvalidArgumentError(call.ShortDebugString());
      }
      const std::optional<v1::Answer> given = override_answer ? override_answer(call) : std::nullopt;
      answers.push_back(given.has_value() ? *given : Succeed(call));
    }
    return answers;
  }

  absl::StatusOr<std::string> ReadProc(absl::string_view path) override {
    if (!status.ok()) return status;
    const auto found = proc.find(std::string(path));
    if (found == proc.end()) return absl::NotFoundError(absl::StrCat("no ", path));
    return found->second;
  }

  // The calls of one kind.
  std::vector<v1::Call> Of(v1::Call::OperationCase operation) const {
    std::vector<v1::Call> found;
    for (const v1::Call& call : calls) {
      if (call.operation_case() == operation) found.push_back(call);
    }
    return found;
  }

 private:
  v1::Answer Succeed(const v1::Call& call) {
    v1::Answer answer;
    switch (call.operation_case()) {
      case v1::Call::kSpawn:
      case v1::Call::kFork:
      case v1::Call::kVfork:
      case v1::Call::kClone:
        answer.set_value(next_pid_++);
        break;
      case v1::Call::kOpen: {
        int fd = 0;
        while (open_.count(fd) != 0) ++fd;
        open_.insert(fd);
        answer.set_value(static_cast<std::uint64_t>(fd));
        break;
      }
      case v1::Call::kDup:
        open_.insert(call.dup().new_fd());
        answer.set_value(static_cast<std::uint64_t>(call.dup().new_fd()));
        break;
      case v1::Call::kClose:
        open_.erase(call.close().fd());
        break;
      case v1::Call::kMmap:
        answer.set_value(call.mmap().address());
        break;
      case v1::Call::kBrk:
        answer.set_value(call.brk().address());
        break;
      case v1::Call::kShmget:
        answer.set_value(next_segment_++);
        break;
      default:
        break;
    }
    return answer;
  }

  std::uint64_t next_pid_ = 100;
  std::uint64_t next_segment_ = 5;
  // One table for all processes: enough for a test, whose processes open little.
  std::set<int> open_;
};

}  // namespace memsim::replay

#endif  // MEMSIM_TESTS_UNIT_REPLAY_RECORDING_MACHINE_H_
