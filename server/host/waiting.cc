#include "server/host/waiting.h"

#include <memory>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"

#include "server/base/mutex.h"

namespace memsim {
namespace {

// An inspection that its caller may give up as long as it has not begun.
class Look {
 public:
  explicit Look(const std::function<void(const Machine&)>& look) : look_(look) {}

  void Run(absl::StatusOr<const Machine*> machine) {
    {
      MutexLock lock(mutex_);
      if (given_up_) return;
      begun_ = true;
    }
    if (machine.ok()) look_(**machine);
    MutexLock lock(mutex_);
    status_ = std::move(machine).status();
    ended_.NotifyAll();
  }

  absl::Status Wait(std::chrono::steady_clock::time_point deadline) {
    MutexLock lock(mutex_);
    while (!status_.has_value()) {
      if (begun_) {
        ended_.Wait(mutex_);
      } else if (!ended_.WaitUntil(mutex_, deadline) && !begun_ && !status_.has_value()) {
        given_up_ = true;
        return absl::DeadlineExceededError(
            "the machine, or each of the server's workers, was in the midst of a long call; try again");
      }
    }
    return *std::move(status_);
  }

 private:
  // The caller's, which lives until Wait returns.
  const std::function<void(const Machine&)>& look_;
  Mutex mutex_;
  CondVar ended_;
  bool begun_ ABSL_GUARDED_BY(mutex_) = false;
  bool given_up_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<absl::Status> status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

absl::Status InspectAndWait(Host& host, absl::string_view name, std::chrono::steady_clock::time_point deadline,
                            const std::function<void(const Machine&)>& look) {
  const auto shared = std::make_shared<Look>(look);
  host.Inspect(name, [shared](absl::StatusOr<const Machine*> machine) { shared->Run(std::move(machine)); });
  return shared->Wait(deadline);
}

}  // namespace memsim
