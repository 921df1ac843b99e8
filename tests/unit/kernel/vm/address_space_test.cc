// What an address space's invariants see that its calls could get wrong.

#include "server/kernel/vm/address_space.h"

#include "gtest/gtest.h"

#include "tests/unit/kernel/vm/program.h"

namespace memsim {
namespace {

using AddressSpaceDeathTest = ProgramTest;

TEST_F(AddressSpaceDeathTest, APageOfAnotherKindThanItWasCountedAsIsFound) {
  mm().Map(0, 2);
  mm().Write(0, 2);
  EXPECT_DEATH(
      {
        mm().space().AddRss(RssKind::kAnonymous, -1);
        mm().space().AddRss(RssKind::kShmem, 1);
        mm().space().CheckInvariants();
      },
      "sums == statistics_");
}

TEST_F(AddressSpaceDeathTest, AnEntryOutsideOfEveryMappingIsFound) {
  mm().Map(0, 2);
  EXPECT_DEATH(
      {
        const Pte pte = Pte::Make(world_.environment.zero_page, kVmRead, false).Special();
        mm().space().page_tables().FindOrAllocate(At(5))->Set(PageTables::LeafIndex(At(5)), pte);
        mm().space().CheckInvariants();
      },
      "used == entries");
}

}  // namespace
}  // namespace memsim
