#include "server/kernel/file/file_tables.h"

#include "gtest/gtest.h"

#include "tests/unit/kernel/file/booted_files.h"

namespace memsim {
namespace {

class FileTablesTest : public BootedFiles {
 protected:
  FileTablesTest() : tables_(files_, slabs_), table_(*tables_.Create()) {
    files_.Mknod("/a", FileKind::kRegular, ByteCount(0));
    plain_ = Open("/a");
    closing_ = Open("/a");
    tables_.table(table_).Install(0, {plain_, CloseOnExec::kNo});
    tables_.table(table_).Install(1, {closing_, CloseOnExec::kYes});
    CheckAll();
  }
  void CheckAll() const {
    Check();
    tables_.CheckInvariants();
  }

  FileTables tables_;
  FileTableId table_;
  OpenFileId plain_;
  OpenFileId closing_;
};

TEST_F(FileTablesTest, ACopySharesTheOpenFilesNotTheDescriptors) {
  const FileTableId child = *tables_.Copy(table_);
  CheckAll();
  EXPECT_EQ(files_.file(plain_).references, 2U);
  files_.Put(tables_.table(child).Remove(0));
  CheckAll();
  EXPECT_TRUE(tables_.table(table_).Find(0).has_value());
  EXPECT_FALSE(tables_.table(child).Find(0).has_value());
}

TEST_F(FileTablesTest, TheLastOwnerOfATableClosesItsDescriptors) {
  tables_.Get(table_);
  tables_.Put(table_);
  CheckAll();
  EXPECT_EQ(files_.file(plain_).references, 1U);
  EXPECT_EQ(files_.InodeOf(plain_).open_files, 2U);
  tables_.Put(table_);
  CheckAll();
  EXPECT_EQ(files_.InodeOf(Open("/a")).open_files, 1U);
}

TEST_F(FileTablesTest, ExecClosesWhatIsMarked) {
  EXPECT_EQ(*tables_.Unshare(table_), table_);
  tables_.CloseOnExec(table_);
  CheckAll();
  EXPECT_TRUE(tables_.table(table_).Find(0).has_value());
  EXPECT_FALSE(tables_.table(table_).Find(1).has_value());
}

TEST_F(FileTablesTest, ExecLeavesASharedTableToTheOthers) {
  tables_.Get(table_);
  const FileTableId own = *tables_.Unshare(table_);
  tables_.CloseOnExec(own);
  CheckAll();
  EXPECT_NE(own, table_);
  EXPECT_EQ(tables_.references(table_), 1U);
  EXPECT_TRUE(tables_.table(table_).Find(1).has_value());
  EXPECT_FALSE(tables_.table(own).Find(1).has_value());
  EXPECT_EQ(files_.file(plain_).references, 2U);
  EXPECT_EQ(files_.file(closing_).references, 1U);
}

TEST_F(FileTablesTest, TheIdOfADeadTableIsGivenAgain) {
  const FileTableId second = *tables_.Create();
  tables_.Put(second);
  CheckAll();
  EXPECT_EQ(*tables_.Create(), second);
}

TEST_F(FileTablesTest, TheDigestTellsWhoSharesWhat) {
  const auto digest = [this] {
    Digest d;
    tables_.DigestTo(d);
    return d.ToHex();
  };
  const std::string before = digest();
  tables_.Get(table_);
  EXPECT_NE(digest(), before);
  tables_.Put(table_);
  EXPECT_EQ(digest(), before);
  EXPECT_LT(tables_.HostMemory(), ByteCount(512));
}

}  // namespace
}  // namespace memsim
