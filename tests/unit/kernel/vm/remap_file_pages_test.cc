// remap_file_pages(2).

#include "server/kernel/vm/remap_file_pages.h"

#include "gtest/gtest.h"

#include "tests/unit/kernel/vm/program.h"

namespace memsim {
namespace {

class RemapFilePagesTest : public ProgramTest {
 protected:
  std::string Show(std::uint64_t first, std::uint64_t end, std::uint64_t from_page, std::uint64_t flags = 0,
                   std::uint64_t prot = 0) {
    const VmCaller caller{mm().limits(), faults_, mm().pkru()};
    const Errno error =
        RemapFilePages(mm().space(), caller, {At(first), Pages(end - first), prot, PageOffset(from_page), flags});
    world_.Check();
    return Text(error);
  }

  FaultTally faults_;
};

TEST_F(RemapFilePagesTest, ARangeShowsOtherPagesOfItsFile) {
  mm().MapShared(0, 8);
  mm().Write(0, 8);
  EXPECT_EQ(Show(2, 4, 6), "OK");
  EXPECT_EQ(mm().Maps(), "0..2 rw-s /dev/zero+0, 2..4 rw-s /dev/zero+6, 4..8 rw-s /dev/zero+4");
  EXPECT_EQ(mm().Entries(0, 8), "wwwwwwww") << "the pages are there at once";
  EXPECT_EQ(Show(2, 4, 2, kMapNonblock), "OK");
  EXPECT_EQ(mm().Maps(), "0..8 rw-s /dev/zero+0");
  EXPECT_EQ(mm().Entries(0, 8), "ww..wwww");
}

TEST_F(RemapFilePagesTest, OnlySharedMappingsInOnePieceAreTaken) {
  mm().MapShared(0, 4);
  mm().MapShared(4, 6);
  mm().Map(8, 9);
  EXPECT_EQ(Show(0, 1, 0, 0, kProtRead), "EINVAL");
  EXPECT_EQ(Show(0, 0, 0), "EINVAL");
  EXPECT_EQ(Show(8, 9, 0), "EINVAL") << "private";
  EXPECT_EQ(Show(10, 11, 0), "EINVAL") << "nothing there";
  EXPECT_EQ(Show(2, 6, 0), "EINVAL") << "two files";
  EXPECT_EQ(Show(4, 8, 0), "EINVAL") << "a hole";
  EXPECT_EQ(Show(0, 1, UINT64_MAX), "EINVAL");
  mm().Protect(1, 2, "r");
  EXPECT_EQ(Show(0, 2, 0), "EINVAL") << "two kinds";
  EXPECT_EQ(Show(1, 2, 3), "OK");
  EXPECT_EQ(mm().Maps(),
            "0..1 rw-s /dev/zero+0, 1..2 r--s /dev/zero+3, 2..4 rw-s /dev/zero+2, 4..6 rw-s /dev/zero+0, 8..9 rw-p");
}

}  // namespace
}  // namespace memsim
