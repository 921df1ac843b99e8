#include "server/kernel/file/file_system.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "tests/unit/kernel/file/booted_files.h"

namespace memsim {
namespace {

using FileSystemTest = BootedFiles;

TEST_F(FileSystemTest, MknodMakesANameThatCanBeOpenedOnce) {
  EXPECT_EQ(files_.Mknod("/a", FileKind::kRegular, ByteCount(10000)), Errno::kOk);
  EXPECT_EQ(files_.Mknod("/a", FileKind::kRegular, ByteCount(0)), Errno::kExist);
  const OpenFileId a = Open("/a");
  EXPECT_EQ(files_.InodeOf(a).size, ByteCount(10000));
  EXPECT_EQ(files_.InodeOf(a).page_count(), PageCount(3));
  EXPECT_EQ(OpenError("/b", kOpenReadWrite), Errno::kNoEnt);
}

TEST_F(FileSystemTest, PathsHaveLinuxsLimits) {
  const std::string longest_name(FileSystem::kMaxName, 'n');
  EXPECT_EQ(files_.Mknod(std::string("/") + longest_name, FileKind::kRegular, ByteCount(0)), Errno::kOk);
  EXPECT_EQ(files_.Mknod(std::string("/") + longest_name + "n", FileKind::kRegular, ByteCount(0)), Errno::kNameTooLong);
  std::string longest_path;
  while (longest_path.size() + 100 < FileSystem::kMaxPath) longest_path += std::string("/") + std::string(99, 'p');
  longest_path += std::string("/") + std::string(FileSystem::kMaxPath - 2 - longest_path.size(), 'p');
  ASSERT_EQ(longest_path.size(), FileSystem::kMaxPath - 1);
  EXPECT_EQ(files_.Mknod(longest_path, FileKind::kRegular, ByteCount(0)), Errno::kOk);
  EXPECT_EQ(files_.Mknod(longest_path + "p", FileKind::kRegular, ByteCount(0)), Errno::kNameTooLong);
  EXPECT_EQ(files_.Mknod("", FileKind::kRegular, ByteCount(0)), Errno::kNoEnt);
  EXPECT_EQ(files_.Mknod("relative", FileKind::kRegular, ByteCount(0)), Errno::kNoEnt);
}

TEST_F(FileSystemTest, SizesHaveTheFileSystemsLimits) {
  const ByteCount one(1);
  EXPECT_EQ(files_.Mknod("/d", FileKind::kRegular, FileSystem::kMaxDiskFileSize + one), Errno::kFBig);
  EXPECT_EQ(files_.Mknod("/d", FileKind::kRegular, FileSystem::kMaxDiskFileSize), Errno::kOk);
  EXPECT_EQ(files_.Mknod("/t", FileKind::kTmpfs, FileSystem::kMaxTmpfsFileSize + one), Errno::kFBig);
  EXPECT_EQ(files_.Mknod("/t", FileKind::kTmpfs, FileSystem::kMaxTmpfsFileSize), Errno::kOk);
  EXPECT_EQ(files_.Mknod("/p", FileKind::kPipe, ByteCount(UINT64_MAX)), Errno::kOk);
  EXPECT_EQ(Counts(), FileCounts());
}

TEST_F(FileSystemTest, OnlyTheKernelMakesSharedAnonymousFiles) {
  EXPECT_EQ(files_.Mknod("/a", FileKind::kSharedAnonymous, ByteCount(0)), Errno::kInval);
}

TEST_F(FileSystemTest, OpenCreatesOnTheDiskOrOnTmpfsByThePath) {
  EXPECT_EQ(files_.InodeOf(Open("/tmp/x", kOpenCreate | kOpenReadWrite)).kind, FileKind::kRegular);
  EXPECT_EQ(files_.InodeOf(Open("/dev/shm/x", kOpenCreate | kOpenReadWrite)).kind, FileKind::kTmpfs);
  EXPECT_EQ(files_.InodeOf(Open("/dev/shmx", kOpenCreate | kOpenReadWrite)).kind, FileKind::kRegular);
}

TEST_F(FileSystemTest, ExclusiveCreationRefusesWhatIsThere) {
  Open("/a", kOpenCreate | kOpenExclusive | kOpenReadWrite);
  EXPECT_EQ(OpenError("/a", kOpenCreate | kOpenExclusive | kOpenReadWrite), Errno::kExist);
  Open("/a", kOpenExclusive | kOpenReadWrite);
  Open("/a", kOpenCreate | kOpenReadWrite);
}

TEST_F(FileSystemTest, DirectoriesOpenForReadingAlone) {
  files_.Mknod("/d", FileKind::kDirectory, ByteCount(0));
  files_.Mknod("/f", FileKind::kRegular, ByteCount(0));
  EXPECT_FALSE(files_.CanMap(Open("/d", kOpenReadOnly)));
  Open("/d", kOpenReadOnly | kOpenDirectory);
  EXPECT_EQ(OpenError("/d", kOpenWriteOnly), Errno::kIsDir);
  EXPECT_EQ(OpenError("/d", kOpenReadOnly | kOpenTruncate), Errno::kIsDir);
  EXPECT_EQ(OpenError("/d", kOpenReadOnly | kOpenCreate), Errno::kIsDir);
  EXPECT_EQ(OpenError("/f", kOpenReadOnly | kOpenDirectory), Errno::kNotDir);
  EXPECT_EQ(OpenError("/g", kOpenReadOnly | kOpenDirectory | kOpenCreate), Errno::kInval);
  EXPECT_EQ(OpenError("/g/", kOpenReadWrite | kOpenCreate), Errno::kIsDir);
}

TEST_F(FileSystemTest, TheAccessModeSaysWhatAnOpenFileMayDo) {
  files_.Mknod("/a", FileKind::kRegular, ByteCount(0));
  const auto rights = [this](std::uint32_t flags) {
    const OpenFileId file = Open("/a", flags);
    return absl::StrCat(files_.CanRead(file) ? "r" : "-", files_.CanWrite(file) ? "w" : "-");
  };
  EXPECT_EQ(rights(kOpenReadOnly), "r-");
  EXPECT_EQ(rights(kOpenWriteOnly), "-w");
  EXPECT_EQ(rights(kOpenReadWrite), "rw");
  EXPECT_EQ(rights(kOpenAccessMode), "--");
  EXPECT_EQ(rights(kOpenReadWrite | kOpenPath), "--");
}

TEST_F(FileSystemTest, WhatCanBeMapped) {
  const auto can_map = [this](const std::string& path, FileKind kind) {
    files_.Mknod(path, kind, ByteCount(0));
    return files_.CanMap(Open(path, kOpenReadOnly));
  };
  EXPECT_TRUE(can_map("/regular", FileKind::kRegular));
  EXPECT_TRUE(can_map("/tmpfs", FileKind::kTmpfs));
  EXPECT_TRUE(can_map("/zero", FileKind::kZeroDevice));
  EXPECT_FALSE(can_map("/null", FileKind::kDevice));
  EXPECT_FALSE(can_map("/directory", FileKind::kDirectory));
  EXPECT_FALSE(can_map("/proc/x", FileKind::kProc));
  EXPECT_FALSE(can_map("/pipe", FileKind::kPipe));
}

TEST_F(FileSystemTest, AnUnlinkedFileLivesWhileItIsOpen) {
  files_.Mknod("/a", FileKind::kRegular, Pages(4));
  const OpenFileId a = Open("/a");
  const OpenFileId again = Open("/a");
  Use(a, 2);
  EXPECT_EQ(files_.Unlink("/a"), Errno::kOk);
  Check();
  EXPECT_EQ(files_.Unlink("/a"), Errno::kNoEnt);
  EXPECT_EQ(files_.InodeOf(a).NameInMaps(), "/a (deleted)");
  Put(a);
  EXPECT_EQ(files_.InodeOf(again).size, Pages(4));
  EXPECT_EQ(Counts().file_pages, 1);
  Put(again);
  EXPECT_EQ(Counts(), FileCounts());
  EXPECT_EQ(pages_.pages_of(PageOwner::kPageCache), PageCount(0));
}

TEST_F(FileSystemTest, AMappingsReferenceKeepsAFileOpen) {
  files_.Mknod("/a", FileKind::kRegular, Pages(4));
  const OpenFileId a = Open("/a");
  files_.Get(a);
  Put(a);
  EXPECT_EQ(files_.InodeOf(a).open_files, 1U);
  Put(a);
  EXPECT_EQ(files_.InodeOf(Open("/a")).open_files, 1U);
}

TEST_F(FileSystemTest, ANewFileOfAnOldNameIsAnotherInode) {
  files_.Mknod("/a", FileKind::kRegular, Pages(4));
  const OpenFileId old = Open("/a");
  files_.Unlink("/a");
  const OpenFileId fresh = Open("/a", kOpenCreate | kOpenReadWrite);
  EXPECT_NE(files_.file(old).inode, files_.file(fresh).inode);
  EXPECT_NE(files_.InodeOf(old).number, files_.InodeOf(fresh).number);
  EXPECT_EQ(files_.InodeOf(fresh).NameInMaps(), "/a");
}

TEST_F(FileSystemTest, InodeNumbersAreNeverGivenTwiceThoughIdsAre) {
  const OpenFileId first = Open("/a", kOpenCreate | kOpenReadWrite);
  const InodeId id = files_.file(first).inode;
  const std::uint64_t number = files_.InodeOf(first).number;
  files_.Unlink("/a");
  Put(first);
  const OpenFileId second = Open("/b", kOpenCreate | kOpenReadWrite);
  EXPECT_EQ(files_.file(second).inode, id);
  EXPECT_EQ(files_.InodeOf(second).number, number + 1);
}

TEST_F(FileSystemTest, UnlinkLeavesDirectoriesAlone) {
  files_.Mknod("/d", FileKind::kDirectory, ByteCount(0));
  EXPECT_EQ(files_.Unlink("/d"), Errno::kIsDir);
  EXPECT_EQ(files_.Unlink(""), Errno::kNoEnt);
}

TEST_F(FileSystemTest, RenameMovesTheNameThatMappingsShow) {
  files_.Mknod("/old", FileKind::kRegular, Pages(1));
  const OpenFileId file = Open("/old");
  EXPECT_EQ(files_.Rename("/old", "/new"), Errno::kOk);
  Check();
  EXPECT_EQ(files_.InodeOf(file).NameInMaps(), "/new");
  EXPECT_EQ(OpenError("/old", kOpenReadOnly), Errno::kNoEnt);
  const OpenFileId again = Open("/new");
  EXPECT_EQ(files_.file(again).inode, files_.file(file).inode);
}

TEST_F(FileSystemTest, RenameReplacesAndTheReplacedFileLivesOnIfOpen) {
  files_.Mknod("/a", FileKind::kRegular, Pages(1));
  files_.Mknod("/b", FileKind::kRegular, Pages(2));
  const OpenFileId b = Open("/b");
  EXPECT_EQ(files_.Rename("/a", "/b"), Errno::kOk);
  Check();
  EXPECT_EQ(files_.InodeOf(b).NameInMaps(), "/b (deleted)");
  EXPECT_EQ(files_.InodeOf(b).size, Pages(2));
  EXPECT_EQ(files_.InodeOf(Open("/b")).size, Pages(1));
  EXPECT_EQ(files_.Rename("/b", "/b"), Errno::kOk);
}

TEST_F(FileSystemTest, RenameKeepsFilesAndDirectoriesApart) {
  files_.Mknod("/d", FileKind::kDirectory, ByteCount(0));
  files_.Mknod("/f", FileKind::kRegular, ByteCount(0));
  EXPECT_EQ(files_.Rename("/f", "/d"), Errno::kIsDir);
  EXPECT_EQ(files_.Rename("/d", "/f"), Errno::kNotDir);
  EXPECT_EQ(files_.Rename("/none", "/f"), Errno::kNoEnt);
  EXPECT_EQ(files_.Rename("/f", ""), Errno::kNoEnt);
  EXPECT_EQ(files_.Rename("/f", std::string("/") + std::string(256, 'n')), Errno::kNameTooLong);
  EXPECT_EQ(files_.Rename("/f", "/g"), Errno::kOk);
}

TEST_F(FileSystemTest, RenameDoesNotCrossMounts) {
  files_.Mknod("/dev/shm/a", FileKind::kTmpfs, Pages(1));
  files_.Mknod("/f", FileKind::kRegular, Pages(1));
  EXPECT_EQ(files_.Rename("/dev/shm/a", "/a"), Errno::kXDev);
  EXPECT_EQ(files_.Rename("/f", "/dev/shm/f"), Errno::kXDev);
  EXPECT_EQ(files_.Rename("/f", "/dev/shm/a"), Errno::kXDev);
  // The mounts are known before the names.
  EXPECT_EQ(files_.Rename("/none", "/dev/shm/none"), Errno::kXDev);
  EXPECT_EQ(files_.Rename("/none", ""), Errno::kNoEnt);
  EXPECT_EQ(files_.Rename("/dev/shm/a", "/dev/shm/b"), Errno::kOk);
  EXPECT_EQ(files_.InodeOf(Open("/dev/shm/b")).kind, FileKind::kTmpfs);
}

TEST_F(FileSystemTest, MapsShowDevicesAsOnAnOrdinaryMachine) {
  files_.Mknod("/a", FileKind::kRegular, ByteCount(0));
  EXPECT_EQ(files_.InodeOf(Open("/a")).device(), (DeviceNumber{254, 1}));
  const ErrnoOr<OpenFileId> anonymous = files_.CreateSharedAnonymous(Pages(2), PageCount(0));
  EXPECT_EQ(files_.InodeOf(*anonymous).device(), (DeviceNumber{0, 1}));
  EXPECT_EQ(files_.InodeOf(*anonymous).NameInMaps(), "/dev/zero (deleted)");
}

TEST_F(FileSystemTest, SharedAnonymousMemoryGivesItsPromiseBackWhenItDies) {
  counters_.Add(Counter::kCommittedAs, 5);
  const ErrnoOr<OpenFileId> file = files_.CreateSharedAnonymous(Pages(5), PageCount(5));
  ASSERT_TRUE(file.ok());
  Use(*file, 4);
  Check();
  EXPECT_EQ(Counts(), (FileCounts{1, 1, 0, 0, 1, 5}));
  Put(*file);
  EXPECT_EQ(Counts(), FileCounts());
}

TEST_F(FileSystemTest, TruncatingOpenTellsWhatWasCut) {
  files_.Mknod("/a", FileKind::kRegular, Pages(3));
  files_.Mknod("/null", FileKind::kDevice, ByteCount(0));
  const ErrnoOr<OpenedFile> opened = files_.Open("/a", kOpenReadWrite | kOpenTruncate);
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(opened->cut, (CutTail{files_.file(opened->file).inode, PageOffset(0)}));
  EXPECT_EQ(files_.InodeOf(opened->file).size, ByteCount(0));
  EXPECT_EQ(files_.Open("/a", kOpenReadWrite | kOpenTruncate)->cut, std::nullopt);
  EXPECT_EQ(files_.Open("/null", kOpenReadWrite | kOpenTruncate)->cut, std::nullopt);
}

// With memory for all the inodes and open files that there may be.
class LargeFileSystemTest : public BootedFiles {
 protected:
  LargeFileSystemTest() : BootedFiles(ByteCount(2ULL << 30)) {}
};

TEST_F(LargeFileSystemTest, TheTableOfInodesHasALimit) {
  for (std::uint32_t i = 0; i < FileSystem::kMaxInodes - 1; ++i) {
    ASSERT_EQ(files_.Mknod(absl::StrCat("/", i), FileKind::kRegular, ByteCount(0)), Errno::kOk);
  }
  EXPECT_EQ(files_.Mknod("/last", FileKind::kRegular, ByteCount(0)), Errno::kOk);
  EXPECT_EQ(files_.Mknod("/more", FileKind::kRegular, ByteCount(0)), Errno::kNoSpc);
  EXPECT_EQ(files_.Open("/more", kOpenCreate | kOpenReadWrite).error(), Errno::kNoSpc);
  EXPECT_EQ(files_.CreateSharedAnonymous(Pages(1), PageCount(0)).error(), Errno::kNoSpc);
  EXPECT_EQ(files_.Unlink("/0"), Errno::kOk);
  EXPECT_EQ(files_.Mknod("/more", FileKind::kRegular, ByteCount(0)), Errno::kOk);
  EXPECT_LT(files_.HostMemory(), ByteCount(128ULL << 20));
}

TEST_F(LargeFileSystemTest, TheTableOfOpenFilesHasALimit) {
  files_.Mknod("/a", FileKind::kRegular, ByteCount(0));
  OpenFileId last;
  for (std::uint32_t i = 0; i < FileSystem::kMaxOpenFiles; ++i) {
    const ErrnoOr<OpenedFile> opened = files_.Open("/a", kOpenReadOnly);
    ASSERT_TRUE(opened.ok());
    last = opened->file;
  }
  EXPECT_EQ(files_.Open("/a", kOpenReadOnly).error(), Errno::kNFile);
  EXPECT_EQ(files_.Open("/b", kOpenReadOnly | kOpenCreate).error(), Errno::kNFile);
  EXPECT_EQ(files_.Unlink("/b"), Errno::kNoEnt);
  EXPECT_EQ(files_.CreateSharedAnonymous(Pages(1), PageCount(1)).error(), Errno::kNFile);
  EXPECT_EQ(Counts(), FileCounts());
  files_.Put(last);
  EXPECT_TRUE(files_.Open("/a", kOpenReadOnly).ok());
}

TEST_F(FileSystemTest, AnEmptyFileSystemCostsLittleHostMemory) { EXPECT_LT(files_.HostMemory(), ByteCount(512)); }

TEST_F(FileSystemTest, TheDigestFollowsTheState) {
  const std::string empty = DigestOf();
  files_.Mknod("/a", FileKind::kRegular, Pages(3));
  const std::string made = DigestOf();
  EXPECT_NE(made, empty);
  const OpenFileId a = Open("/a");
  const std::string opened = DigestOf();
  EXPECT_NE(opened, made);
  files_.SetPosition(a, ByteCount(5));
  EXPECT_NE(DigestOf(), opened);
  files_.SetPosition(a, ByteCount(0));
  EXPECT_EQ(DigestOf(), opened);
  Use(a, 1);
  EXPECT_NE(DigestOf(), opened);
}

}  // namespace
}  // namespace memsim
