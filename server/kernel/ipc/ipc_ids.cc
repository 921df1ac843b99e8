#include "server/kernel/ipc/ipc_ids.h"

#include <algorithm>

#include "server/base/check.h"

namespace memsim {

std::int32_t IpcIds::FirstFree(std::int32_t index) const {
  for (auto it = used_.lower_bound(index); it != used_.end() && *it == index; ++it) ++index;
  return index;
}

std::optional<std::int32_t> IpcIds::Allocate() {
  const std::int32_t limit = std::min(std::max(in_use() * 3 / 2, kMinCycle), kIndices);
  std::int32_t index = FirstFree(next_index_);
  if (index >= limit) index = FirstFree(0);
  if (index >= limit) return std::nullopt;
  used_.insert(index);
  next_index_ = index + 1;
  if (index <= last_index_ && ++sequence_ >= kSequences) sequence_ = 0;
  last_index_ = index;
  return sequence_ << kIndexBits | index;
}

void IpcIds::Free(std::int32_t index) { MEMSIM_CHECK(used_.erase(index) == 1, index); }

void IpcIds::DigestTo(Digest& digest) const {
  digest.Add(used_.size());
  for (const std::int32_t index : used_) digest.Add(static_cast<std::uint64_t>(index));
  digest.Add(static_cast<std::uint64_t>(next_index_));
  digest.Add(static_cast<std::uint64_t>(last_index_ + 1));
  digest.Add(static_cast<std::uint64_t>(sequence_));
}

}  // namespace memsim
