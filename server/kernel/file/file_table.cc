#include "server/kernel/file/file_table.h"

#include <algorithm>

#include "server/base/check.h"

namespace memsim {

std::optional<FileTable::Entry> FileTable::Find(int fd) const {
  if (fd < 0 || !IsOpen(static_cast<std::size_t>(fd))) return std::nullopt;
  return entries_[static_cast<std::size_t>(fd)];
}

ErrnoOr<int> FileTable::LowestFree(int minimum, std::uint64_t limit) const {
  MEMSIM_CHECK(minimum >= 0);
  std::size_t fd = std::max(static_cast<std::size_t>(minimum), hint_);
  while (IsOpen(fd)) ++fd;
  if (fd >= std::min(limit, kMaxDescriptors)) return Errno::kMFile;
  return static_cast<int>(fd);
}

void FileTable::Install(int fd, const Entry& entry) {
  const auto index = static_cast<std::size_t>(fd);
  MEMSIM_CHECK(fd >= 0 && index < kMaxDescriptors && !IsOpen(index), index);
  MEMSIM_CHECK(entry.file != OpenFileId(), index);
  if (index >= entries_.size()) entries_.resize(index + 1);
  entries_[index] = entry;
  ++open_count_;
  if (index == hint_) ++hint_;
}

void FileTable::SetCloseOnExec(int fd, CloseOnExec close_on_exec) {
  MEMSIM_CHECK(fd >= 0 && IsOpen(static_cast<std::size_t>(fd)), fd);
  entries_[static_cast<std::size_t>(fd)].close_on_exec = close_on_exec;
}

OpenFileId FileTable::Remove(int fd) {
  const auto index = static_cast<std::size_t>(fd);
  MEMSIM_CHECK(fd >= 0 && IsOpen(index), index);
  const OpenFileId file = entries_[index].file;
  entries_[index] = Entry();
  --open_count_;
  hint_ = std::min(hint_, index);
  while (!entries_.empty() && entries_.back().file == OpenFileId()) entries_.pop_back();
  return file;
}

void FileTable::ForEach(absl::FunctionRef<void(int fd, const Entry&)> visit) const {
  for (std::size_t fd = 0; fd < entries_.size(); ++fd) {
    if (IsOpen(fd)) visit(static_cast<int>(fd), entries_[fd]);
  }
}

void FileTable::DigestTo(Digest& digest) const {
  digest.Add(static_cast<std::uint64_t>(open_count_));
  ForEach([&digest](int fd, const Entry& entry) {
    digest.Add(static_cast<std::uint64_t>(fd));
    digest.Add(entry.file);
    digest.Add(static_cast<std::uint64_t>(entry.close_on_exec));
  });
}

void FileTable::CheckInvariants() const {
  MEMSIM_CHECK(entries_.empty() || IsOpen(entries_.size() - 1), entries_.size());
  std::size_t open = 0;
  for (std::size_t fd = 0; fd < entries_.size(); ++fd) {
    if (IsOpen(fd)) ++open;
    MEMSIM_CHECK(IsOpen(fd) || fd >= hint_, fd, hint_);
  }
  MEMSIM_CHECK(hint_ <= entries_.size(), hint_);
  MEMSIM_CHECK(open == open_count_, open, open_count_);
}

}  // namespace memsim
