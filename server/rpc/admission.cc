#include "server/rpc/admission.h"

#include <vector>

#include "absl/strings/str_cat.h"

#include "server/calls/misuse.h"
#include "server/host/refusals.h"

namespace memsim {

void Admission::RpcBegins() {
  MutexLock lock(mutex_);
  ++rpcs_;
}

absl::Status Admission::LetIn() {
  MutexLock lock(mutex_);
  if (draining_) return ServerDraining();
  ++let_in_;
  return absl::OkStatus();
}

void Admission::RpcEnds(bool was_let_in) {
  MutexLock lock(mutex_);
  --rpcs_;
  if (was_let_in) --let_in_;
  if (rpcs_ == 0 || let_in_ == 0) ended_.NotifyAll();
}

absl::Status Admission::AddStream(const std::shared_ptr<DrainableStream>& stream) {
  {
    MutexLock lock(mutex_);
    if (streams_.size() == kMaxStreams) {
      return MisuseStatus(v1::ERROR_REASON_QUEUE_FULL,
                          absl::StrCat(kMaxStreams,
                                       " streams are open, which is as many as there may be; end one, or "
                                       "try again later"));
    }
    if (!draining_) {
      streams_.emplace(stream.get(), stream);
      return absl::OkStatus();
    }
  }
  stream->Drain();
  return absl::OkStatus();
}

void Admission::RemoveStream(const DrainableStream* stream) {
  MutexLock lock(mutex_);
  streams_.erase(stream);
}

void Admission::BeginDrain() {
  std::vector<std::shared_ptr<DrainableStream>> streams;
  {
    MutexLock lock(mutex_);
    draining_ = true;
    for (const auto& [pointer, weak] : streams_) {
      if (auto stream = weak.lock()) streams.push_back(std::move(stream));
    }
  }
  for (const auto& stream : streams) stream->Drain();
}

bool Admission::AwaitLetIn(std::chrono::steady_clock::time_point deadline) {
  MutexLock lock(mutex_);
  while (let_in_ > 0) {
    if (!ended_.WaitUntil(mutex_, deadline)) return let_in_ == 0;
  }
  return true;
}

void Admission::AwaitAll() {
  MutexLock lock(mutex_);
  while (rpcs_ > 0) ended_.Wait(mutex_);
}

}  // namespace memsim
