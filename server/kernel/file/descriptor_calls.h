// The system calls on descriptors, with Linux's errors in Linux's order.

#ifndef MEMSIM_SERVER_KERNEL_FILE_DESCRIPTOR_CALLS_H_
#define MEMSIM_SERVER_KERNEL_FILE_DESCRIPTOR_CALLS_H_

#include <cstdint>
#include <optional>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "server/base/errno.h"
#include "server/base/units.h"
#include "server/kernel/file/file_system.h"
#include "server/kernel/file/file_table.h"

namespace memsim {

// On whose behalf: a process's descriptors and those of its limits that files obey.
struct FileCaller {
  FileSystem& files;
  FileTable& table;
  // RLIMIT_NOFILE and RLIMIT_FSIZE, the current ones.
  std::uint64_t max_descriptors;
  ByteCount max_file_size;
  // Whom files see: fsuid.
  std::uint32_t user = 0;
};

struct OpenedDescriptor {
  int fd;
  // O_TRUNC cut the file: its mappings must lose these pages.
  std::optional<CutTail> cut;
};

// The file behind a descriptor for calls that use it, as mmap does (fget): EBADF if it is not open, or open as O_PATH.
ErrnoOr<OpenFileId> FileOfDescriptor(const FileCaller& caller, int fd);

// open(2). EMFILE beside the errors of FileSystem::Open.
ErrnoOr<OpenedDescriptor> OpenDescriptor(const FileCaller& caller, absl::string_view path, std::uint32_t flags);
// close(2). EBADF.
Errno CloseDescriptor(const FileCaller& caller, int fd);
// dup(2) and fcntl(F_DUPFD): the lowest free descriptor from minimum on. flags: O_CLOEXEC or nothing. EBADF, EINVAL,
// EMFILE.
ErrnoOr<int> DuplicateDescriptor(const FileCaller& caller, int fd, int minimum, std::uint32_t flags);
// dup2(2), or with flags dup3(2), which refuses to copy a descriptor onto itself. EBADF, EINVAL.
ErrnoOr<int> DuplicateOnto(const FileCaller& caller, int fd, int new_fd, std::uint32_t flags);

// memfd_create(2). name: none is NULL, EFAULT. EINVAL; ENODEV: huge pages of a size that there is not; ENOSYS: of one
// that there is, as a machine has no hugetlbfs; EMFILE, ENFILE, ENOSPC, ENOMEM.
ErrnoOr<int> CreateMemfd(const FileCaller& caller, std::optional<absl::string_view> name, std::uint32_t flags);

// fallocate(2) as far as the file itself is concerned: FALLOC_FL_KEEP_SIZE and FALLOC_FL_PUNCH_HOLE, of which the
// latter says what the caller must take out of the file and its mappings. EBADF, EINVAL, EOPNOTSUPP, ESPIPE, ENODEV,
// EISDIR, EFBIG, EPERM (seals), ENOMEM; ENOSYS: a mode of ext4's that is not simulated.
ErrnoOr<std::optional<FileHole>> AllocateRange(const FileCaller& caller, int fd, std::uint32_t mode,
                                               std::int64_t offset, std::int64_t length);

// fcntl(2) but for F_DUPFD, F_DUPFD_CLOEXEC and F_ADD_SEALS: F_GETFD, F_SETFD, F_GETFL, F_GET_SEALS. EBADF, EINVAL;
// ENOSYS: what is not simulated.
ErrnoOr<std::uint64_t> ControlDescriptor(const FileCaller& caller, int fd, int command, std::uint64_t argument);
// F_ADD_SEALS. writable_mappings: whether a shared mapping of the file may be written, which is asked only if it
// matters. EBADF, EPERM, EINVAL, EBUSY.
Errno AddSeals(const FileCaller& caller, int fd, std::uint32_t seals,
               absl::FunctionRef<bool(InodeId)> writable_mappings);

// ftruncate(2). EINVAL, EBADF, EFBIG, EPERM (seals).
ErrnoOr<std::optional<CutTail>> TruncateDescriptor(const FileCaller& caller, int fd, ByteCount length);
// write(2), or pwrite64(2) at an offset, of bytes that begin with data and go on with zeros. What devices and pipes
// take is gone. EBADF, EINVAL, ESPIPE, EFBIG, ENOMEM.
ErrnoOr<ByteCount> WriteDescriptor(const FileCaller& caller, int fd, ByteCount length, std::optional<ByteCount> offset,
                                   absl::string_view data = "");
// read(2), or pread64(2) at an offset: the bytes read, with which `bytes` begins from now on. /dev/zero has zeros,
// other devices, pipes and files of /proc nothing. EBADF, EINVAL, ESPIPE, EISDIR, ENOMEM.
ErrnoOr<ByteCount> ReadDescriptor(const FileCaller& caller, int fd, absl::Span<char> bytes,
                                  std::optional<ByteCount> offset);
// lseek(2) with whence SEEK_SET 0, SEEK_CUR 1, SEEK_END 2, SEEK_DATA 3, SEEK_HOLE 4: files have one hole, at their end.
// EBADF, EINVAL, ESPIPE, ENXIO.
ErrnoOr<ByteCount> SeekDescriptor(const FileCaller& caller, int fd, std::int64_t offset, int whence);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_FILE_DESCRIPTOR_CALLS_H_
