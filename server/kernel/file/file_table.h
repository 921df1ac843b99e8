// The descriptors of a process (files_struct).
//
// A table of numbers alone: each entry stands for one reference to an open file, and whoever fills or empties an entry
// gets or puts that reference.
//
// Invariants (CheckInvariants verifies them):
//  1. Every descriptor below the hint is open.
//  2. The last entry of the table is open: a table is as long as its highest descriptor asks.

#ifndef MEMSIM_SERVER_KERNEL_FILE_FILE_TABLE_H_
#define MEMSIM_SERVER_KERNEL_FILE_FILE_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/functional/function_ref.h"

#include "server/base/digest.h"
#include "server/base/errno.h"
#include "server/base/units.h"
#include "server/kernel/file/open_file.h"

namespace memsim {

enum class CloseOnExec : std::uint8_t { kNo, kYes };

class FileTable {
 public:
  // fs.nr_open: no limit of a process lets it go beyond.
  static constexpr std::uint64_t kMaxDescriptors = 1U << 20;

  struct Entry {
    // None: the descriptor is free.
    OpenFileId file;
    CloseOnExec close_on_exec = CloseOnExec::kNo;

    friend bool operator==(const Entry&, const Entry&) = default;
  };

  // nullopt: not open, as every negative number.
  std::optional<Entry> Find(int fd) const;
  // The lowest free descriptor from minimum on. EMFILE: there is none below limit (RLIMIT_NOFILE) and kMaxDescriptors.
  // REQUIRES: minimum >= 0.
  ErrnoOr<int> LowestFree(int minimum, std::uint64_t limit) const;
  // REQUIRES: 0 <= fd < kMaxDescriptors, fd is free.
  void Install(int fd, const Entry& entry);
  // REQUIRES: fd is open.
  void SetCloseOnExec(int fd, CloseOnExec close_on_exec);
  // Frees a descriptor, whose reference is now the caller's. REQUIRES: fd is open.
  OpenFileId Remove(int fd);
  // Ascending. visit must not change the table.
  void ForEach(absl::FunctionRef<void(int fd, const Entry&)> visit) const;
  std::size_t open_count() const { return open_count_; }

  void DigestTo(Digest& digest) const;
  ByteCount HostMemory() const { return ByteCount(sizeof(*this) + entries_.capacity() * sizeof(Entry)); }
  void CheckInvariants() const;

 private:
  bool IsOpen(std::size_t fd) const { return fd < entries_.size() && entries_[fd].file != OpenFileId(); }

  std::vector<Entry> entries_;
  // No descriptor below is free (next_fd).
  std::size_t hint_ = 0;
  std::size_t open_count_ = 0;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_FILE_FILE_TABLE_H_
