// Files as simply as can be said: names, sizes, descriptors. Their pages are the machine's business.

#ifndef MEMSIM_TESTS_MODEL_SLOW_FILES_H_
#define MEMSIM_TESTS_MODEL_SLOW_FILES_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "server/base/errno.h"
#include "server/kernel/file/open_flags.h"

namespace memsim {

// Bytes by their place, without those that are zero.
using SlowBytes = std::map<std::uint64_t, char>;
// Puts text there, and length zeros from its beginning on where it ends before.
void PutBytes(SlowBytes& bytes, std::uint64_t place, std::uint64_t length, const std::string& text);
// Zeros as zeros.
std::string GetBytes(const SlowBytes& bytes, std::uint64_t place, std::uint64_t length);

struct SlowInode {
  FileKind kind = FileKind::kRegular;
  std::uint64_t size = 0;
  // The name it has or had last.
  std::string name;
  bool linked = false;
  // Its bytes by their place, but zeros. None lies behind the end: nobody stores there.
  SlowBytes bytes;

  bool HasPages() const {
    return kind == FileKind::kRegular || kind == FileKind::kTmpfs || kind == FileKind::kSharedAnonymous;
  }
  std::uint64_t pages() const { return (size + 4095) / 4096; }
  std::string NameInMaps() const { return linked ? name : name + " (deleted)"; }
};

using SlowInodeRef = std::shared_ptr<SlowInode>;

struct SlowOpenFile {
  SlowInodeRef inode;
  std::uint32_t flags = 0;
  std::uint64_t position = 0;

  bool path_only() const { return (flags & kOpenPath) != 0; }
  bool can_read() const { return !path_only() && ((flags & 3) == 0 || (flags & 3) == 2); }
  bool can_write() const { return !path_only() && ((flags & 3) == 1 || (flags & 3) == 2); }
};

struct SlowDescriptor {
  std::shared_ptr<SlowOpenFile> file;
  bool close_on_exec = false;
};

using SlowTable = std::map<int, SlowDescriptor>;

// A number that the machine must answer with, or the error.
struct SlowAnswer {
  Errno error = Errno::kOk;
  std::uint64_t value = 0;

  friend bool operator==(const SlowAnswer&, const SlowAnswer&) = default;
};

class SlowFiles {
 public:
  SlowInodeRef Find(const std::string& path) const;
  const std::map<std::string, SlowInodeRef>& names() const { return names_; }
  // A file without further ado: what execve finds.
  SlowInodeRef Make(const std::string& path, FileKind kind, std::uint64_t size);

  Errno Mknod(const std::string& path, FileKind kind, std::uint64_t size);
  SlowAnswer Open(SlowTable& table, std::uint64_t limit, const std::string& path, std::uint32_t flags);
  Errno Unlink(const std::string& path);
  Errno Rename(const std::string& from, const std::string& to);

  static SlowAnswer CreateMemfd(SlowTable& table, std::uint64_t limit, bool close_on_exec);
  static Errno Close(SlowTable& table, int fd);
  static SlowAnswer Dup(SlowTable& table, std::uint64_t limit, int fd, std::optional<int> onto, std::uint32_t flags);
  // The limits are RLIMIT_FSIZE.
  static Errno Truncate(SlowTable& table, std::uint64_t limit, int fd, std::uint64_t size);
  static SlowAnswer Write(SlowTable& table, std::uint64_t limit, int fd, std::uint64_t length,
                          std::optional<std::uint64_t> offset, const std::string& data);
  // Appends what there is to `found`.
  static SlowAnswer Read(SlowTable& table, int fd, std::uint64_t length, std::optional<std::uint64_t> offset,
                         std::string& found);
  static SlowAnswer Seek(SlowTable& table, int fd, std::int64_t offset, int whence);
  // Null: EBADF.
  static std::shared_ptr<SlowOpenFile> Get(const SlowTable& table, int fd);

 private:
  std::map<std::string, SlowInodeRef> names_;
};

}  // namespace memsim

#endif  // MEMSIM_TESTS_MODEL_SLOW_FILES_H_
