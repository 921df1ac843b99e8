// A file system over the page frames of a small machine, with nothing else on it.

#ifndef MEMSIM_TESTS_UNIT_KERNEL_FILE_BOOTED_FILES_H_
#define MEMSIM_TESTS_UNIT_KERNEL_FILE_BOOTED_FILES_H_

#include <optional>
#include <string>

#include "gtest/gtest.h"

#include "server/kernel/file/file_system.h"

namespace memsim {

inline constexpr ByteCount kSmallMachine{64ULL << 20};

inline ByteCount Pages(std::uint64_t count) { return ToBytes(PageCount(count)); }

// What files did to the machine's counters.
struct FileCounts {
  std::int64_t file_pages = 0;
  std::int64_t shmem = 0;
  std::int64_t dirty = 0;
  std::int64_t inactive_file = 0;
  std::int64_t inactive_anon = 0;
  std::int64_t committed = 0;

  friend bool operator==(const FileCounts&, const FileCounts&) = default;
  friend std::ostream& operator<<(std::ostream& out, const FileCounts& c) {
    return out << "{file_pages " << c.file_pages << ", shmem " << c.shmem << ", dirty " << c.dirty << ", inactive_file "
               << c.inactive_file << ", inactive_anon " << c.inactive_anon << ", committed " << c.committed << "}";
  }
};

class BootedFiles : public ::testing::Test {
 protected:
  explicit BootedFiles(ByteCount memory = kSmallMachine)
      : pages_(LayOutMemory(memory, std::nullopt), WatermarkParameters{}, counters_, locks_),
        slabs_(pages_, counters_, locks_),
        mempolicies_(slabs_),
        files_(pages_, slabs_, mempolicies_, counters_, cpus_) {}

  void TearDown() override { Check(); }
  void Check() const {
    files_.CheckInvariants();
    slabs_.CheckInvariants();
    pages_.CheckInvariants();
  }

  FileCounts Counts() const {
    return {counters_.Get(Counter::kNrFilePages),    counters_.Get(Counter::kNrShmem),
            counters_.Get(Counter::kNrDirty),        counters_.Get(Counter::kNrInactiveFile),
            counters_.Get(Counter::kNrInactiveAnon), counters_.Get(Counter::kCommittedAs)};
  }

  // An open file, which must open.
  OpenFileId Open(const std::string& path, std::uint32_t flags = kOpenReadWrite) {
    const ErrnoOr<OpenedFile> opened = files_.Open(path, flags);
    Check();
    EXPECT_TRUE(opened.ok()) << path << ": " << ErrnoName(opened.error());
    return opened.ok() ? opened->file : OpenFileId();
  }
  Errno OpenError(const std::string& path, std::uint32_t flags) {
    const Errno error = files_.Open(path, flags).error();
    Check();
    return error;
  }
  void Put(OpenFileId file) {
    files_.Put(file);
    Check();
  }
  // Brings a page into memory, for which there is room.
  void Use(OpenFileId file, std::uint64_t index) {
    EXPECT_TRUE(files_.GetPage(files_.file(file).inode, PageOffset(index), ReadAround::Window(PageOffset(index))).ok());
    Check();
  }
  std::string DigestOf() const {
    Digest digest;
    files_.DigestTo(digest);
    return digest.ToHex();
  }

  Counters counters_;
  Cpus cpus_{1, kDefaultCosts};
  Locks locks_{cpus_};
  PageAllocator pages_;
  SlabCaches slabs_;
  Mempolicies mempolicies_;
  FileSystem files_;
};

}  // namespace memsim

#endif  // MEMSIM_TESTS_UNIT_KERNEL_FILE_BOOTED_FILES_H_
