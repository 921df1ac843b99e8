#include "server/rpc/watch_stream.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "grpc/support/time.h"
#include "server/calls/counter_conversion.h"
#include "server/calls/misuse.h"
#include "server/host/refusals.h"
#include "server/rpc/message_bytes.h"

namespace memsim {

WatchStream* WatchStream::Start(const ApiMethod& method, const grpc::ByteBuffer& request) {
  const std::shared_ptr<WatchStream> stream(new WatchStream(method));
  stream->self_ = stream;
  stream->scope_.MessageReceived();
  absl::Status status = stream->scope_.Admit();
  if (status.ok()) status = stream->Prepare(request);
  if (status.ok()) status = stream->scope_.admission().AddStream(stream);
  if (status.ok()) {
    stream->Tick();
  } else {
    stream->EndWith(status);
  }
  return stream.get();
}

absl::Status WatchStream::Prepare(const grpc::ByteBuffer& bytes) {
  v1::WatchMachineRequest request;
  absl::Status status = ParseMessage(bytes, request);
  if (!status.ok()) return status;
  if (request.interval_ms() != 0) {
    if (request.interval_ms() < kMinIntervalMs || request.interval_ms() > kMaxIntervalMs) {
      return MisuseStatus(v1::ERROR_REASON_FIELD_INVALID,
                          absl::StrCat("interval_ms is ", request.interval_ms(), "; it must be ", kMinIntervalMs,
                                       " to ", kMaxIntervalMs, ", or 0"));
    }
    interval_ = std::chrono::milliseconds(request.interval_ms());
  }
  const absl::StatusOr<MachineInfo> info = scope_.host().GetMachine(request.name());
  if (!info.ok()) return info.status();
  name_ = request.name();
  uid_ = info->uid;
  return absl::OkStatus();
}

void WatchStream::Tick() {
  scope_.host().Inspect(
      name_, [stream = shared_from_this()](const absl::StatusOr<const Machine*>& machine) { stream->Looked(machine); },
      uid_);
}

void WatchStream::Looked(const absl::StatusOr<const Machine*>& machine) {
  if (machine.ok()) {
    auto state = std::make_unique<v1::WatchMachineResponse>();
    CountersToMessage(**machine, first_made_ ? CounterDetail::kValues : CounterDetail::kAll, *state->mutable_state());
    first_made_ = true;
    MutexLock lock(mutex_);
    if (waiting_ != nullptr) ++dropped_;
    waiting_ = std::move(state);
  } else if (MisuseReason(machine.status()) == v1::ERROR_REASON_QUEUE_FULL) {
    MutexLock lock(mutex_);
    ++dropped_;
  } else {
    return EndWith(machine.status());
  }
  Advance();
  ScheduleTick();
}

void WatchStream::ScheduleTick() {
  const gpr_timespec now = gpr_now(GPR_CLOCK_MONOTONIC);
  const gpr_timespec next = gpr_time_add(now, gpr_time_from_millis(interval_.count(), GPR_TIMESPAN));
  auto alarm = std::make_unique<grpc::Alarm>();
  MutexLock lock(mutex_);
  if (end_.has_value()) return;
  alarm->Set(next, [stream = shared_from_this()](bool rang) {
    if (rang) stream->Tick();
  });
  alarm_.swap(alarm);
}

void WatchStream::OnWriteDone(bool ok) {
  {
    MutexLock lock(mutex_);
    writing_ = false;
  }
  return ok ? Advance() : OnCancel();
}

void WatchStream::OnCancel() { EndWith(MisuseStatus(v1::ERROR_REASON_CALLER_GONE, "the caller left the stream")); }

void WatchStream::Drain() { EndWith(ServerDraining()); }

void WatchStream::EndWith(const absl::Status& reason) {
  // Its end cancels it, and lets go of the stream that its callback holds.
  std::unique_ptr<grpc::Alarm> alarm;
  {
    MutexLock lock(mutex_);
    if (!end_.has_value()) end_ = reason;
    waiting_ = nullptr;
    alarm = std::move(alarm_);
  }
  Advance();
}

void WatchStream::Advance() {
  std::unique_ptr<v1::WatchMachineResponse> state;
  absl::Status end;
  {
    MutexLock lock(mutex_);
    if (writing_ || finished_) return;
    if (end_.has_value()) {
      finished_ = true;
      end = *end_;
    } else if (waiting_ != nullptr) {
      state = std::move(waiting_);
      state->set_dropped_count(dropped_);
      writing_ = true;
    } else {
      return;
    }
  }
  if (state == nullptr) return Finish(scope_.End(end));
  write_buffer_ = SerializeMessage(*state);
  scope_.MessageSent();
  StartWrite(&write_buffer_);
}

void WatchStream::OnDone() {
  scope_.admission().RemoveStream(this);
  const std::shared_ptr<WatchStream> last = std::move(self_);
}

}  // namespace memsim
