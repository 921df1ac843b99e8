// A host, and ways to hold its machines still while a test looks.

#ifndef MEMSIM_TESTS_UNIT_HOST_HOST_TEST_FIXTURE_H_
#define MEMSIM_TESTS_UNIT_HOST_HOST_TEST_FIXTURE_H_

#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/calls/misuse.h"
#include "server/host/host.h"
#include "server/host/waiting.h"
#include "tests/unit/host/held_machine.h"
#include "tests/unit/host/host_results.h"
#include "tests/unit/host/simple_calls.h"

namespace memsim {

// Long beyond what any test needs; a test that waits this long has failed.
inline std::chrono::steady_clock::time_point Soon() {
  return std::chrono::steady_clock::now() + std::chrono::seconds(30);
}

MATCHER_P(HasReason, reason, MisuseReasonName(reason)) {
  *result_listener << "whose reason is " << MisuseReasonName(MisuseReason(arg)) << ", message "
                   << std::string(arg.message());
  return MisuseReason(arg) == reason && arg.code() == MisuseCode(reason);
}

// A batch that was submitted, and its end.
class SubmittedBatch {
 public:
  SubmittedBatch(Host& host, const v1::ExecuteBatchRequest& request) : host_(host) {
    auto ended = std::make_shared<std::promise<absl::Status>>();
    end_ = ended->get_future();
    job_ = std::make_shared<BatchJob>([ended](BatchJob&, absl::Status status) { ended->set_value(std::move(status)); });
    job_->request() = request;
    host.Submit(job_);
  }

  bool ended() const { return end_.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }
  // Waits.
  absl::Status status() {
    if (!status_.has_value()) status_ = end_.get();
    return *status_;
  }
  const v1::ExecuteBatchResponse& response() { return job_->response(); }
  void Cancel() { host_.Cancel(job_); }

 private:
  Host& host_;
  std::shared_ptr<BatchJob> job_;
  std::future<absl::Status> end_;
  std::optional<absl::Status> status_;
};

class HostTest : public testing::Test {
 protected:
  // One worker unless a test says otherwise, so that a held machine holds all.
  void StartHost(HostOptions options = {}) {
    if (options.worker_count == 0) options.worker_count = 1;
    host_ = std::make_unique<Host>(options);
  }
  Host& host() {
    if (host_ == nullptr) StartHost();
    return *host_;
  }

  MachineInfo Create(const std::string& id, std::uint64_t seed = 0) {
    const absl::StatusOr<MachineInfo> info = CreateMachineAndWait(host(), kDefaultTenant, id, SmallSpec(seed));
    EXPECT_TRUE(info.ok()) << info.status();
    return info.ok() ? *info : MachineInfo();
  }

  absl::Status Execute(const v1::ExecuteBatchRequest& request) { return ExecuteAndWait(host(), request).status(); }

  std::uint64_t Sequence(const std::string& name) {
    std::uint64_t sequence = 0;
    EXPECT_EQ(InspectAndWait(host(), name, Soon(), [&](const Machine& machine) { sequence = machine.sequence(); }),
              absl::OkStatus());
    return sequence;
  }

  std::unique_ptr<Host> host_;
};

}  // namespace memsim

#endif  // MEMSIM_TESTS_UNIT_HOST_HOST_TEST_FIXTURE_H_
