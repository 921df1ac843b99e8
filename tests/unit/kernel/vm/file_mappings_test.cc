// The index of a file's mappings follows everything that moves, cuts and joins them.

#include "server/kernel/vm/file_mappings.h"

#include <algorithm>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "server/kernel/vm/zap.h"
#include "tests/unit/kernel/vm/program.h"

namespace memsim {
namespace {

class FileMappingsTest : public ProgramTest {
 protected:
  FileMappingsTest() : file_(world_.OpenNew("/f", 20)) { FilesStay(); }

  InodeId inode() const { return world_.files.file(file_).inode; }
  // "0: 0..2 4..6, 1: 0..2": which address space of those that live, and its pages.
  std::string Index() const {
    std::string text;
    const AddressSpace* last = nullptr;
    world_.file_mappings.ForEachOf(inode(), [&](const FileMappings::Mapping& mapping) {
      if (mapping.space != last) {
        const auto at = std::find(world_.spaces.begin(), world_.spaces.end(), mapping.space);
        absl::StrAppend(&text, last == nullptr ? "" : ", ", at - world_.spaces.begin(), ":");
      }
      last = mapping.space;
      absl::StrAppend(&text, " ", ToPages(mapping.vma->range.start - kArena).value(), "..",
                      ToPages(mapping.vma->range.end - kArena).value());
    });
    return text;
  }

  OpenFileId file_;
};

TEST_F(FileMappingsTest, MappingsOfOtherFilesAndOfNoneAreNotAFiles) {
  mm().Map(0, 2);
  mm().MapFile(2, 4, "r", world_.OpenNew("/g", 4));
  EXPECT_EQ(Index(), "");
  EXPECT_EQ(world_.file_mappings.size(), 1U);
  mm().MapFile(8, 10, "r", file_);
  mm().MapFile(5, 7, "r", file_, 9);
  EXPECT_EQ(Index(), "0: 5..7 8..10");
}

TEST_F(FileMappingsTest, TheIndexFollowsEveryChange) {
  mm().MapFile(0, 8, "r", file_);
  mm().Protect(2, 4, "rx");
  EXPECT_EQ(Index(), "0: 0..2 2..4 4..8");
  mm().Protect(2, 4, "r");
  EXPECT_EQ(Index(), "0: 0..8");
  mm().Unmap(0, 2);
  EXPECT_EQ(Index(), "0: 2..8");
  mm().MapFile(0, 2, "r", file_);
  EXPECT_EQ(Index(), "0: 0..8");
  EXPECT_EQ(mm().Remap(4, 4, 4, kMremapMayMove | kMremapFixed, 20), "A+20");
  EXPECT_EQ(Index(), "0: 0..4 20..24");
  {
    const std::unique_ptr<Program> child = mm().Fork();
    EXPECT_EQ(Index(), "0: 0..4 20..24, 1: 0..4 20..24");
    child->Unmap(0, 4);
    EXPECT_EQ(Index(), "0: 0..4 20..24, 1: 20..24");
  }
  EXPECT_EQ(Index(), "0: 0..4 20..24");
}

TEST_F(FileMappingsTest, AFileThatBecomesShorterIsUnmappedEverywhereAndNothingElseIs) {
  mm().MapFile(0, 8, "rw", file_, 0, kMapShared);
  mm().MapFile(10, 12, "rw", world_.OpenNew("/g", 4), 0, kMapShared);
  const std::unique_ptr<Program> child = mm().Fork();
  for (Program* program : {&mm(), child.get()}) {
    program->Write(0, 8);
    program->Write(10, 12);
  }
  ZapCutTail(world_.environment, *world_.files.SetSize(inode(), Pages(3)));
  world_.Check();
  EXPECT_EQ(mm().Entries(0, 12), "www.......ww");
  EXPECT_EQ(child->Entries(0, 12), "www.......ww");
}

}  // namespace
}  // namespace memsim
