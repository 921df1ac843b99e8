// Which ids objects of System V IPC get (ipc_idr_alloc of ipc/util.c).
//
// An id is an index and, above it, a sequence number. Indices are handed out round and round: the next free one after
// the last that was given, below a limit that grows with the number of objects. Each time they begin again from below,
// the sequence number goes up by one, so that an old id is not soon given again.
//
// Thread-compatible.

#ifndef MEMSIM_SERVER_KERNEL_IPC_IPC_IDS_H_
#define MEMSIM_SERVER_KERNEL_IPC_IPC_IDS_H_

#include <cstdint>
#include <optional>

#include "absl/container/btree_set.h"

#include "server/base/digest.h"
#include "server/base/units.h"
#include "server/kernel/ipc/ipc_permission.h"

namespace memsim {

class IpcIds {
 public:
  // IPCMNI: at most 32768 objects.
  static constexpr int kIndexBits = kIpcIndexBits;
  static constexpr std::int32_t kIndices = 1 << kIndexBits;
  // ipcid_seq_max: sequence numbers are below it.
  static constexpr std::int32_t kSequences = INT32_MAX >> kIndexBits;
  // ipc_min_cycle: while there are few objects, so many indices take turns (RADIX_TREE_MAP_SIZE).
  static constexpr std::int32_t kMinCycle = 64;

  static constexpr std::int32_t IndexOf(std::int32_t id) { return id & (kIndices - 1); }

  // nullopt: all indices are taken.
  std::optional<std::int32_t> Allocate();
  // REQUIRES: an object has the index.
  void Free(std::int32_t index);

  std::int32_t in_use() const { return static_cast<std::int32_t>(used_.size()); }
  bool IsUsed(std::int32_t index) const { return used_.contains(index); }
  // ipc_get_maxidx. -1: there are no objects.
  std::int32_t highest_index() const { return used_.empty() ? -1 : *used_.rbegin(); }

  ByteCount HostMemory() const { return ByteCount(used_.size() * sizeof(std::int32_t) * 2); }
  void DigestTo(Digest& digest) const;

 private:
  // The first index from there on that nobody has.
  std::int32_t FirstFree(std::int32_t index) const;

  absl::btree_set<std::int32_t> used_;
  // idr_next.
  std::int32_t next_index_ = 0;
  std::int32_t last_index_ = -1;
  std::int32_t sequence_ = 0;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_IPC_IPC_IDS_H_
