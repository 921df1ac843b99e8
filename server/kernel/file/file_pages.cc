// The pages of files: how they come into memory, get dirty, and go with the end of their file.

#include <algorithm>
#include <utility>

#include "server/base/check.h"
#include "server/kernel/file/file_system.h"

namespace memsim {

ByteCount FileSystem::MaxSize(FileKind kind) { return IsShmemKind(kind) ? kMaxTmpfsFileSize : kMaxDiskFileSize; }

bool FileSystem::IsCached(InodeId id, PageOffset index) const {
  const Inode& file = inode(id);
  if (file.assumed_cached.Contains(index)) return true;
  const std::optional<PageFrameNumber> page = file.pages.Find(index);
  return page.has_value() && (allocator_.frame(*page).flags & kFrameNotRead) == 0;
}

CacheStat FileSystem::CountCached(InodeId id, PageOffset first, PageOffset end) const {
  const Inode& file = inode(id);
  CacheStat stat;
  stat.cached = file.assumed_cached.CountIn(first, end);
  file.pages.ForEachIn(first, end, [&](PageOffset index, PageFrameNumber pfn) {
    if (!file.assumed_cached.Contains(index)) ++stat.cached;
    if ((allocator_.frame(pfn).flags & kFrameDirty) != 0 && !IsShmemKind(file.kind)) ++stat.dirty;
  });
  return stat;
}

void FileSystem::CountPage(const Inode& inode, std::int64_t change) {
  const bool shmem = IsShmemKind(inode.kind);
  counters_.Add(Counter::kNrFilePages, change);
  if (shmem) counters_.Add(Counter::kNrShmem, change);
  // Shared memory has no disk to go back to: it is reclaimed as anonymous memory is.
  counters_.Add(shmem ? Counter::kNrInactiveAnon : Counter::kNrInactiveFile, change);
  // shmem_inode_acct_blocks: what was not promised as a whole is promised page by page.
  if (shmem && inode.accounted == PageCount(0)) counters_.Add(Counter::kCommittedAs, change);
  cached_pages_ = change > 0 ? cached_pages_ + PageCount(1) : cached_pages_ - PageCount(1);
}

void FileSystem::CountRead() { counters_.Add(Counter::kPgPgIn, static_cast<std::int64_t>(kPageSize.value() / 1024)); }

std::optional<PageFrameNumber> FileSystem::AddPage(InodeId id, PageOffset index) {
  const std::optional<PageFrameNumber> pfn =
      allocator_.AllocPages(kGfpHighuserMovable | kGfpComp, Order(0), PageOwner::kPageCache);
  if (!pfn.has_value()) return std::nullopt;
  Inode& file = MutableInode(id);
  const std::size_t nodes = file.page_nodes.size();
  if (!file.page_nodes.Add(index, slabs_)) {
    allocator_.FreePages(*pfn, Order(0));
    return std::nullopt;
  }
  page_nodes_ += file.page_nodes.size() - nodes;
  PageFrame& page = allocator_.frame(*pfn);
  page.mapping = id.value();
  page.index = index;
  file.pages.Add(index, *pfn);
  if (file.disk_pages.Has(index)) {
    allocator_.contents().Put(*pfn, file.disk_pages.Take(index));
    --disk_pages_;
  }
  CountPage(file, 1);
  return pfn;
}

ErrnoOr<FilePage> FileSystem::GetPage(InodeId id, PageOffset index, const ReadAround& around) {
  const Inode& file = inode(id);
  MEMSIM_CHECK(HasPages(file.kind), id.value());
  if (index >= PageOffset(file.page_count().value())) return Errno::kFault;
  if (const std::optional<PageFrameNumber> cached = file.pages.Find(index); cached.has_value()) {
    PageFrame& page = allocator_.frame(*cached);
    const bool unread = (page.flags & kFrameNotRead) != 0;
    page.flags &= static_cast<FrameFlags>(~kFrameNotRead);
    return FilePage{*cached, unread ? PageSource::kUnread : PageSource::kCached};
  }
  PageSource source = PageSource::kRead;
  if (file.assumed_cached.Contains(index)) {
    source = PageSource::kCached;
  } else if (IsShmemKind(file.kind)) {
    source = PageSource::kNew;
  }
  const std::optional<PageFrameNumber> added = AddPage(id, index);
  if (!added.has_value()) return Errno::kNoMem;
  if (source == PageSource::kRead) {
    CountRead();
    ReadPages(id, around);
  }
  return FilePage{*added, source};
}

// Pages for which there is no memory are not read.
void FileSystem::ReadPages(InodeId id, const ReadAround& around) {
  const PageOffset end = std::min(around.end, PageOffset(inode(id).page_count().value()));
  for (PageOffset page = around.begin; page < end; page += PageCount(1)) {
    if (IsCached(id, page) || inode(id).pages.Find(page).has_value()) continue;
    if (!AddPage(id, page).has_value()) return;
    CountRead();
  }
}

void FileSystem::MarkDirty(PageFrameNumber frame) {
  PageFrame& page = allocator_.frame(frame);
  MEMSIM_CHECK(page.owner == PageOwner::kPageCache, frame.value());
  if (page.mapping == 0 || (page.flags & kFrameDirty) != 0) return;
  page.flags |= kFrameDirty;
  // Nobody waits to write shared memory anywhere.
  if (!IsShmemKind(inode(InodeId(page.mapping)).kind)) counters_.Add(Counter::kNrDirty, 1);
}

void FileSystem::DropPages(InodeId id, PageOffset first, PageOffset end) {
  UncachePages(id, first, end);
  DiskPages& disk = MutableInode(id).disk_pages;
  disk_pages_ -= disk.size();
  disk.Remove(first, end);
  disk_pages_ += disk.size();
}

void FileSystem::UncachePages(InodeId id, PageOffset first, PageOffset end) {
  Inode& file = MutableInode(id);
  const std::size_t nodes = file.page_nodes.size();
  file.pages.Remove(first, end, [this, &file](PageOffset index, PageFrameNumber pfn) {
    file.page_nodes.Remove(index, slabs_);
    PageFrame& page = allocator_.frame(pfn);
    if ((page.flags & kFrameDirty) != 0 && !IsShmemKind(file.kind)) counters_.Add(Counter::kNrDirty, -1);
    page.flags &= static_cast<FrameFlags>(~(kFrameDirty | kFrameNotRead));
    page.mapping = 0;
    CountPage(file, -1);
    allocator_.PutPage(pfn);
  });
  page_nodes_ -= nodes - file.page_nodes.size();
  cached_ranges_ -= file.assumed_cached.size();
  file.assumed_cached.Remove(first, end);
  cached_ranges_ += file.assumed_cached.size();
}

// ext4_block_truncate_page: what follows the shorter of old and new size in its page is cleared, for which the page is
// brought into the cache. In a hole there is nothing to clear, and it stays there unread.
void FileSystem::AddCutPage(InodeId id, ByteCount end) {
  const Inode& file = inode(id);
  if (IsShmemKind(file.kind) || end.value() % kPageSize.value() == 0) return;
  const PageOffset last(ToPages(end).value());
  if (file.assumed_cached.Contains(last) || file.pages.Find(last).has_value()) return;
  if (const auto page = AddPage(id, last)) allocator_.frame(*page).flags |= kFrameNotRead;
}

std::optional<CutTail> FileSystem::SetSize(InodeId id, ByteCount size) {
  Inode& file = MutableInode(id);
  MEMSIM_CHECK(HasPages(file.kind) && size <= MaxSize(file.kind), size.value());
  const ByteCount old_size = std::exchange(file.size, size);
  const PageOffset first(file.page_count().value());
  if (size < old_size) DropPages(id, first, kPastLastPage);
  AddCutPage(id, std::min(size, old_size));
  // Stores through mappings may have left bytes behind the end: the disk's files lose them whenever a size is set,
  // those of tmpfs only where they do not grow.
  if (!IsShmemKind(file.kind) || size <= old_size) ZeroTail(id, std::min(size, old_size));
  if (size >= old_size) return std::nullopt;
  return CutTail{id, first};
}

Errno FileSystem::FillPages(InodeId id, PageOffset first, PageOffset end) {
  for (PageOffset page = first; page < end; page += PageCount(1)) {
    if (!IsCached(id, page) && !AddPage(id, page).has_value()) return Errno::kNoMem;
    cpus_.Charge(cpus_.costs().page_zero);
  }
  return Errno::kOk;
}

void FileSystem::PunchHole(InodeId id, PageOffset first, PageOffset end) {
  MEMSIM_CHECK(HasPages(inode(id).kind), id.value());
  DropPages(id, first, end);
}

void FileSystem::ZeroEdges(const FileHole& hole) {
  const auto start_of = [](PageOffset index) { return ToBytes(PageCount(index.value())); };
  ZeroInPage(hole.inode, hole.begin, std::min(hole.end, start_of(hole.first())));
  ZeroInPage(hole.inode, std::max(hole.begin, start_of(hole.past())), hole.end);
}

void FileSystem::ZeroInPage(InodeId id, ByteCount begin, ByteCount end) {
  if (begin >= end) return;
  Inode& file = MutableInode(id);
  const PageOffset index(ToPages(begin).value());
  const ByteCount offset = begin - ToBytes(ToPages(begin));
  MEMSIM_CHECK(HasPages(file.kind) && offset + (end - begin) <= kPageSize, begin.value(), end.value());
  if (const std::optional<PageFrameNumber> frame = file.pages.Find(index)) {
    allocator_.contents().Clear(*frame, offset, end - begin);
  } else if (file.disk_pages.Has(index)) {
    file.disk_pages.Put(index, FrameContents::Cut(file.disk_pages.Take(index), offset, end - begin));
    if (!file.disk_pages.Has(index)) --disk_pages_;
  }
}

std::uint64_t FileSystem::CleanPages(InodeId id, PageOffset first, PageOffset end) {
  const bool counted = !IsShmemKind(inode(id).kind);
  std::uint64_t cleaned = 0;
  inode(id).pages.ForEachIn(first, end, [&](PageOffset /*index*/, PageFrameNumber pfn) {
    PageFrame& page = allocator_.frame(pfn);
    if ((page.flags & kFrameDirty) == 0) return;
    page.flags &= static_cast<FrameFlags>(~kFrameDirty);
    ++cleaned;
  });
  // ext4_bio_write_folio: what lies behind the end does not go to the disk, and is cleared.
  const PageOffset last(ToPages(inode(id).size).value());
  if (counted && cleaned != 0 && first <= last && last < end) ZeroTail(id, inode(id).size);
  if (counted) counters_.Add(Counter::kNrDirty, -static_cast<std::int64_t>(cleaned));
  return cleaned;
}

bool FileSystem::IsShmemPage(PageFrameNumber frame) const {
  const PageFrame& page = allocator_.frame(frame);
  return page.mapping != 0 && IsShmemKind(inode(InodeId(page.mapping)).kind);
}

void FileSystem::ReclaimPage(PageFrameNumber frame) {
  const PageFrame& page = allocator_.frame(frame);
  if (page.mapping == 0 || page.refcount != 1 || (page.flags & kFrameDirty) != 0) return;
  const InodeId id(page.mapping);
  const PageOffset index = page.index;
  PageBytes bytes = allocator_.contents().Take(frame);
  UncachePages(id, index, index + PageCount(1));
  if (bytes.zero()) return;
  MutableInode(id).disk_pages.Put(index, std::move(bytes));
  ++disk_pages_;
}

ErrnoOr<ByteCount> FileSystem::WriteBytes(InodeId id, ByteCount offset, ByteCount length, absl::string_view data) {
  Inode& file = MutableInode(id);
  MEMSIM_CHECK(HasPages(file.kind) && length > ByteCount(0) && offset + length <= MaxSize(file.kind), offset.value(),
               length.value());
  // The end that the file had is inside of it from now on.
  if (offset > file.size) {
    AddCutPage(id, file.size);
    if (!IsShmemKind(file.kind)) ZeroTail(id, file.size);
  }
  const ByteCount wanted_end = offset + length;
  ByteCount end = offset;
  while (end < wanted_end) {
    const PageOffset index(ToPages(end).value());
    std::optional<PageFrameNumber> page = file.pages.Find(index);
    if (!page.has_value()) page = AddPage(id, index);
    if (!page.has_value()) break;
    const ByteCount start = std::exchange(end, std::min(wanted_end, ToBytes(PageCount(index.value() + 1))));
    const ByteCount in_page = start - ToBytes(PageCount(index.value()));
    const absl::string_view part = data.substr(std::min(data.size(), (start - offset).value()), (end - start).value());
    allocator_.contents().Write(*page, in_page, part);
    allocator_.contents().Clear(*page, in_page + ByteCount(part.size()), end - start - ByteCount(part.size()));
    allocator_.frame(*page).flags &= static_cast<FrameFlags>(~kFrameNotRead);
    // The size first: no page of the cache lies beyond it.
    file.size = std::max(file.size, end);
    MarkDirty(*page);
    cpus_.Charge(cpus_.costs().write_page);
  }
  if (end == offset) return Errno::kNoMem;
  return end - offset;
}

ErrnoOr<ByteCount> FileSystem::ReadBytes(InodeId id, ByteCount offset, absl::Span<char> bytes) {
  const CostTable& costs = cpus_.costs();
  ByteCount done;
  while (done < ByteCount(bytes.size())) {
    const ByteCount at = offset + done;
    const PageOffset index(ToPages(at).value());
    const ByteCount in_page = at - ToBytes(ToPages(at));
    const ByteCount length = std::min(kPageSize - in_page, ByteCount(bytes.size()) - done);
    const absl::Span<char> part = bytes.subspan(done.value(), length.value());
    if (IsShmemKind(inode(id).kind) && !IsCached(id, index)) {
      std::fill(part.begin(), part.end(), '\0');
    } else {
      const ErrnoOr<FilePage> page = GetPage(id, index, ReadAround::PageAlone());
      if (!page.ok()) break;
      if (page->source == PageSource::kRead) cpus_.Charge(costs.device_read);
      allocator_.contents().Read(page->frame, in_page, part);
    }
    cpus_.Charge(costs.read_page);
    done += length;
  }
  if (done == ByteCount(0)) return Errno::kNoMem;
  return done;
}

}  // namespace memsim
