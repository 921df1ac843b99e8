// All files of a machine: their names, who has them open, and their pages in memory.
//
// Paths are absolute and flat: there are no directories to search, and a directory is a file like others. Whatever lies
// under /dev/shm is on tmpfs, the rest on a disk.
//
// A file lives while it has a name, or while anybody holds one of its open files (a descriptor or a mapping). Then its
// pages are freed.
//
// Pages of a file made by Mknod count as cached from the start, as if the program that wrote them had just run: they
// get their frames when they are first used, and that is a cache hit. Pages of shared memory and tmpfs are made at
// their first use. A hole of a file on the disk must be read like any other page that is not in memory.
//
// The frames of cached pages have a file's bytes (physical/frame_contents.h), of other pages the disk has them. Of a
// file that Mknod made nobody knows what it holds: it is all zeros until somebody writes.
//
// Thread-compatible. The allocator and the counters outlive it.
//
// Invariants (CheckInvariants verifies them):
//  1. Each name belongs to one inode, which has it as its name and has one link; all others have no link.
//  2. An inode is alive, and its count of open files is right.
//  3. A page in a cache has an allocated frame of owner kPageCache, which names the inode and its place in it, and lies
//  before the file's end. The disk has none of its bytes.
//  4. nr_file_pages, nr_shmem and nr_dirty are what the caches hold.

#ifndef MEMSIM_SERVER_KERNEL_FILE_FILE_SYSTEM_H_
#define MEMSIM_SERVER_KERNEL_FILE_FILE_SYSTEM_H_

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/container/btree_map.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "server/base/digest.h"
#include "server/base/errno.h"
#include "server/base/id_table.h"
#include "server/base/units.h"
#include "server/kernel/cpu/cpus.h"
#include "server/kernel/file/inode.h"
#include "server/kernel/file/open_file.h"
#include "server/kernel/numa/mempolicies.h"
#include "server/kernel/observe/counter.h"
#include "server/kernel/physical/page_allocator.h"
#include "server/kernel/slab/slab_caches.h"

namespace memsim {

// What is no longer the file's: the pages from `first` on. Their frames live on while page tables map them, so whoever
// cut the file must now unmap them from every mapping of the inode, private copies included (unmap_mapping_range).
struct CutTail {
  InodeId inode;
  PageOffset first;

  friend bool operator==(CutTail, CutTail) = default;
};

// Bytes [begin, end) of a file that are to be zero: whole pages of them leave the file.
struct FileHole {
  InodeId inode;
  ByteCount begin;
  ByteCount end;

  PageOffset first() const { return PageOffset(ToPagesRoundedUp(begin).value()); }
  // Not before first(), though a hole inside of one page ends there.
  PageOffset past() const { return std::max(first(), PageOffset(ToPages(end).value())); }
};

struct OpenedFile {
  // With one reference, which is the caller's.
  OpenFileId file;
  // O_TRUNC made the file shorter.
  std::optional<CutTail> cut;
};

// Of a range of a file. Writing back takes no time, and what memory gave up is forgotten.
struct CacheStat {
  std::uint64_t cached = 0;
  // Of those, newer than on the disk. Shared memory has no disk.
  std::uint64_t dirty = 0;
};

// How a page came to be there.
enum class PageSource : std::uint8_t {
  // It was in memory: a minor fault.
  kCached,
  // It is new and zero, as shared memory is at its first use: a minor fault.
  kNew,
  // It was there, and somebody has still to read it: who faults waits, but causes no input.
  kUnread,
  // It had to be read: a major fault.
  kRead,
};

struct FilePage {
  // The cache's reference is the only one: a caller that maps the page takes its own.
  PageFrameNumber frame;
  PageSource source;
};

// What a miss reads besides the page itself: the pages in [begin, end) that the file has and memory has not.
struct ReadAround {
  // VM_READAHEAD_PAGES: 128 KiB.
  static constexpr PageCount kMostPages{32};
  // What one request may ask of a usual disk (bdi->io_pages): 4 MiB.
  static constexpr PageCount kMostWanted{1024};

  PageOffset begin;
  PageOffset end;

