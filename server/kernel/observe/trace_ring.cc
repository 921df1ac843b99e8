#include "server/kernel/observe/trace_ring.h"

#include <algorithm>
#include <utility>

#include "server/base/check.h"

namespace memsim {

void TraceRing::Listen(const TracepointSet& points) {
  enabled_ = points;
  if (points.empty()) {
    kept_ = nullptr;
  } else if (kept_ == nullptr) {
    kept_ = std::make_unique<Kept>();
    kept_->comm = std::string(kIdleComm);
  }
}

void TraceRing::KeepTask(Pid pid, absl::string_view comm) {
  kept_->pid = pid;
  kept_->comm = std::string(pid == Pid() ? kIdleComm : comm);
  kept_->comm_number.reset();
}

std::uint64_t TraceRing::Intern(absl::string_view text) {
  // With no record to come that could name it.
  if (size() >= kMaxRecords) return 0;
  text = text.substr(0, kMaxTextBytes);
  const auto found = kept_->numbers.find(text);
  if (found != kept_->numbers.end()) return found->second;
  const auto number = static_cast<std::uint32_t>(kept_->batch.strings.size());
  kept_->batch.strings.emplace_back(text);
  kept_->numbers.emplace(std::string(text), number);
  kept_->text_bytes += text.size();
  return number;
}

void TraceRing::Add(Tracepoint point, Nanoseconds time, CpuId cpu, std::initializer_list<std::uint64_t> fields) {
  MEMSIM_CHECK(fields.size() == FieldCount(point), static_cast<unsigned>(point), fields.size());
  if (size() >= kMaxRecords) {
    ++kept_->batch.lost[static_cast<std::size_t>(point)];
    return;
  }
  if (!kept_->comm_number.has_value()) kept_->comm_number = static_cast<std::uint32_t>(Intern(kept_->comm));
  TraceRecord record;
  record.time = time;
  record.pid = kept_->pid;
  record.comm = *kept_->comm_number;
  record.cpu = cpu;
  record.point = point;
  std::copy(fields.begin(), fields.end(), record.fields.begin());
  kept_->batch.records.push_back(record);
}

TraceBatch TraceRing::Take() {
  if (kept_ == nullptr) return TraceBatch();
  kept_->numbers.clear();
  kept_->text_bytes = 0;
  kept_->comm_number.reset();
  return std::exchange(kept_->batch, TraceBatch());
}

ByteCount TraceRing::HostMemory() const {
  if (kept_ == nullptr) return ByteCount(0);
  // A text is kept twice, once in a map's node, whose links are four words.
  const std::size_t strings = kept_->batch.strings.size() * (2 * sizeof(std::string) + 4 * sizeof(void*) + 8);
  return ByteCount(sizeof(Kept) + kept_->batch.records.capacity() * sizeof(TraceRecord) + strings +
                   2 * kept_->text_bytes);
}

}  // namespace memsim
