// The events of a machine on their way to one reader: the machine puts them in after its turns, the reader takes them
// out when it can. What comes while it is full is counted and gone, so that a slow reader never slows the machine.

#ifndef MEMSIM_SERVER_HOST_EVENT_MAILBOX_H_
#define MEMSIM_SERVER_HOST_EVENT_MAILBOX_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"

#include "server/base/mutex.h"
#include "server/kernel/machine.h"

namespace memsim {

// What a machine told of, for all who listen.
struct EventBatch {
  EventBatch(TraceBatch told, std::uint64_t calls);

  const TraceBatch trace;
  // How many calls it had executed by then.
  const std::uint64_t sequence;
  const ByteCount host_memory;
};

// Thread-safe.
class EventMailbox {
 public:
  // Records that wait, of whatever tracepoint: 3 MiB. One batch is taken however large it is.
  static constexpr std::size_t kMaxWaitingRecords = TraceRing::kMaxRecords;

  // wake: called whenever there is something to take after there was nothing, on any thread and without a lock held; it
  // must not block. It may come once more after Close.
  EventMailbox(const TracepointSet& tracepoints, std::function<void()> wake)
      : tracepoints_(tracepoints), wake_(std::move(wake)) {}

  const TracepointSet& tracepoints() const { return tracepoints_; }

  // --- For the machine.
  // The first batch, which may be empty, tells the reader that it listens.
  void Put(const std::shared_ptr<const EventBatch>& batch) ABSL_LOCKS_EXCLUDED(mutex_);
  // The same where there is no memory to keep it: all of it is lost.
  void Lose(const EventBatch& batch) ABSL_LOCKS_EXCLUDED(mutex_);
  // What waits, as if nobody else had the batches too.
  ByteCount HostMemory() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Nothing more comes, and why. Only the first reason counts.
  void End(const absl::Status& reason) ABSL_LOCKS_EXCLUDED(mutex_);
  // Nobody will take anything any more.
  bool closed() const { return closed_.load(std::memory_order_relaxed); }

  // --- For the reader.
  // Consecutive records of a batch; those of other tracepoints among them are not the reader's.
  struct Slice {
    std::shared_ptr<const EventBatch> batch;
    std::size_t begin = 0;
    std::size_t end = 0;
  };
  struct Mail {
    // False: there is nothing, and wake will come.
    bool any = false;
    std::vector<Slice> slices;
    // Lost since the beginning.
    std::uint64_t lost = 0;
    std::uint64_t sequence = 0;
    // There is nothing more, and why.
    std::optional<absl::Status> end;
  };
  // Whether nothing waits.
  bool empty() const ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(mutex_);
    return waiting_.empty();
  }
  // At most so many of the reader's records, the oldest first.
  Mail Take(std::size_t limit) ABSL_LOCKS_EXCLUDED(mutex_);
  void Close() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  std::size_t CountOwn(const TraceBatch& batch) const;
  // Of the reader's tracepoints, those that came when the machine's ring was full.
  std::uint64_t CountLost(const TraceBatch& batch) const;

  const TracepointSet tracepoints_;
  const std::function<void()> wake_;
  std::atomic<bool> closed_ = false;

  mutable Mutex mutex_;
  std::deque<Slice> waiting_ ABSL_GUARDED_BY(mutex_);
  std::size_t waiting_records_ ABSL_GUARDED_BY(mutex_) = 0;
  // Of the batches that wait, whole.
  ByteCount waiting_bytes_ ABSL_GUARDED_BY(mutex_);
  // Whether something is new since the last Take that found nothing; before the first, wake is due.
  bool awake_ ABSL_GUARDED_BY(mutex_) = false;
  // Something is to be told besides records: that it begins, or that some were lost.
  bool news_ ABSL_GUARDED_BY(mutex_) = false;
  bool begun_ ABSL_GUARDED_BY(mutex_) = false;
  std::uint64_t lost_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t sequence_ ABSL_GUARDED_BY(mutex_) = 0;
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_HOST_EVENT_MAILBOX_H_
