// READ_IMPLIES_EXEC: what may be read may be executed.

#include "server/kernel/vm/personality.h"

#include <string>

#include "gtest/gtest.h"

#include "server/kernel/vm/brk.h"
#include "server/kernel/vm/mprotect.h"
#include "tests/unit/kernel/vm/program.h"

namespace memsim {
namespace {

class PersonalityTest : public ProgramTest {
 protected:
  VmCaller caller() {
    VmCaller caller{mm().limits(), faults_, mm().pkru()};
    caller.personality = kReadImpliesExec;
    return caller;
  }

  FaultTally faults_;
};

TEST_F(PersonalityTest, MmapAndMprotectAddTheRightToExecute) {
  for (const auto& [first, prot] : {std::pair{0, "r"}, {2, "w"}, {4, "rw"}, {6, ""}}) {
    MmapArguments arguments;
    arguments.address = At(static_cast<std::uint64_t>(first));
    arguments.length = Pages(1);
    arguments.prot = Prot(prot);
    arguments.flags = kMapPrivate | kMapAnonymous | kMapFixed;
    EXPECT_TRUE(Mmap(mm().space(), caller(), arguments).ok());
  }
  EXPECT_EQ(mm().Maps(), "0..1 r-xp, 2..3 -w-p, 4..5 rwxp, 6..7 ---p");
  EXPECT_EQ(Mprotect(mm().space(), caller(), At(6), Pages(1), kProtRead), Errno::kOk);
  EXPECT_EQ(Mprotect(mm().space(), caller(), At(4), Pages(1), kProtWrite), Errno::kOk);
  EXPECT_EQ(mm().Maps(), "0..1 r-xp, 2..3 -w-p, 4..5 -w-p, 6..7 r-xp");
  world_.Check();
}

TEST_F(PersonalityTest, TheHeapIsExecutable) {
  mm().space().layout.start_brk = mm().space().layout.brk = At(0);
  EXPECT_EQ(Brk(mm().space(), caller(), At(2)), At(2));
  EXPECT_EQ(mm().Maps(), "0..2 rwxp");
  EXPECT_EQ(mm().Brk(At(4)), At(4));
  EXPECT_EQ(mm().Maps(), "0..2 rwxp, 2..4 rw-p");
  world_.Check();
}

}  // namespace
}  // namespace memsim