  static ReadAround PageAlone() { return {}; }
  // Half of it lies before the page.
  static ReadAround Window(PageOffset index) {
    const std::uint64_t half = kMostPages.value() / 2;
    const PageOffset begin(index.value() > half ? index.value() - half : 0);
    return {begin, begin + kMostPages};
  }
  static ReadAround Forward(PageOffset index) { return {index, index + kMostPages}; }
};

class FileSystem {
 public:
  // PATH_MAX with its terminating zero, and NAME_MAX (include/uapi/linux/limits.h).
  static constexpr std::size_t kMaxPath = 4096;
  static constexpr std::size_t kMaxName = 255;
  // Files in all. A quarter of a million is more than any trace makes, and about 64 MiB of host memory with usual
  // names.
  static constexpr std::uint32_t kMaxInodes = 1U << 18;
  // fs.file-max: a mapping holds an open file, so shared anonymous mappings count too. 2^20, as fs.nr_open.
  static constexpr std::uint32_t kMaxOpenFiles = 1U << 20;
  // s_maxbytes of ext4 with blocks of 4 KiB: 2^32 - 1 blocks.
  static constexpr ByteCount kMaxDiskFileSize{((1ULL << 32) - 1) << kPageShift};
  // MAX_LFS_FILESIZE.
  static constexpr ByteCount kMaxTmpfsFileSize{INT64_MAX};

  // All must outlive the files.
  FileSystem(PageAllocator& pages, SlabCaches& slabs, Mempolicies& mempolicies, Counters& counters, Cpus& cpus)
      : allocator_(pages), slabs_(slabs), mempolicies_(mempolicies), counters_(counters), cpus_(cpus) {}

  // --- Names (file_system.cc)
  // ENOENT, ENAMETOOLONG, EEXIST; EFBIG for a size that the file's kind cannot have; EINVAL for kSharedAnonymous;
  // ENOSPC at kMaxInodes. The size of what has no pages is not kept.
  Errno Mknod(absl::string_view path, FileKind kind, ByteCount size);
  // build_open_flags: what open(2) says of its flags before it looks at anything else. EINVAL: O_CREAT with
  // O_DIRECTORY.
  static Errno CheckOpenFlags(std::uint32_t flags);
  // open(2) without the descriptor. user: whom a file belongs to that it makes. ENOENT, ENAMETOOLONG, EINVAL, EEXIST,
  // EISDIR, ENOTDIR, ENFILE, ENOSPC.
  ErrnoOr<OpenedFile> Open(absl::string_view path, std::uint32_t flags, std::uint32_t user = 0);
  // ENOENT, ENAMETOOLONG, EISDIR.
  Errno Unlink(absl::string_view path);
  // ENOENT, ENAMETOOLONG; EXDEV between /dev/shm and the disk; EISDIR and ENOTDIR where one of both is a directory.
  Errno Rename(absl::string_view old_path, absl::string_view new_path);
  // The file behind a shared anonymous mapping (shmem_zero_setup): "/dev/zero (deleted)", opened for reading and
  // writing, with the caller's reference. `accounted` pages were promised for it (all of its size, or none): the file
  // gives them back to committed_as when it dies. ENFILE, ENOSPC.
  ErrnoOr<OpenFileId> CreateSharedAnonymous(ByteCount size, PageCount accounted);
  // The same for a segment of System V shared memory, by the name that maps show ("/SYSV0000002a (deleted)").
  ErrnoOr<OpenFileId> CreateShmSegment(absl::string_view name, ByteCount size, PageCount accounted);
  // Gives a segment's inode its number, which is the segment's id.
  void SetShmId(OpenFileId id, std::uint64_t shmid) { MutableInode(file(id).inode).number = shmid; }
  // The file of an open file, opened once more (alloc_file_clone), with the caller's reference. ENFILE, ENOMEM.
  ErrnoOr<OpenFileId> OpenAgain(OpenFileId id, std::uint32_t flags) { return NewOpenFile(file(id).inode, flags); }

  // memfd_create: an empty file on tmpfs without a name, "/memfd:NAME (deleted)", with the caller's reference. ENFILE,
  // ENOSPC, ENOMEM.
  ErrnoOr<OpenFileId> CreateMemfd(absl::string_view name, std::uint32_t seals, std::uint32_t user);
  void AddSeals(InodeId id, std::uint32_t seals) { MutableInode(id).seals |= seals; }

