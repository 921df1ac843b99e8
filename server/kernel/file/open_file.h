// struct file: a file as one open() sees it. Descriptors that dup or fork made share it, and so do mappings: two
// mappings can become one only if they came from the same open file.

#ifndef MEMSIM_SERVER_KERNEL_FILE_OPEN_FILE_H_
#define MEMSIM_SERVER_KERNEL_FILE_OPEN_FILE_H_

#include <cstdint>

#include "server/base/digest.h"
#include "server/base/units.h"
#include "server/kernel/file/inode.h"
#include "server/kernel/file/open_flags.h"

namespace memsim {

// Counted from 1; 0 is none. The id of a closed file is given to another, but never while anybody holds a reference.
using OpenFileId = Unit<struct OpenFileIdTag, std::uint32_t>;

struct OpenFile {
  InodeId inode;
  // O_*, without those that only opening obeys.
  std::uint32_t flags = 0;
  // f_pos.
  ByteCount position;
  // The struct file, as an object of a slab cache.
  VirtualAddress object;
  // Descriptors and mappings. 0: this place in the table is free.
  std::uint32_t references = 0;

  // O_PATH: names the file, and can do nothing with it.
  bool is_path() const { return (flags & kOpenPath) != 0; }
  // FMODE_READ and FMODE_WRITE. The access mode 3 gives neither.
  bool can_read() const {
    const std::uint32_t mode = flags & kOpenAccessMode;
    return !is_path() && (mode == kOpenReadOnly || mode == kOpenReadWrite);
  }
  bool can_write() const {
    const std::uint32_t mode = flags & kOpenAccessMode;
    return !is_path() && (mode == kOpenWriteOnly || mode == kOpenReadWrite);
  }

  void DigestTo(Digest& digest) const {
    digest.Add(inode);
    digest.Add(flags);
    digest.Add(position);
    digest.Add(references);
    digest.Add(object);
  }
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_FILE_OPEN_FILE_H_
