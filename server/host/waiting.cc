#include "server/host/waiting.h"

#include <memory>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"

#include "server/base/mutex.h"

namespace memsim {
namespace {

// A result that one thread leaves and another waits for.
template <typename T>
class Result {
 public:
  void Set(T value) {
    MutexLock lock(mutex_);
    value_.emplace(std::move(value));
    // Under the lock: who waits destroys this as soon as it has the value.
    set_.NotifyAll();
  }
  T Wait() {
    MutexLock lock(mutex_);
    while (!value_.has_value()) set_.Wait(mutex_);
    return *std::move(value_);
  }

 private:
  Mutex mutex_;
  CondVar set_;
  std::optional<T> value_ ABSL_GUARDED_BY(mutex_);
};

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
        return absl::DeadlineExceededError("the machine was in the midst of a long call");
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

absl::StatusOr<MachineInfo> CreateMachineAndWait(Host& host, absl::string_view tenant, absl::string_view id,
                                                 const MachineSpec& spec) {
  Result<absl::StatusOr<MachineInfo>> result;
  host.CreateMachine(tenant, id, spec, [&result](absl::StatusOr<MachineInfo> info) { result.Set(std::move(info)); });
  return result.Wait();
}

absl::StatusOr<v1::ExecuteBatchResponse> ExecuteAndWait(Host& host, const v1::ExecuteBatchRequest& request) {
  Result<absl::Status> result;
  auto job = std::make_shared<BatchJob>([&result](BatchJob&, absl::Status status) { result.Set(std::move(status)); });
  job->request() = request;
  host.Submit(job);
  absl::Status status = result.Wait();
  if (!status.ok()) return status;
  return v1::ExecuteBatchResponse(job->response());
}

absl::Status InspectAndWait(Host& host, absl::string_view name, std::chrono::steady_clock::time_point deadline,
                            const std::function<void(const Machine&)>& look) {
  const auto shared = std::make_shared<Look>(look);
  host.Inspect(name, [shared](absl::StatusOr<const Machine*> machine) { shared->Run(std::move(machine)); });
  return shared->Wait(deadline);
}

}  // namespace memsim