  // Where pages [first, end) of shared memory shall lie from now on. ENOMEM. REQUIRES: IsShmemKind(kind).
  Errno SetPolicy(InodeId id, PageOffset first, PageOffset end, MempolicyId policy);

  // --- Open files
  // REQUIRES, here and below: a file that somebody holds. The references hold until a file is made or opened.
  const OpenFile& file(OpenFileId id) const;
  const Inode& inode(InodeId id) const { return inodes_[id]; }
  const Inode& InodeOf(OpenFileId id) const { return inode(file(id).inode); }
  // Another reference; one reference less, where the last closes the file.
  void Get(OpenFileId id);
  void Put(OpenFileId id);
  void SetPosition(OpenFileId id, ByteCount position) { MutableFile(id).position = position; }

  bool CanRead(OpenFileId id) const { return file(id).can_read(); }
  bool CanWrite(OpenFileId id) const { return file(id).can_write(); }
  // Whether the file has an mmap operation: ENODEV without.
  bool CanMap(OpenFileId id) const;
  bool IsZeroDevice(OpenFileId id) const { return InodeOf(id).kind == FileKind::kZeroDevice; }
  // Pages of it are shared memory (NR_SHMEM, MM_SHMEMPAGES).
  bool IsShmem(OpenFileId id) const { return IsShmemKind(InodeOf(id).kind); }
  bool IsShmSegment(OpenFileId id) const { return InodeOf(id).is_shm_segment; }
  // Large mappings of it are placed at huge-page boundaries: ext4 asks for that, tmpfs without huge pages does not.
  bool AlignsToHugePages(OpenFileId id) const { return InodeOf(id).kind == FileKind::kRegular; }

  // --- Pages (file_pages.cc)
  // How large a file of this kind may be.
  static ByteCount MaxSize(FileKind kind);
  // Whether the page is in memory: what fault-around maps and mincore shows. False from the file's end on.
  bool IsCached(InodeId id, PageOffset index) const;
  // What memory has of pages [first, end) (filemap_cachestat).
  CacheStat CountCached(InodeId id, PageOffset first, PageOffset end) const;
  // The page, which is made or read if it is not in memory. REQUIRES: HasPages(kind). EFAULT: beyond the file's end
  // (SIGBUS); ENOMEM.
  ErrnoOr<FilePage> GetPage(InodeId id, PageOffset index, const ReadAround& around);
  // Reads the pages of the range that the file has and memory has not. REQUIRES: HasPages(kind).
  void ReadPages(InodeId id, const ReadAround& around);
  // folio_mark_dirty. Nothing happens if the page is no longer a file's. REQUIRES: the frame is allocated with owner
  // kPageCache.
  void MarkDirty(PageFrameNumber frame);
  // Sets the size (truncate_setsize). The tail that was cut off; nullopt if the file has lost no byte.
  // REQUIRES: HasPages(kind), size <= MaxSize(kind).
  std::optional<CutTail> SetSize(InodeId id, ByteCount size);
  // Makes pages [first, end) of shared memory present, as far as there is memory: ENOMEM. The size is the caller's
  // business. REQUIRES: IsShmemKind(kind), and the size holds them.
  Errno FillPages(InodeId id, PageOffset first, PageOffset end);
  // Takes pages [first, end) and their bytes out of the file, whose size stays (fallocate with FALLOC_FL_PUNCH_HOLE).
  // Whoever calls unmaps them first, but private copies. REQUIRES: HasPages(kind).
  void PunchHole(InodeId id, PageOffset first, PageOffset end);
  // Makes those bytes of a hole zero that do not fill a page. REQUIRES: HasPages(kind).
  void ZeroEdges(const FileHole& hole);
  // Pages [first, end) are as they are on the disk. How many were not.
  std::uint64_t CleanPages(InodeId id, PageOffset first, PageOffset end);
  // REQUIRES: the frame is allocated with owner kPageCache.
  bool IsShmemPage(PageFrameNumber frame) const;
  // Drops a page that nobody uses and that is not dirty (shrink_folio_list). REQUIRES: as IsShmemPage.
  void ReclaimPage(PageFrameNumber frame);
  // Makes the pages of the range present and dirty, and the file as long as it takes. How many bytes there was memory
  // for; ENOMEM if none. data: what is written, up to length; the rest, of which it is not known, is zeros.
  // REQUIRES: HasPages(kind), length > 0, offset + length <= MaxSize(kind).
  ErrnoOr<ByteCount> WriteBytes(InodeId id, ByteCount offset, ByteCount length, absl::string_view data = "");
  // Reads the file's bytes from offset on, of pages that are brought into memory: how many there was memory for; ENOMEM
  // if none. A page that was never made of shared memory is not made for it. REQUIRES: HasPages(kind), the file has so
  // many bytes, and there is one.
  ErrnoOr<ByteCount> ReadBytes(InodeId id, ByteCount offset, absl::Span<char> bytes);

