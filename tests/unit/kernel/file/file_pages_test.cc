// Files drawn page by page: '#' a frame in the cache, 'a' assumed cached, without a frame yet, '.' not in memory.

#include <string>

#include "gtest/gtest.h"

#include "server/kernel/file/file_system.h"
#include "tests/unit/kernel/file/booted_files.h"

namespace memsim {
namespace {

class FilePagesTest : public BootedFiles {
 protected:
  using BootedFiles::BootedFiles;

  InodeId Make(const std::string& path, FileKind kind, ByteCount size) {
    EXPECT_EQ(files_.Mknod(path, kind, size), Errno::kOk);
    return files_.file(Open(path)).inode;
  }
  std::string Picture(InodeId id) const {
    const Inode& inode = files_.inode(id);
    std::string picture;
    for (PageOffset i(0); i < PageOffset(inode.page_count().value()); i += PageCount(1)) {
      picture += inode.pages.Find(i).has_value() ? '#' : files_.IsCached(id, i) ? 'a' : '.';
    }
    return picture;
  }
  ErrnoOr<FilePage> Get(InodeId id, std::uint64_t index) {
    return Get(id, index, ReadAround::Window(PageOffset(index)));
  }
  ErrnoOr<FilePage> Get(InodeId id, std::uint64_t index, const ReadAround& around) {
    const ErrnoOr<FilePage> page = files_.GetPage(id, PageOffset(index), around);
    Check();
    return page;
  }
  std::optional<CutTail> Cut(InodeId id, ByteCount size) {
    const std::optional<CutTail> cut = files_.SetSize(id, size);
    Check();
    return cut;
  }
  ByteCount Write(InodeId id, std::uint64_t offset, std::uint64_t length) {
    const ErrnoOr<ByteCount> written = files_.WriteBytes(id, ByteCount(offset), ByteCount(length));
    Check();
    return written.ok() ? *written : ByteCount(0);
  }
};

TEST_F(FilePagesTest, AFileThatWasThereIsCachedAndGetsItsFramesOnUse) {
  const InodeId id = Make("/a", FileKind::kRegular, ByteCount(5 * 4096 + 1));
  EXPECT_EQ(Picture(id), "aaaaaa");
  EXPECT_EQ(Counts(), FileCounts());
  const ErrnoOr<FilePage> page = Get(id, 5);
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->source, PageSource::kCached);
  EXPECT_EQ(pages_.frame(page->frame).owner, PageOwner::kPageCache);
  EXPECT_EQ(pages_.frame(page->frame).refcount, 1U);
  EXPECT_EQ(Picture(id), "aaaaa#");
  EXPECT_EQ(Counts(), (FileCounts{1, 0, 0, 1, 0, 0}));
  EXPECT_EQ(Get(id, 5)->frame, page->frame);
  EXPECT_EQ(Counts(), (FileCounts{1, 0, 0, 1, 0, 0}));
}

TEST_F(FilePagesTest, NothingLiesBeyondTheEnd) {
  const InodeId id = Make("/a", FileKind::kRegular, Pages(2));
  EXPECT_EQ(Get(id, 2).error(), Errno::kFault);
  EXPECT_FALSE(files_.IsCached(id, PageOffset(2)));
  const InodeId empty = Make("/e", FileKind::kTmpfs, ByteCount(0));
  EXPECT_EQ(Get(empty, 0).error(), Errno::kFault);
  EXPECT_EQ(Counts(), FileCounts());
}

TEST_F(FilePagesTest, AHoleOfADiskFileIsReadWithAWindowAroundIt) {
  const InodeId id = Make("/a", FileKind::kRegular, Pages(2));
  Cut(id, Pages(60));
  EXPECT_EQ(Picture(id), "aa" + std::string(58, '.'));
  EXPECT_EQ(Get(id, 40)->source, PageSource::kRead);
  EXPECT_EQ(Picture(id), "aa" + std::string(22, '.') + std::string(32, '#') + "....");
  EXPECT_EQ(Get(id, 55)->source, PageSource::kCached);
  // The window ends with the file, and leaves what is in memory as it is.
  EXPECT_EQ(Get(id, 58)->source, PageSource::kRead);
  EXPECT_EQ(Picture(id), "aa" + std::string(22, '.') + std::string(36, '#'));
  EXPECT_EQ(Get(id, 3)->source, PageSource::kRead);
  EXPECT_EQ(Picture(id), "aa" + std::string(58, '#'));
}

TEST_F(FilePagesTest, RandomReadingReadsThePageAlone) {
  const InodeId id = Make("/a", FileKind::kRegular, ByteCount(0));
  Cut(id, Pages(6));
  EXPECT_EQ(Get(id, 3, ReadAround::PageAlone())->source, PageSource::kRead);
  EXPECT_EQ(Picture(id), "...#..");
}

TEST_F(FilePagesTest, SharedMemoryIsMadeAtItsFirstUsePageByPage) {
  const OpenFileId file = *files_.CreateSharedAnonymous(Pages(6), PageCount(0));
  const InodeId id = files_.file(file).inode;
  EXPECT_EQ(Get(id, 3)->source, PageSource::kNew);
  EXPECT_EQ(Get(id, 3)->source, PageSource::kCached);
  EXPECT_EQ(Picture(id), "...#..");
  // What was not promised as a whole is promised by the page.
  EXPECT_EQ(Counts(), (FileCounts{1, 1, 0, 0, 1, 1}));
  Put(file);
  EXPECT_EQ(Counts(), FileCounts());
}

// To clear the rest of the last page the disk's file system brings it into the cache, and does not read it.
TEST_F(FilePagesTest, CuttingAFileInsideAHoleLeavesItsLastPageThereUnread) {
  const InodeId id = Make("/a", FileKind::kRegular, ByteCount(0));
  Cut(id, Pages(6));
  Cut(id, Pages(4) + ByteCount(1));
  EXPECT_EQ(Picture(id), "....#");
  EXPECT_FALSE(files_.IsCached(id, PageOffset(4)));
  // Nor does reading around it.
  EXPECT_EQ(Get(id, 3)->source, PageSource::kRead);
  EXPECT_FALSE(files_.IsCached(id, PageOffset(4)));
  EXPECT_EQ(Get(id, 4)->source, PageSource::kUnread);
  EXPECT_EQ(Get(id, 4)->source, PageSource::kCached);
  EXPECT_TRUE(files_.IsCached(id, PageOffset(4)));
  // Growing clears behind the old size.
  const InodeId grown = Make("/b", FileKind::kRegular, ByteCount(0));
  Cut(grown, ByteCount(3));
  EXPECT_EQ(Picture(grown), ".");
  Cut(grown, Pages(3) + ByteCount(1));
  EXPECT_EQ(Picture(grown), "#...");
  const InodeId shmem = Make("/dev/shm/a", FileKind::kTmpfs, ByteCount(0));
  Cut(shmem, Pages(6));
  Cut(shmem, Pages(4) + ByteCount(1));
  EXPECT_EQ(Picture(shmem), ".....");
}

TEST_F(FilePagesTest, CuttingAFileDropsThePagesBehindTheLastByte) {
  const InodeId id = Make("/a", FileKind::kRegular, Pages(6));
  for (const std::uint64_t index : {0, 2, 5}) EXPECT_TRUE(Get(id, index).ok());
  EXPECT_EQ(Picture(id), "#a#aa#");
  EXPECT_EQ(Cut(id, ByteCount(2 * 4096 + 1)), (CutTail{id, PageOffset(3)}));
  EXPECT_EQ(Picture(id), "#a#");
  EXPECT_EQ(Counts(), (FileCounts{2, 0, 0, 2, 0, 0}));
  EXPECT_EQ(Cut(id, Pages(2)), (CutTail{id, PageOffset(2)}));
  EXPECT_EQ(Cut(id, Pages(2)), std::nullopt);
  // What grows back is a hole.
  EXPECT_EQ(Cut(id, Pages(5)), std::nullopt);
  EXPECT_EQ(Picture(id), "#a...");
}

TEST_F(FilePagesTest, AMappedPageOutlivesItsPlaceInTheCache) {
  const InodeId id = Make("/a", FileKind::kRegular, Pages(1));
  const PageFrameNumber frame = Get(id, 0)->frame;
  pages_.GetPage(frame);
  files_.MarkDirty(frame);
  Check();
  EXPECT_EQ(Counts(), (FileCounts{1, 0, 1, 1, 0, 0}));
  Cut(id, ByteCount(0));
  EXPECT_EQ(Counts(), FileCounts());
  EXPECT_EQ(pages_.frame(frame).refcount, 1U);
  EXPECT_EQ(pages_.frame(frame).mapping, 0U);
  // Nobody's page any more: there is nothing to write back.
  files_.MarkDirty(frame);
  EXPECT_EQ(Counts(), FileCounts());
  pages_.PutPage(frame);
  EXPECT_EQ(pages_.pages_of(PageOwner::kPageCache), PageCount(0));
}

TEST_F(FilePagesTest, DirtyPagesAreCountedOnceAndOnlyOnTheDisk) {
  const InodeId disk = Make("/a", FileKind::kRegular, Pages(1));
  const InodeId shm = Make("/dev/shm/a", FileKind::kTmpfs, Pages(1));
  for (const InodeId id : {disk, disk, shm, shm}) {
    files_.MarkDirty(Get(id, 0)->frame);
    Check();
  }
  EXPECT_EQ(Counts(), (FileCounts{2, 1, 1, 1, 1, 1}));
}

TEST_F(FilePagesTest, WritingMakesPagesAndTheSize) {
  const InodeId id = Make("/a", FileKind::kRegular, ByteCount(0));
  EXPECT_EQ(Write(id, 0, 100), ByteCount(100));
  EXPECT_EQ(files_.inode(id).size, ByteCount(100));
  EXPECT_EQ(Write(id, 4000, 200), ByteCount(200));
  EXPECT_EQ(files_.inode(id).size, ByteCount(4200));
  EXPECT_EQ(Picture(id), "##");
  EXPECT_EQ(Counts(), (FileCounts{2, 0, 2, 2, 0, 0}));
  // Inside the file the size stays; far behind its end is a hole before the bytes.
  EXPECT_EQ(Write(id, 0, 1), ByteCount(1));
  EXPECT_EQ(files_.inode(id).size, ByteCount(4200));
  EXPECT_EQ(Write(id, 5 * 4096, 1), ByteCount(1));
  EXPECT_EQ(Picture(id), "##...#");
}

TEST_F(FilePagesTest, EachPageThatIsWrittenToTakesTime) {
  const InodeId id = Make("/a", FileKind::kRegular, ByteCount(0));
  Write(id, 0, 8 * 4096);
  const auto time_of = [&](std::uint64_t offset, std::uint64_t length) {
    const Nanoseconds before = cpus_.now();
    Write(id, offset, length);
    return cpus_.now() - before;
  };
  EXPECT_EQ(time_of(0, 1), kDefaultCosts.write_page);
  EXPECT_EQ(time_of(4095, 2), kDefaultCosts.write_page * 2);
  EXPECT_EQ(time_of(4096, 7 * 4096), kDefaultCosts.write_page * 7);
}

class CrowdedFilePagesTest : public FilePagesTest {
 protected:
  // As little as a machine may have.
  CrowdedFilePagesTest() : FilePagesTest(ByteCount(16ULL << 20)) {}
};

TEST_F(CrowdedFilePagesTest, WithoutMemoryAWriteIsShortThenFailsAndNothingIsLost) {
  const InodeId id = Make("/a", FileKind::kRegular, ByteCount(0));
  const ErrnoOr<ByteCount> written = files_.WriteBytes(id, ByteCount(0), ByteCount(1ULL << 30));
  Check();
  ASSERT_TRUE(written.ok());
  EXPECT_LT(*written, ByteCount(16ULL << 20));
  EXPECT_EQ(files_.inode(id).size, *written);
  EXPECT_EQ(files_.WriteBytes(id, *written, ByteCount(1)).error(), Errno::kNoMem);
  EXPECT_EQ(files_.inode(id).size, *written);
  Cut(id, *written + ByteCount(1));
  EXPECT_EQ(Get(id, ToPages(*written).value()).error(), Errno::kNoMem);
  Cut(id, ByteCount(0));
  EXPECT_EQ(pages_.free_pages() + pages_.pcp_pages() + pages_.pages_of(PageOwner::kSlab), pages_.managed_pages());
}

TEST_F(FilePagesTest, WhatIsReadCountsAsInputAndNothingElseDoes) {
  const auto read_kib = [this] { return counters_.Get(Counter::kPgPgIn); };
  const InodeId id = Make("/a", FileKind::kRegular, Pages(4));
  const InodeId shmem = Make("/dev/shm/s", FileKind::kTmpfs, Pages(0));
  files_.SetSize(id, Pages(100));
  files_.SetSize(shmem, Pages(4));
  ASSERT_TRUE(Get(id, 1).ok());
  ASSERT_TRUE(Get(shmem, 1).ok());
  EXPECT_EQ(read_kib(), 0);
  // A page alone, and then a window of 32 pages around page 50, which has it already.
  ASSERT_TRUE(files_.GetPage(id, PageOffset(40), ReadAround::PageAlone()).ok());
  EXPECT_EQ(read_kib(), 4);
  ASSERT_TRUE(files_.GetPage(id, PageOffset(50), ReadAround::Window(PageOffset(50))).ok());
  EXPECT_EQ(read_kib(), 4 * 32);
}

TEST_F(FilePagesTest, HolesAreNotInMemoryAndWhatRemembersThemIsCounted) {
  const InodeId id = Make("/a", FileKind::kRegular, Pages(1000));
  ASSERT_TRUE(Get(id, 5).ok());
  const ByteCount before = files_.HostMemory();
  constexpr std::uint64_t kHoles = 100;
  for (std::uint64_t hole = 0; hole < kHoles; ++hole) {
    files_.PunchHole(id, PageOffset(10 * hole + 5), PageOffset(10 * hole + 7));
  }
  Check();
  EXPECT_FALSE(files_.IsCached(id, PageOffset(5)));
  EXPECT_FALSE(files_.IsCached(id, PageOffset(996)));
  EXPECT_TRUE(files_.IsCached(id, PageOffset(997)));
  EXPECT_EQ(Counts().file_pages, 0);
  // The page that was cached went, and its node of the cache's tree.
  EXPECT_EQ(files_.HostMemory() + PageCache::kHostMemoryPerPage + XarrayNodes::kHostMemoryPerNode,
            before + PageRanges::kHostMemoryPerRange * kHoles);
  Cut(id, ByteCount(0));
  EXPECT_LT(files_.HostMemory(), before);
}

}  // namespace
}  // namespace memsim
