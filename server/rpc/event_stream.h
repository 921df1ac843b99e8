// MachineService.WatchEvents: a machine's events as they happen.
//
// The machine puts them into a mailbox after its turns; from there they are taken, made into text and sent, by gRPC's
// threads, some hundred at a time. Events that come while a response is being sent wait in the mailbox, which is
// bounded. An empty mailbox that gets something waits a moment for more, so that a machine with much to do does not
// send a message a call.

#ifndef MEMSIM_SERVER_RPC_EVENT_STREAM_H_
#define MEMSIM_SERVER_RPC_EVENT_STREAM_H_

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "grpcpp/alarm.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"

#include "memsim/v1/machine_service.pb.h"
#include "server/base/mutex.h"
#include "server/host/event_mailbox.h"
#include "server/rpc/admission.h"
#include "server/rpc/event_messages.h"
#include "server/rpc/rpc_scope.h"

namespace memsim {

class EventStream final : public grpc::ServerWriteReactor<grpc::ByteBuffer>,
                          public DrainableStream,
                          public std::enable_shared_from_this<EventStream> {
 public:
  // Of one response: half a millisecond's work, and with the longest texts still 2 MiB, of the 4 that a client takes
  // unless told otherwise.
  static constexpr std::size_t kMaxEvents = 500;
  // How long an event waits for others.
  static constexpr std::chrono::milliseconds kGatherTime{2};

  static EventStream* Start(const ApiMethod& method, const grpc::ByteBuffer& request);

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;
  void Drain() override;

 private:
  explicit EventStream(const ApiMethod& method) : scope_(method) {}

  // Reads the request, and listens.
  absl::Status Prepare(const grpc::ByteBuffer& bytes);
  // There is mail: it will be looked at in a moment.
  void Woken() ABSL_LOCKS_EXCLUDED(mutex_);
  void EndWith(const absl::Status& reason) ABSL_LOCKS_EXCLUDED(mutex_);
  // Writes what is in the mailbox, or finishes, if that may be done now.
  void Advance() ABSL_LOCKS_EXCLUDED(mutex_);
  // Gives the machine a turn in which nothing happens but what every turn ends with.
  void LookAtMachine();
  v1::WatchEventsResponse MakeResponse(const EventMailbox::Mail& mail) const;

  RpcScope scope_;
  // Keeps the stream until gRPC is done with it; timers that come later hold it too.
  std::shared_ptr<EventStream> self_;
  // Set by Prepare. The machine keeps the mailbox, too, and not the stream.
  std::string name_;
  EventDetail detail_ = EventDetail::kText;
  std::shared_ptr<EventMailbox> mailbox_;
  // Of one outstanding write.
  grpc::ByteBuffer write_buffer_;

  Mutex mutex_;
  // A new one each time, as an alarm must not be set again in its own callback.
  std::unique_ptr<grpc::Alarm> alarm_ ABSL_GUARDED_BY(mutex_);
  // Whether somebody is taking mail, or writes what was taken.
  bool busy_ ABSL_GUARDED_BY(mutex_) = false;
  // Whether somebody else came meanwhile, for whom it must look again.
  bool again_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_RPC_EVENT_STREAM_H_
