#include "server/rpc/admission.h"

#include <vector>

#include "server/calls/misuse.h"

namespace memsim {

absl::Status Admission::CheckOpen() const {
  MutexLock lock(mutex_);
  if (!draining_) return absl::OkStatus();
  return MisuseStatus(v1::ERROR_REASON_SERVER_DRAINING,
                      "the server is shutting down; connect to another one, or retry later");
}

void Admission::RpcBegins() {
  MutexLock lock(mutex_);
  ++rpcs_;
}

void Admission::RpcEnds() {
  MutexLock lock(mutex_);
  if (--rpcs_ == 0) none_left_.NotifyAll();
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

bool Admission::AwaitNone(std::chrono::steady_clock::time_point deadline) {
  MutexLock lock(mutex_);
  while (rpcs_ > 0) {
    if (!none_left_.WaitUntil(mutex_, deadline)) return rpcs_ == 0;
  }
  return true;
}

}  // namespace memsim
