// A file, whatever names and descriptors it has or has lost.

#ifndef MEMSIM_SERVER_KERNEL_FILE_INODE_H_
#define MEMSIM_SERVER_KERNEL_FILE_INODE_H_

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"

#include "server/base/digest.h"
#include "server/base/units.h"
#include "server/kernel/file/disk_pages.h"
#include "server/kernel/file/open_flags.h"
#include "server/kernel/file/page_cache.h"
#include "server/kernel/file/page_ranges.h"
#include "server/kernel/file/xarray_nodes.h"
#include "server/kernel/numa/shared_policy.h"
#include "server/kernel/slab/boot_caches.h"

namespace memsim {

// Which inode: its place in the file system's table, counted from 1, so that a page frame can say whose it is in 32
// bits. 0 is none. A dead inode's id is given to another; what tells files apart for good is Inode::number on its
// device.
using InodeId = Unit<struct InodeIdTag, std::uint32_t>;

// The major and minor number that /proc/PID/maps prints in hexadecimal.
struct DeviceNumber {
  std::uint32_t major = 0;
  std::uint32_t minor = 0;

  friend bool operator==(DeviceNumber, DeviceNumber) = default;
};

// A virtio disk's first partition, as on most virtual machines: fe:01.
inline constexpr DeviceNumber kDiskDevice{254, 1};
// The first anonymous device of a booting kernel, which its own tmpfs gets: 00:01, as shared anonymous memory shows it
// everywhere.
inline constexpr DeviceNumber kTmpfsDevice{0, 1};
// Everything else (/dev, /proc, pipes), which nothing can map by a name of its own: 00:05, the usual devtmpfs.
inline constexpr DeviceNumber kKernelDevice{0, 5};

constexpr bool IsShmemKind(FileKind kind) { return kind == FileKind::kTmpfs || kind == FileKind::kSharedAnonymous; }
// S_ISREG: what has a size and pages.
constexpr bool HasPages(FileKind kind) { return kind == FileKind::kRegular || IsShmemKind(kind); }

constexpr DeviceNumber DeviceOf(FileKind kind) {
  if (IsShmemKind(kind)) return kTmpfsDevice;
  return kind == FileKind::kRegular || kind == FileKind::kDirectory ? kDiskDevice : kKernelDevice;
}

// The slab cache of a file's inode: the disk has ext4, and what is neither there nor on tmpfs counts as a plain inode.
constexpr KernelCache InodeCacheOf(FileKind kind) {
  if (IsShmemKind(kind)) return KernelCache::kShmemInodeCache;
  return kind == FileKind::kRegular || kind == FileKind::kDirectory ? KernelCache::kExt4InodeCache
                                                                    : KernelCache::kInodeCache;
}

struct Inode {
  FileKind kind = FileKind::kRegular;
  // Its inode number, never given twice on a device, but that a segment of System V shared memory has its id.
  std::uint64_t number = 0;
  // Of System V shared memory.
  bool is_shm_segment = false;
  ByteCount size;
  // How many names it has: 1, or 0 once it is unlinked.
  std::uint32_t links = 0;
  // How many open files it has, those that only mappings hold included.
  std::uint32_t open_files = 0;
  // The name it has or had last.
  std::string name;
  // Who made it: i_uid.
  std::uint32_t owner = 0;
  // F_SEAL_*: of shared memory. What was not made for seals has the one against more of them.
  std::uint32_t seals = 0;
  // These are in memory though `pages` need not have them: they get their frame when somebody uses them.
  PageRanges assumed_cached;
  // Shared memory whose whole size was promised when it was made; 0: each page is promised when it is made.
  PageCount accounted;
  PageCache pages;
  DiskPages disk_pages;
  XarrayNodes page_nodes;
  // Where its pages shall lie: of shared memory.
  SharedPolicy policy;
  // The inode and its dentry, as objects of slab caches.
  VirtualAddress object;
  VirtualAddress dentry_object;

  // With a link or an open file. What is neither is freed.
  bool alive() const { return links != 0 || open_files != 0; }
  // The pages that hold its bytes: what lies beyond cannot be touched.
  PageCount page_count() const { return ToPagesRoundedUp(size); }
  DeviceNumber device() const { return DeviceOf(kind); }
  // As /proc/PID/maps shows it.
  std::string NameInMaps() const { return links != 0 ? name : absl::StrCat(name, " (deleted)"); }

  void DigestTo(Digest& digest) const {
    digest.Add(static_cast<std::uint64_t>(kind) | static_cast<std::uint64_t>(is_shm_segment) << 8);
    digest.Add(number);
    digest.Add(size);
    digest.Add(links);
    digest.Add(open_files);
    digest.Add(absl::string_view(name));
    digest.Add(owner);
    digest.Add(seals);
    assumed_cached.DigestTo(digest);
    digest.Add(accounted);
    digest.Add(object);
    digest.Add(dentry_object);
    pages.DigestTo(digest);
    disk_pages.DigestTo(digest);
    page_nodes.DigestTo(digest);
    policy.DigestTo(digest);
  }
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_FILE_INODE_H_
