// What a file system tells about itself: its digest, its host memory, its invariants.

#include "server/base/check.h"
#include "server/kernel/file/file_system.h"

namespace memsim {

void FileSystem::DigestTo(Digest& digest) const {
  digest.Add(static_cast<std::uint64_t>(inodes_.values().size()));
  // The names are the inodes' own.
  for (const Inode& inode : inodes_.values()) inode.DigestTo(digest);
  digest.Add(static_cast<std::uint64_t>(open_files_.values().size()));
  for (const OpenFile& file : open_files_.values()) file.DigestTo(digest);
  // Which ids come next.
  for (const InodeId id : inodes_.free_ids()) digest.Add(id);
  for (const OpenFileId id : open_files_.free_ids()) digest.Add(id);
  digest.Add(last_disk_number_);
  digest.Add(last_tmpfs_number_);
  digest.Add(last_kernel_number_);
}

ByteCount FileSystem::HostMemory() const {
  const std::uint64_t names = names_.size() * sizeof(std::pair<const std::string, InodeId>);
  // A name lies in the inode and in the map.
  return ByteCount(sizeof(*this) + names) + inodes_.HostMemory() + open_files_.HostMemory() + name_bytes_ * 2 +
         PageCache::kHostMemoryPerPage * cached_pages_.value() + PageRanges::kHostMemoryPerRange * cached_ranges_ +
         XarrayNodes::kHostMemoryPerNode * page_nodes_ + SharedPolicy::kHostMemoryPerRange * policy_ranges_ +
         DiskPages::kHostMemoryPerPage * disk_pages_;
}

PageCount FileSystem::promised_pages() const {
  PageCount promised;
  for (const Inode& inode : inodes_.values()) {
    if (IsShmemKind(inode.kind)) promised += inode.accounted != PageCount(0) ? inode.accounted : inode.pages.size();
  }
  return promised;
}

void FileSystem::CheckInvariants() const {
  inodes_.CheckInvariants();
  open_files_.CheckInvariants();
  std::uint64_t linked = 0;
  std::uint64_t dead = 0;
  std::vector<std::uint32_t> opens(inodes_.values().size() + 1, 0);
  for (const OpenFile& file : open_files_.values()) {
    if (file.references > 0) ++opens[file.inode.value()];
  }
  std::uint64_t nodes = 0;
  std::uint64_t disk_pages = 0;
  std::int64_t pages = 0;
  std::int64_t shmem_pages = 0;
  std::int64_t dirty = 0;
  for (std::uint32_t i = 1; i <= inodes_.values().size(); ++i) {
    const InodeId id(i);
    const Inode& inode = inodes_[id];
    MEMSIM_CHECK(inode.open_files == opens[id.value()], inode.open_files, opens[id.value()]);
    if (!inode.alive()) ++dead;
    if (inode.links > 0) {
      const auto name = names_.find(inode.name);
      MEMSIM_CHECK(inode.links == 1 && name != names_.end() && name->second == id, id.value());
      ++linked;
    }
    MEMSIM_CHECK(inode.assumed_cached.end() <= PageOffset(inode.page_count().value()), id.value());
    std::vector<PageOffset> cached;
    inode.pages.ForEach([&](PageOffset index, PageFrameNumber pfn) {
      cached.push_back(index);
      const PageFrame& page = allocator_.frame(pfn);
      MEMSIM_CHECK(page.owner == PageOwner::kPageCache && page.refcount > page.map_count, pfn.value());
      MEMSIM_CHECK(page.mapping == id.value() && page.index == index, pfn.value(), index.value());
      MEMSIM_CHECK(index < PageOffset(inode.page_count().value()), id.value(), index.value());
      MEMSIM_CHECK(!inode.disk_pages.Has(index), id.value(), index.value());
      ++pages;
      if (IsShmemKind(inode.kind)) {
        ++shmem_pages;
      } else if ((page.flags & kFrameDirty) != 0) {
        ++dirty;
      }
    });
    inode.page_nodes.CheckInvariants(cached);
    nodes += inode.page_nodes.size();
    disk_pages += inode.disk_pages.size();
  }
  MEMSIM_CHECK(nodes == page_nodes_, nodes, page_nodes_);
  MEMSIM_CHECK(disk_pages == disk_pages_, disk_pages, disk_pages_);
  MEMSIM_CHECK(linked == names_.size(), linked, names_.size());
  MEMSIM_CHECK(dead == inodes_.free_ids().size(), dead, inodes_.free_ids().size());
  MEMSIM_CHECK(PageCount(static_cast<std::uint64_t>(pages)) == cached_pages_, static_cast<std::uint64_t>(pages));
  MEMSIM_CHECK(pages == counters_.Get(Counter::kNrFilePages), static_cast<std::uint64_t>(pages));
  MEMSIM_CHECK(shmem_pages == counters_.Get(Counter::kNrShmem), static_cast<std::uint64_t>(shmem_pages));
  MEMSIM_CHECK(dirty == counters_.Get(Counter::kNrDirty), static_cast<std::uint64_t>(dirty));
}

}  // namespace memsim
