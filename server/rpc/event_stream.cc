#include "server/rpc/event_stream.h"

#include <utility>

#include "grpc/support/time.h"
#include "server/calls/misuse.h"
#include "server/host/refusals.h"
#include "server/rpc/message_bytes.h"

namespace memsim {

EventStream* EventStream::Start(const ApiMethod& method, const grpc::ByteBuffer& request) {
  const std::shared_ptr<EventStream> stream(new EventStream(method));
  stream->self_ = stream;
  stream->scope_.MessageReceived();
  absl::Status status = stream->scope_.Admit();
  if (status.ok()) status = stream->Prepare(request);
  if (status.ok()) status = stream->scope_.admission().AddStream(stream);
  if (status.ok()) {
    stream->scope_.host().ListenToEvents(stream->name_, stream->mailbox_);
  } else {
    stream->EndWith(status);
  }
  return stream.get();
}

absl::Status EventStream::Prepare(const grpc::ByteBuffer& bytes) {
  v1::WatchEventsRequest request;
  absl::Status status = ParseMessage(bytes, request);
  if (!status.ok()) return status;
  const absl::StatusOr<TracepointSet> wanted = ReadPatterns(request.patterns());
  if (!wanted.ok()) return wanted.status();
  const absl::StatusOr<MachineInfo> info = scope_.host().GetMachine(request.name());
  if (!info.ok()) return info.status();
  name_ = request.name();
  if (request.with_fields()) detail_ = EventDetail::kTextAndFields;
  mailbox_ = std::make_shared<EventMailbox>(*wanted, [weak = weak_from_this()] {
    if (const std::shared_ptr<EventStream> stream = weak.lock()) stream->Woken();
  });
  return absl::OkStatus();
}

void EventStream::Woken() {
  const gpr_timespec now = gpr_now(GPR_CLOCK_MONOTONIC);
  const gpr_timespec then = gpr_time_add(now, gpr_time_from_millis(kGatherTime.count(), GPR_TIMESPAN));
  auto alarm = std::make_unique<grpc::Alarm>();
  MutexLock lock(mutex_);
  if (end_.has_value()) return;
  alarm->Set(then, [stream = shared_from_this()](bool rang) {
    if (rang) stream->Advance();
  });
  alarm_.swap(alarm);
}

void EventStream::OnWriteDone(bool ok) {
  {
    MutexLock lock(mutex_);
    busy_ = false;
  }
  return ok ? Advance() : OnCancel();
}

void EventStream::OnCancel() { EndWith(MisuseStatus(v1::ERROR_REASON_CALLER_GONE, "the caller left the stream")); }

void EventStream::Drain() { EndWith(ServerDraining()); }

void EventStream::EndWith(const absl::Status& reason) {
  {
    MutexLock lock(mutex_);
    if (!end_.has_value()) end_ = reason;
  }
  if (mailbox_ != nullptr) mailbox_->Close();
  Advance();
}

void EventStream::Advance() {
  {
    MutexLock lock(mutex_);
    again_ = busy_;
    if (busy_ || finished_) return;
    busy_ = true;
  }
  EventMailbox::Mail mail;
  absl::Status end;
  for (bool decided = false; !decided;) {
    if (mailbox_ != nullptr) mail = mailbox_->Take(kMaxEvents);
    MutexLock lock(mutex_);
    if (mail.end.has_value() && !end_.has_value()) end_ = mail.end;
    finished_ = end_.has_value();
    decided = finished_ || mail.any || !again_;
    again_ = false;
    if (finished_) {
      end = *end_;
    } else if (decided && !mail.any) {
      busy_ = false;
      return;
    }
  }
  if (!end.ok()) return Finish(scope_.End(end));
  // What was read does not count as the machine's memory any more, which an idle machine notices by a look.
  if (mailbox_->empty()) LookAtMachine();
  write_buffer_ = SerializeMessage(MakeResponse(mail));
  scope_.MessageSent();
  StartWrite(&write_buffer_);
}

// If there is no room for a look the machine is busy, and notices by itself.
void EventStream::LookAtMachine() {
  scope_.host().Inspect(name_, [](const absl::StatusOr<const Machine*>&) {});
}

v1::WatchEventsResponse EventStream::MakeResponse(const EventMailbox::Mail& mail) const {
  v1::WatchEventsResponse response;
  for (const EventMailbox::Slice& slice : mail.slices) {
    const TraceBatch& batch = slice.batch->trace;
    for (std::size_t i = slice.begin; i < slice.end; ++i) {
      const TraceRecord& record = batch.records[i];
      if (!mailbox_->tracepoints().Contains(record.point)) continue;
      EventToMessage(batch, record, detail_, *response.add_events());
    }
  }
  response.set_lost_count(mail.lost);
  response.set_sequence(mail.sequence);
  return response;
}

void EventStream::OnDone() {
  // Its callback holds the stream, also after it has rung.
  std::unique_ptr<grpc::Alarm> alarm;
  {
    MutexLock lock(mutex_);
    alarm = std::move(alarm_);
  }
  scope_.admission().RemoveStream(this);
  // It notices that nobody listens any more.
  if (mailbox_ != nullptr) LookAtMachine();
  const std::shared_ptr<EventStream> last = std::move(self_);
}

}  // namespace memsim
