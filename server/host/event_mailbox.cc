#include "server/host/event_mailbox.h"

#include <algorithm>

namespace memsim {

namespace {

ByteCount MemoryOf(const TraceBatch& trace) {
  std::size_t bytes = sizeof(EventBatch) + trace.records.capacity() * sizeof(TraceRecord);
  for (const std::string& text : trace.strings) bytes += sizeof(std::string) + text.capacity();
  return ByteCount(bytes);
}

}  // namespace

EventBatch::EventBatch(TraceBatch told, std::uint64_t calls)
    : trace(std::move(told)), sequence(calls), host_memory(MemoryOf(trace)) {}

std::size_t EventMailbox::CountOwn(const TraceBatch& batch) const {
  return static_cast<std::size_t>(
      std::count_if(batch.records.begin(), batch.records.end(),
                    [this](const TraceRecord& record) { return tracepoints_.Contains(record.point); }));
}

std::uint64_t EventMailbox::CountLost(const TraceBatch& batch) const {
  std::uint64_t lost = 0;
  ForEachTracepoint([&](Tracepoint point) {
    if (tracepoints_.Contains(point)) lost += batch.lost[static_cast<std::size_t>(point)];
  });
  return lost;
}

void EventMailbox::Lose(const EventBatch& batch) {
  const std::uint64_t lost = CountOwn(batch.trace) + CountLost(batch.trace);
  {
    MutexLock lock(mutex_);
    if (closed() || end_.has_value() || lost == 0) return;
    lost_ += lost;
    news_ = begun_ = true;
    if (waiting_.empty()) sequence_ = batch.sequence;
    if (std::exchange(awake_, true)) return;
  }
  wake_();
}

ByteCount EventMailbox::HostMemory() const {
  MutexLock lock(mutex_);
  return waiting_bytes_;
}

void EventMailbox::Put(const std::shared_ptr<const EventBatch>& batch) {
  const std::size_t own = CountOwn(batch->trace);
  const std::uint64_t lost = CountLost(batch->trace);
  bool wake = false;
  {
    MutexLock lock(mutex_);
    if (closed() || end_.has_value() || (own == 0 && lost == 0 && begun_)) return;
    news_ = news_ || lost != 0 || !begun_;
    begun_ = true;
    lost_ += lost;
    const std::size_t records = batch->trace.records.size();
    if (own == 0) {
      sequence_ = waiting_.empty() ? batch->sequence : sequence_;
    } else if (waiting_.empty() || waiting_records_ + records <= kMaxWaitingRecords) {
      waiting_.push_back({batch, 0, records});
      waiting_records_ += records;
      waiting_bytes_ += batch->host_memory;
    } else {
      lost_ += own;
      news_ = true;
    }
    wake = !std::exchange(awake_, true);
  }
  if (wake) wake_();
}

void EventMailbox::End(const absl::Status& reason) {
  {
    MutexLock lock(mutex_);
    if (closed() || end_.has_value()) return;
    end_ = reason;
    if (std::exchange(awake_, true)) return;
  }
  wake_();
}

EventMailbox::Mail EventMailbox::Take(std::size_t limit) {
  Mail mail;
  MutexLock lock(mutex_);
  mail.any = std::exchange(news_, false);
  while (!waiting_.empty()) {
    Slice& first = waiting_.front();
    const std::vector<TraceRecord>& records = first.batch->trace.records;
    const auto is_own = [&](std::size_t record) { return tracepoints_.Contains(records[record].point); };
    std::size_t at = first.begin;
    std::size_t own = 0;
    // Those of other readers behind the last one go with it: they would keep the batch for nobody.
    for (; at < first.end && (own < limit || !is_own(at)); ++at) own += is_own(at) ? 1 : 0;
    if (at == first.begin && at != first.end) break;
    if (own > 0) mail.slices.push_back({first.batch, first.begin, at});
    limit -= own;
    waiting_records_ -= at - first.begin;
    first.begin = at;
    sequence_ = first.batch->sequence;
    if (first.begin != first.end) continue;
    waiting_bytes_ -= first.batch->host_memory;
    waiting_.pop_front();
  }
  mail.any = mail.any || !mail.slices.empty();
  mail.lost = lost_;
  mail.sequence = sequence_;
  if (!mail.any && end_.has_value()) mail.end = end_;
  if (!mail.any && !mail.end.has_value()) awake_ = false;
  return mail;
}

void EventMailbox::Close() {
  MutexLock lock(mutex_);
  closed_.store(true, std::memory_order_relaxed);
  waiting_.clear();
  waiting_records_ = 0;
  waiting_bytes_ = ByteCount(0);
}

}  // namespace memsim
