// The host's callbacks as plain function results, for tests, which may wait.

#ifndef MEMSIM_TESTS_UNIT_HOST_HOST_RESULTS_H_
#define MEMSIM_TESTS_UNIT_HOST_HOST_RESULTS_H_

#include <future>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "memsim/v1/execution_service.pb.h"
#include "server/host/host.h"

namespace memsim {

inline absl::StatusOr<MachineInfo> CreateMachineAndWait(Host& host, absl::string_view tenant, absl::string_view id,
                                                        const MachineSpec& spec) {
  // Shared, because who sets a value may still be in it when who waits goes on.
  const auto created = std::make_shared<std::promise<absl::StatusOr<MachineInfo>>>();
  host.CreateMachine(tenant, id, spec,
                     [created](absl::StatusOr<MachineInfo> info) { created->set_value(std::move(info)); });
  return created->get_future().get();
}

inline absl::StatusOr<v1::ExecuteBatchResponse> ExecuteAndWait(Host& host, const v1::ExecuteBatchRequest& request) {
  const auto ended = std::make_shared<std::promise<absl::Status>>();
  const auto job =
      std::make_shared<BatchJob>([ended](BatchJob&, absl::Status status) { ended->set_value(std::move(status)); });
  job->request() = request;
  host.Submit(job);
  absl::Status status = ended->get_future().get();
  if (!status.ok()) return status;
  return v1::ExecuteBatchResponse(job->response());
}

}  // namespace memsim

#endif  // MEMSIM_TESTS_UNIT_HOST_HOST_RESULTS_H_
