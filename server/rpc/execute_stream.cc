#include "server/rpc/execute_stream.h"

#include <utility>

#include "memsim/v1/execution_service.pb.h"
#include "server/calls/misuse.h"
#include "server/rpc/message_bytes.h"

namespace memsim {
namespace {

// The answers as the stream's message, without copying them: both live in the job's arena.
grpc::ByteBuffer SerializeAnswers(BatchJob& job) {
  auto* message = google::protobuf::Arena::CreateMessage<v1::ExecuteResponse>(&job.arena());
  message->unsafe_arena_set_allocated_batch(&job.response());
  return SerializeMessage(*message);
}

}  // namespace

ExecuteStream* ExecuteStream::Start(const ApiMethod& method) {
  const std::shared_ptr<ExecuteStream> stream(new ExecuteStream(method));
  stream->self_ = stream;
  absl::Status admitted = stream->scope_.Admit();
  if (admitted.ok()) admitted = stream->scope_.admission().AddStream(stream);
  if (!admitted.ok()) {
    MutexLock lock(stream->mutex_);
    stream->EndWith(admitted);
  }
  stream->Advance();
  return stream.get();
}

void ExecuteStream::OnReadDone(bool ok) {
  Batch batch;
  if (ok) {
    scope_.MessageReceived();
    batch = Parse(read_buffer_);
    // An idle stream holds no message.
    read_buffer_.Clear();
  }
  {
    MutexLock lock(mutex_);
    reading_ = false;
    read_closed_ = !ok || !batch.status.ok();
    if (ok && !end_.has_value()) waiting_.push_back(std::move(batch));
  }
  Advance();
}

ExecuteStream::Batch ExecuteStream::Parse(const grpc::ByteBuffer& bytes) {
  absl::Status status = CheckBatchWireBytes(bytes.Length(), scope_.host().options().batch);
  if (!status.ok()) return {nullptr, status};
  auto job = std::make_shared<BatchJob>(
      [stream = shared_from_this()](BatchJob& done, const absl::Status& end) { stream->BatchEnded(done, end); });
  auto* message = google::protobuf::Arena::CreateMessage<v1::ExecuteRequest>(&job->arena());
  status = ParseMessage(bytes, *message);
  if (!status.ok()) return {nullptr, status};
  job->request().Swap(message->mutable_batch());
  job->set_wire_bytes(bytes.Length());
  if (job->request().machine().empty()) job->request().set_machine(machine_);
  machine_ = job->request().machine();
  status = scope_.host().Reserve(*job);
  if (!status.ok()) return {nullptr, status};
  return {std::move(job), absl::OkStatus()};
}

void ExecuteStream::BatchEnded(BatchJob& job, const absl::Status& status) {
  grpc::ByteBuffer answers;
  if (status.ok()) answers = SerializeAnswers(job);
  {
    MutexLock lock(mutex_);
    running_ = nullptr;
    if (!status.ok()) {
      // It says more than whatever may have ended the stream already: how much of the batch was executed.
      end_ = status;
      waiting_.clear();
    } else if (!caller_left_) {
      answers_.emplace_back().Swap(&answers);
    }
  }
  Advance();
}

void ExecuteStream::EndWith(const absl::Status& reason) {
  if (!end_.has_value()) end_ = reason;
  waiting_.clear();
}

void ExecuteStream::OnWriteDone(bool ok) {
  {
    MutexLock lock(mutex_);
    writing_ = false;
    write_buffer_.Clear();
  }
  return ok ? Advance() : CallerLeft();
}

void ExecuteStream::OnCancel() { CallerLeft(); }

void ExecuteStream::CallerLeft() {
  std::shared_ptr<BatchJob> running;
  {
    MutexLock lock(mutex_);
    EndWith(MisuseStatus(v1::ERROR_REASON_CALLER_GONE, "the caller left the stream"));
    caller_left_ = true;
    answers_.clear();
    running = running_;
  }
  if (running != nullptr) scope_.host().Cancel(running);
  Advance();
}

void ExecuteStream::Drain() {
  {
    MutexLock lock(mutex_);
    EndWith(MisuseStatus(v1::ERROR_REASON_SERVER_DRAINING,
                         "the server is shutting down; what is not answered was not executed"));
  }
  Advance();
}

std::shared_ptr<BatchJob> ExecuteStream::TakeBatchToRun() {
  if (running_ != nullptr || end_.has_value() || waiting_.empty()) return nullptr;
  Batch batch = std::move(waiting_.front());
  waiting_.pop_front();
  if (!batch.status.ok()) {
    EndWith(batch.status);
    return nullptr;
  }
  return running_ = std::move(batch.job);
}

std::size_t ExecuteStream::BytesInFlight() const {
  std::size_t bytes = running_ != nullptr ? running_->reserved_bytes() : 0;
  for (const Batch& batch : waiting_) bytes += batch.job != nullptr ? batch.job->reserved_bytes() : 0;
  for (const grpc::ByteBuffer& answer : answers_) bytes += answer.Length();
  return bytes + (writing_ ? write_buffer_.Length() : 0);
}

bool ExecuteStream::MayRead() const {
  const std::size_t in_flight = waiting_.size() + answers_.size() + (running_ != nullptr ? 1 : 0) + (writing_ ? 1 : 0);
  if (reading_ || read_closed_ || end_.has_value()) return false;
  // Whatever holds a stream back here ends with one of its batches in flight, which looks again.
  return in_flight == 0 ||
         (in_flight < kMaxBatchesInFlight && BytesInFlight() < kMaxBytesInFlight && scope_.host().MayReserveAhead());
}

bool ExecuteStream::MayFinish() const {
  const bool all_answered = running_ == nullptr && waiting_.empty() && answers_.empty() && !writing_;
  return !finished_ && all_answered && (end_.has_value() || (read_closed_ && !reading_));
}

void ExecuteStream::Advance() {
  bool read = false;
  bool write = false;
  bool finish = false;
  std::shared_ptr<BatchJob> run;
  absl::Status end;
  {
    MutexLock lock(mutex_);
    run = TakeBatchToRun();
    if (!writing_ && !answers_.empty()) {
      write_buffer_.Swap(&answers_.front());
      answers_.pop_front();
      write = writing_ = true;
    }
    if (MayRead()) read = reading_ = true;
    if (MayFinish()) finish = finished_ = true;
    end = end_.value_or(absl::OkStatus());
  }
  if (read) StartRead(&read_buffer_);
  if (write) {
    scope_.MessageSent();
    StartWrite(&write_buffer_);
  }
  if (run != nullptr) scope_.host().Submit(run);
  if (finish) Finish(scope_.End(end));
}

void ExecuteStream::OnDone() {
  scope_.admission().RemoveStream(this);
  const std::shared_ptr<ExecuteStream> last = std::move(self_);
}

}  // namespace memsim