  // --- Books (file_system_books.cc)
  // What shared memory has in committed_as: the whole of a file or, where that was not promised, its pages.
  PageCount promised_pages() const;
  void DigestTo(Digest& digest) const;
  ByteCount HostMemory() const;
  void CheckInvariants() const;

 private:
  OpenFile& MutableFile(OpenFileId id);
  Inode& MutableInode(InodeId id) { return inodes_[id]; }

  ErrnoOr<InodeId> Find(absl::string_view path) const;
  ErrnoOr<InodeId> FindOrCreate(absl::string_view path, std::uint32_t flags, std::uint32_t user);
  // __shmem_file_setup.
  ErrnoOr<OpenFileId> CreateShmem(absl::string_view name, ByteCount size, PageCount accounted);
  // ENOSPC at kMaxInodes; ENOMEM.
  ErrnoOr<InodeId> NewInode(FileKind kind, absl::string_view name);
  // ENFILE at kMaxOpenFiles; ENOMEM.
  ErrnoOr<OpenFileId> NewOpenFile(InodeId inode, std::uint32_t flags);
  void AddName(InodeId id, absl::string_view path);
  void RemoveName(InodeId id);
  // Frees the inode unless something keeps it alive.
  void FreeIfDead(InodeId id);

  std::optional<PageFrameNumber> AddPage(InodeId id, PageOffset index);
  void DropPages(InodeId id, PageOffset first, PageOffset end);
  // Takes them out of memory alone.
  void UncachePages(InodeId id, PageOffset first, PageOffset end);
  void AddCutPage(InodeId id, ByteCount end);
  // Makes the bytes [begin, end) zero, in memory or on the disk. REQUIRES: they lie in one page.
  void ZeroInPage(InodeId id, ByteCount begin, ByteCount end);
  // What follows the end in its page is zero from now on.
  void ZeroTail(InodeId id, ByteCount end) { ZeroInPage(id, end, ToBytes(ToPagesRoundedUp(end))); }
  // One page came from the disk.
  void CountRead();
  // A page came to a file's cache (+1) or left it (-1).
  void CountPage(const Inode& inode, std::int64_t change);

  PageAllocator& allocator_;
  SlabCaches& slabs_;
  Mempolicies& mempolicies_;
  Counters& counters_;
  Cpus& cpus_;
  absl::btree_map<std::string, InodeId> names_;
  IdTable<InodeId, Inode> inodes_;
  IdTable<OpenFileId, OpenFile> open_files_;
  // The last inode number given on each device.
  std::uint64_t last_disk_number_ = 11;  // lost+found is 11 on a fresh ext4.
  std::uint64_t last_tmpfs_number_ = 0;
  std::uint64_t last_kernel_number_ = 0;
  // For HostMemory.
  ByteCount name_bytes_;
  PageCount cached_pages_;
  // Of all files' assumed_cached.
  std::uint64_t cached_ranges_ = 0;
  // Of all files' policies.
  std::uint64_t policy_ranges_ = 0;
  // Of all files' page_nodes.
  std::uint64_t page_nodes_ = 0;
  // Of all files' disk_pages.
  std::uint64_t disk_pages_ = 0;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_FILE_FILE_SYSTEM_H_
