#include "server/kernel/file/file_table.h"

#include "gtest/gtest.h"

namespace memsim {
namespace {

constexpr std::uint64_t kLimit = 1024;
const FileTable::Entry kFile{OpenFileId(5), CloseOnExec::kNo};

FileTable TableOf(int descriptors) {
  FileTable table;
  for (int fd = 0; fd < descriptors; ++fd) table.Install(fd, kFile);
  table.CheckInvariants();
  return table;
}

TEST(FileTableTest, AnEmptyTableStartsAtZero) {
  const FileTable table;
  table.CheckInvariants();
  EXPECT_EQ(*table.LowestFree(0, kLimit), 0);
  EXPECT_EQ(table.Find(0), std::nullopt);
  EXPECT_EQ(table.Find(-1), std::nullopt);
  EXPECT_EQ(table.Find(INT32_MAX), std::nullopt);
}

TEST(FileTableTest, TheLowestFreeDescriptorFillsHoles) {
  FileTable table = TableOf(4);
  EXPECT_EQ(*table.LowestFree(0, kLimit), 4);
  EXPECT_EQ(table.Remove(2), OpenFileId(5));
  table.CheckInvariants();
  EXPECT_EQ(*table.LowestFree(0, kLimit), 2);
  EXPECT_EQ(*table.LowestFree(3, kLimit), 4);
  table.Remove(0);
  table.CheckInvariants();
  EXPECT_EQ(*table.LowestFree(0, kLimit), 0);
  EXPECT_EQ(*table.LowestFree(1, kLimit), 2);
}

TEST(FileTableTest, TheLimitIsTheFirstDescriptorThatIsRefused) {
  const FileTable table = TableOf(3);
  EXPECT_EQ(table.LowestFree(0, 3).error(), Errno::kMFile);
  EXPECT_EQ(*table.LowestFree(0, 4), 3);
  EXPECT_EQ(table.LowestFree(0, 2).error(), Errno::kMFile);
  EXPECT_EQ(table.LowestFree(0, 0).error(), Errno::kMFile);
}

TEST(FileTableTest, NoLimitGoesBeyondNrOpen) {
  FileTable table;
  constexpr int kLast = static_cast<int>(FileTable::kMaxDescriptors) - 1;
  EXPECT_EQ(*table.LowestFree(kLast, UINT64_MAX), kLast);
  EXPECT_EQ(table.LowestFree(kLast + 1, UINT64_MAX).error(), Errno::kMFile);
  table.Install(kLast, kFile);
  table.CheckInvariants();
  EXPECT_EQ(table.LowestFree(kLast, UINT64_MAX).error(), Errno::kMFile);
  EXPECT_EQ(*table.LowestFree(0, UINT64_MAX), 0);
}

TEST(FileTableTest, TheTableShrinksToItsHighestDescriptor) {
  FileTable table = TableOf(1);
  table.Install(1000, kFile);
  table.CheckInvariants();
  EXPECT_EQ(table.open_count(), 2U);
  table.Remove(1000);
  table.CheckInvariants();
  int visited = 0;
  table.ForEach([&visited](int fd, const FileTable::Entry& entry) {
    EXPECT_EQ(fd, 0);
    EXPECT_EQ(entry, kFile);
    ++visited;
  });
  EXPECT_EQ(visited, 1);
}

TEST(FileTableTest, TheDigestTellsDescriptorFileAndFlag) {
  const auto digest = [](int fd, std::uint32_t file, CloseOnExec close_on_exec) {
    FileTable table;
    table.Install(fd, {OpenFileId(file), close_on_exec});
    Digest d;
    table.DigestTo(d);
    return d.ToHex();
  };
  EXPECT_EQ(digest(1, 2, CloseOnExec::kNo), digest(1, 2, CloseOnExec::kNo));
  EXPECT_NE(digest(1, 2, CloseOnExec::kNo), digest(2, 2, CloseOnExec::kNo));
  EXPECT_NE(digest(1, 2, CloseOnExec::kNo), digest(1, 3, CloseOnExec::kNo));
  EXPECT_NE(digest(1, 2, CloseOnExec::kNo), digest(1, 2, CloseOnExec::kYes));
}

TEST(FileTableDeathTest, OurOwnMistakesStopTheProgram) {
  FileTable table = TableOf(1);
  EXPECT_DEATH(table.Install(0, kFile), "check failed");
  EXPECT_DEATH(table.Install(1, {}), "check failed");
  EXPECT_DEATH(table.Remove(1), "check failed");
}

}  // namespace
}  // namespace memsim
