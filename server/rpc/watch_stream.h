// MachineService.WatchMachine: a machine's counters, again and again.
//
// A timer asks for a look into the machine; the look makes a state; the state is sent, or waits in the one place that
// there is. A newer state takes that place, and the older one counts as dropped. So a slow reader costs one state's
// memory and sees the newest. A look for which the machine's queue has no room counts as dropped too.

#ifndef MEMSIM_SERVER_RPC_WATCH_STREAM_H_
#define MEMSIM_SERVER_RPC_WATCH_STREAM_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/alarm.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"

#include "memsim/v1/machine_service.pb.h"
#include "server/base/mutex.h"
#include "server/rpc/admission.h"
#include "server/rpc/rpc_scope.h"

namespace memsim {

class WatchStream final : public grpc::ServerWriteReactor<grpc::ByteBuffer>,
                          public DrainableStream,
                          public std::enable_shared_from_this<WatchStream> {
 public:
  // A look costs some microseconds of the machine's time: at most a thousandth of it.
  static constexpr std::uint32_t kMinIntervalMs = 10;
  // A reader who wants less can ask GetCounters.
  static constexpr std::uint32_t kMaxIntervalMs = 60'000;
  static constexpr std::uint32_t kDefaultIntervalMs = 1000;

  static WatchStream* Start(const ApiMethod& method, const grpc::ByteBuffer& request);

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;
  void Drain() override;

 private:
  explicit WatchStream(const ApiMethod& method) : scope_(method) {}

  // Reads the request, and finds the machine.
  absl::Status Prepare(const grpc::ByteBuffer& bytes);
  // Asks for a look, and when it has been, for the next tick.
  void Tick() ABSL_LOCKS_EXCLUDED(mutex_);
  void Looked(const absl::StatusOr<const Machine*>& machine) ABSL_LOCKS_EXCLUDED(mutex_);
  void ScheduleTick() ABSL_LOCKS_EXCLUDED(mutex_);

  void EndWith(const absl::Status& reason) ABSL_LOCKS_EXCLUDED(mutex_);
  // Writes the waiting state, or finishes, if that may be done now.
  void Advance() ABSL_LOCKS_EXCLUDED(mutex_);

  RpcScope scope_;
  // Keeps the stream until gRPC is done with it; timers and looks that come later hold it too.
  std::shared_ptr<WatchStream> self_;
  // Set by Prepare.
  std::string name_;
  std::string uid_;
  std::chrono::milliseconds interval_{kDefaultIntervalMs};
  // Of one outstanding write.
  grpc::ByteBuffer write_buffer_;
  // Whether the first state, the one with all details, has been made. Looks come one at a time.
  bool first_made_ = false;

  Mutex mutex_;
  // A new one for each tick, as an alarm must not be set again in its own callback.
  std::unique_ptr<grpc::Alarm> alarm_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<v1::WatchMachineResponse> waiting_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t dropped_ ABSL_GUARDED_BY(mutex_) = 0;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_RPC_WATCH_STREAM_H_
