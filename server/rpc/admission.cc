#include "server/rpc/admission.h"

#include <vector>

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

void Admission::AddStream(const std::shared_ptr<DrainableStream>& stream) {
  {
    MutexLock lock(mutex_);
    if (!draining_) {
      streams_.emplace(stream.get(), stream);
      return;
    }
  }
  stream->Drain();
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
