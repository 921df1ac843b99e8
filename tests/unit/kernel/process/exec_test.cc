// execve: what it makes of an address space, and what it leaves of the old one.

#include "gtest/gtest.h"

#include "server/kernel/process/builtin_image.h"
#include "server/kernel/process/clone_flags.h"
#include "server/kernel/vm/layout.h"
#include "server/kernel/vm/munmap.h"
#include "tests/unit/kernel/process/tasks_fixture.h"

namespace memsim {
namespace {

// A program of the arena: headers, code, data with its bss behind, a library, and a stack.
ExecImage SmallProgram() {
  const auto mapping = [](std::uint64_t first, std::uint64_t end, const std::string& prot, std::uint64_t from_page,
                          const std::string& path) {
    return ImageMapping{At(first), At(end), Prot(prot), kMapPrivate, Pages(from_page), path};
  };
  ExecImage image;
  image.path = "/bin/small";
  image.mappings = {mapping(0, 1, "r", 0, "/bin/small"),    mapping(1, 4, "rx", 1, "/bin/small"),
                    mapping(4, 6, "rw", 4, "/bin/small"),   mapping(6, 9, "rw", 0, ""),
                    mapping(100, 104, "r", 0, "/lib/libc"), mapping(200, 202, "r", 0, "[vvar]"),
                    mapping(202, 204, "rx", 0, "[vdso]"),   mapping(300, 333, "rw", 0, "[stack]")};
  return image;
}

std::string MapsOf(const AddressSpace& space, const FileSystem& files) {
  std::string text;
  space.ForEachVma([&](const Vma& vma) {
    if (!text.empty()) text += ", ";
    text += Text(vma.range.start).substr(2) + ".." + Text(vma.range.end).substr(2);
    if (vma.file != OpenFileId()) text += " " + files.InodeOf(vma.file).name + "+" + std::to_string(vma.pgoff.value());
  });
  return text;
}

class ExecTest : public BootedTasks {
 protected:
  ExecTest() : pid_(Spawn()) {}

  AddressSpace& space() { return tasks_.SpaceOf(TaskOf(pid_)); }
  std::string ExecWith(void (*spoil)(ExecImage&)) {
    ExecImage image = SmallProgram();
    spoil(image);
    return Execve(pid_, image);
  }

  Pid pid_;
};

TEST_F(ExecTest, TheImageBecomesTheAddressSpace) {
  FillPages(pid_, 1000, 1010);
  EXPECT_EQ(Execve(pid_, SmallProgram()), "OK");
  EXPECT_EQ(MapsOf(space(), world_.files),
            "0..1 /bin/small+0, 1..4 /bin/small+1, 4..6 /bin/small+4, 6..9, 100..104 /lib/libc+0, 200..202, 202..204, "
            "300..333");
  const AddressLayout& layout = space().layout;
  EXPECT_EQ(Text(layout.start_code), "A+1");
  EXPECT_EQ(Text(layout.end_code), "A+4");
  EXPECT_EQ(Text(layout.start_data), "A+4");
  EXPECT_EQ(Text(layout.end_data), "A+6");
  // Behind the bss.
  EXPECT_EQ(Text(layout.brk), "A+9");
  EXPECT_EQ(Text(layout.start_brk), "A+9");
  EXPECT_EQ(Text(layout.start_stack), "A+333");
  EXPECT_EQ(layout.mmap_base, kMmapBase);
  EXPECT_EQ(TaskOf(pid_).comm, "small");
}

TEST_F(ExecTest, TheKernelWritesTheTopOfTheStackAndNothingElseIsResident) {
  EXPECT_EQ(Execve(pid_, SmallProgram()), "OK");
  EXPECT_EQ(space().statistics().resident(), PageCount(1));
  EXPECT_FALSE(space().page_tables().Get(At(332)).none());
  EXPECT_EQ(TaskOf(pid_).faults.minor_faults, 1U);
  EXPECT_NE(space().Lookup(At(300))->flags & kVmGrowsDown, 0U);
}

TEST_F(ExecTest, TheKernelsOwnMappingsCannotBeCut) {
  EXPECT_EQ(Execve(pid_, SmallProgram()), "OK");
  EXPECT_EQ(Munmap(space(), At(201), Pages(1)), Errno::kInval);
  EXPECT_EQ(Munmap(space(), At(202), Pages(1)), Errno::kInval);
  EXPECT_EQ(Munmap(space(), At(202), Pages(2)), Errno::kOk);
  Check();
}

TEST_F(ExecTest, AProgramMaySayWhereItsHeapStarts) {
  EXPECT_EQ(ExecWith([](ExecImage& image) { image.start_brk = VirtualAddress(At(50).value() + 5); }), "OK");
  EXPECT_EQ(space().layout.brk, VirtualAddress(At(50).value() + 5));
}

TEST_F(ExecTest, FilesThatNobodyMadeAreMadeAsLongAsTheyAreMapped) {
  ASSERT_EQ(world_.files.Mknod("/lib/libc", FileKind::kRegular, Pages(1)), Errno::kOk);
  EXPECT_EQ(Execve(pid_, SmallProgram()), "OK");
  EXPECT_EQ(world_.files.InodeOf(space().Lookup(At(0))->file).size, Pages(6));
  EXPECT_EQ(world_.files.InodeOf(space().Lookup(At(100))->file).size, Pages(1));
  // One open file a path.
  EXPECT_EQ(space().Lookup(At(0))->file, space().Lookup(At(4))->file);
}

TEST_F(ExecTest, ImagesOutOfOrderAreInvalidAndChangeNothing) {
  FillPages(pid_, 1000, 1010);
  EXPECT_EQ(ExecWith([](ExecImage& image) { image.path = ""; }), "ENOENT");
  EXPECT_EQ(ExecWith([](ExecImage& image) { image.mappings[0].start += ByteCount(1); }), "EINVAL");
  EXPECT_EQ(ExecWith([](ExecImage& image) { image.mappings[0].end += ByteCount(1); }), "EINVAL");
  EXPECT_EQ(ExecWith([](ExecImage& image) { image.mappings[0].end = image.mappings[0].start; }), "EINVAL");
  EXPECT_EQ(ExecWith([](ExecImage& image) { image.mappings[0].end += Pages(1); }), "EINVAL");
  EXPECT_EQ(ExecWith([](ExecImage& image) { std::swap(image.mappings[0], image.mappings[1]); }), "EINVAL");
  EXPECT_EQ(ExecWith([](ExecImage& image) { image.mappings[1].offset = ByteCount(5); }), "EINVAL");
  EXPECT_EQ(ExecWith([](ExecImage& image) { image.mappings[7].end = kTaskSize + Pages(1); }), "EINVAL");
  EXPECT_EQ(ExecWith([](ExecImage& image) { image.start_brk = kTaskSize + Pages(1); }), "EINVAL");
  EXPECT_EQ(MapsOf(space(), world_.files), "1000..1010");
  EXPECT_EQ(Execve(Pid(99), SmallProgram()), "ESRCH");
}

TEST_F(ExecTest, WithoutMemoryOrRightsTheOldProgramGoesOn) {
  FillPages(pid_, 1000, 1010);
  const std::int64_t committed = world_.committed();
  EXPECT_EQ(ExecWith([](ExecImage& image) { image.mappings[7].end = At(1ULL << 28); }), "ENOMEM");
  ASSERT_EQ(world_.files.Mknod("/a/directory", FileKind::kDirectory, ByteCount(0)), Errno::kOk);
  EXPECT_EQ(ExecWith([](ExecImage& image) { image.mappings[4].path = "/a/directory"; }), "EACCES");
  EXPECT_EQ(MapsOf(space(), world_.files), "1000..1010");
  EXPECT_EQ(TaskOf(pid_).comm, "test");
  EXPECT_EQ(world_.committed(), committed);
}

TEST_F(ExecTest, TheOldMemoryComesBackAndPidLimitsAndFaultCountsStay) {
  tasks_.LimitsOf(TaskOf(pid_))[Resource::kAs].current = 1ULL << 40;
  FillPages(pid_, 1000, 1100);
  EXPECT_EQ(Execve(pid_, SmallProgram()), "OK");
  EXPECT_EQ(world_.pages.pages_of(PageOwner::kAnonymous), PageCount(2));
  EXPECT_EQ(tasks_.LimitsOf(TaskOf(pid_))[Resource::kAs].current, 1ULL << 40);
  EXPECT_EQ(TaskOf(pid_).faults.minor_faults, 101U);
}

TEST_F(ExecTest, DescriptorsThatCloseOnExecAreClosed) {
  FileTable& table = file_tables_.table(TaskOf(pid_).files);
  for (const int fd : {3, 4}) {
    const OpenFileId file = world_.OpenNew("/f" + std::to_string(fd), 1);
    table.Install(fd, {file, fd == 3 ? CloseOnExec::kYes : CloseOnExec::kNo});
  }
  EXPECT_EQ(Execve(pid_, SmallProgram()), "OK");
  const FileTable& after = file_tables_.table(TaskOf(pid_).files);
  EXPECT_FALSE(after.Find(3).has_value());
  EXPECT_TRUE(after.Find(4).has_value());
}

TEST_F(ExecTest, AVforkedChildLeavesItsParentsMemoryAlone) {
  FillPages(pid_, 1000, 1010);
  const Pid child = Clone(pid_, kCloneVm | kCloneVfork);
  EXPECT_EQ(Execve(child, SmallProgram()), "OK");
  EXPECT_NE(TaskOf(child).mm, TaskOf(pid_).mm);
  EXPECT_EQ(MapsOf(space(), world_.files), "1000..1010");
}

TEST_F(ExecTest, TheOtherThreadsEndAndTheOneThatIsLeftHasTheLeadersPid) {
  constexpr std::uint64_t kThread = kCloneVm | kCloneSighand | kCloneThread | kCloneFiles;
  const Pid thread = Clone(pid_, kThread);
  Clone(pid_, kThread);
  EXPECT_EQ(Execve(thread, SmallProgram()), "OK");
  EXPECT_EQ(Census(), "1:alive 2:alive");
  EXPECT_EQ(TaskOf(pid_).comm, "small");
  EXPECT_EQ(TaskOf(pid_).faults.minor_faults, 1U);
  EXPECT_EQ(world_.counters.Get(Counter::kTasks), 2);
  // The leader itself stays what it is.
  Clone(pid_, kThread);
  EXPECT_EQ(Execve(pid_, SmallProgram()), "OK");
  EXPECT_EQ(Census(), "1:alive 2:alive");
  EXPECT_EQ(Exit(pid_), "OK");
}

TEST_F(ExecTest, TheSearchForRoomStartsBelowTheStackLimitAtExec) {
  tasks_.LimitsOf(TaskOf(pid_))[Resource::kStack].current = 1ULL << 30;
  EXPECT_EQ(space().layout.mmap_base, kMmapBase);
  EXPECT_EQ(Execve(pid_, SmallProgram()), "OK");
  EXPECT_EQ(Text(space().layout.mmap_base), "0x7fffbfeff000");
}

// --- Personalities

TEST_F(ExecTest, ACompatLayoutSearchesUpwards) {
  tasks_.FindAlive(pid_)->personality = kAddrCompatLayout;
  EXPECT_EQ(Execve(pid_, SmallProgram()), "OK");
  EXPECT_TRUE(space().layout.legacy);
  EXPECT_EQ(Text(space().layout.mmap_base), "0x2aaaaaaab000");
  EXPECT_EQ(TaskOf(pid_).personality, kAddrCompatLayout);
}

TEST_F(ExecTest, PageZeroIsMappedAndSealedForWhoMayMapIt) {
  Task& task = *tasks_.FindAlive(pid_);
  task.personality = kMmapPageZero;
  EXPECT_EQ(Execve(pid_, SmallProgram()), "OK");
  const Vma* zero = space().Lookup(VirtualAddress(0));
  ASSERT_NE(zero, nullptr);
  EXPECT_EQ(zero->range.pages(), PageCount(1));
  EXPECT_EQ(zero->flags, kVmRead | kVmExec | kVmMayRead | kVmMayWrite | kVmMayExec | kVmSealed);
  EXPECT_EQ(task.credentials.SetUid(1000), Errno::kOk);
  EXPECT_EQ(Execve(pid_, SmallProgram()), "OK");
  EXPECT_EQ(space().Lookup(VirtualAddress(0)), nullptr);
}

TEST_F(ExecTest, ReadableMemoryIsNoLongerExecutableAfterExec) {
  tasks_.FindAlive(pid_)->personality = kReadImpliesExec | kAddrNoRandomize;
  EXPECT_EQ(Execve(pid_, SmallProgram()), "OK");
  EXPECT_EQ(TaskOf(pid_).personality, kAddrNoRandomize);
}

// --- The built-in image

TEST_F(ExecTest, WithoutMappingsASmallStaticProgramRuns) {
  ExecImage image;
  image.path = "/bin/anything";
  EXPECT_EQ(Execve(pid_, image), "OK");
  EXPECT_EQ(space().layout.start_code, VirtualAddress(0x555555555000));
  EXPECT_EQ(space().Find(VirtualAddress(0))->range.start, VirtualAddress(0x555555554000));
  EXPECT_EQ(space().layout.start_stack, kTaskSize);
  EXPECT_EQ(space().layout.brk, space().layout.start_brk);
}

TEST_F(ExecTest, TheVdsoGoesBelowTheProgramWhereTheStackLimitLeavesNoRoomAboveIt) {
  ExecImage image;
  image.path = "/bin/anything";
  const VirtualAddress program(0x555555554000);
  const VirtualAddress program_end = program + Pages(19);
  // By how many pages the search for room starts above the program's start, and where the vdso then is.
  struct Case {
    std::uint64_t base;
    VirtualAddress vdso;
  };
  const VirtualAddress below = program - kBuiltinVdsoSize;
  const Case cases[] = {{0, below},  {1, below},  {8, below},        {9, below},
                        {19, below}, {26, below}, {27, program_end}, {28, program_end + Pages(1)}};
  for (const Case& example : cases) {
    const VirtualAddress base = program + Pages(example.base);
    tasks_.LimitsOf(TaskOf(pid_))[Resource::kStack].current = (kTaskSize - base - kStackGuardGap).value();
    ASSERT_EQ(Execve(pid_, image), "OK") << example.base;
    ASSERT_EQ(space().layout.mmap_base, base);
    const Vma* vvar = space().Lookup(example.vdso);
    ASSERT_NE(vvar, nullptr) << example.base;
    EXPECT_EQ(vvar->special, SpecialMapping::kVvar) << example.base;
    EXPECT_EQ(vvar->range.start, example.vdso) << example.base;
  }
  // One page below the program.
  tasks_.LimitsOf(TaskOf(pid_))[Resource::kStack].current = (kTaskSize - (program - Pages(1)) - kStackGuardGap).value();
  ASSERT_EQ(Execve(pid_, image), "OK");
  EXPECT_EQ(space().Lookup(below - Pages(1))->special, SpecialMapping::kVvar);
}

class RandomExecTest : public BootedTasks {
 protected:
  RandomExecTest() : BootedTasks(AddressRandomization::kOn, 1) {}
};

TEST_F(RandomExecTest, EveryExecDrawsItsOwnPlacesWithinTheirBounds) {
  const Pid pid = Spawn();
  ExecImage image;
  image.path = "/bin/anything";
  VirtualAddress last_base;
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(Execve(pid, image), "OK");
    const AddressLayout& layout = tasks_.SpaceOf(TaskOf(pid)).layout;
    EXPECT_NE(layout.mmap_base, last_base);
    last_base = layout.mmap_base;
    // 28 bits of pages below the gap; 22 bits of pages of stack; 1 GiB of heap.
    const ByteCount gap = ByteCount((9ULL << 20) + (1ULL << 34));
    EXPECT_LE(layout.mmap_base, kTaskSize - gap + kPageSize);
    EXPECT_GE(layout.mmap_base, kTaskSize - gap - ByteCount(1ULL << 40));
    EXPECT_GT(layout.start_stack, kTaskSize - ByteCount(1ULL << 34));
    EXPECT_LT(layout.start_brk, VirtualAddress(0x555555567000) + ByteCount(1ULL << 30));
  }
}

TEST_F(RandomExecTest, APersonalityWithoutRandomnessHasNone) {
  const Pid pid = Spawn();
  tasks_.FindAlive(pid)->personality = kAddrNoRandomize;
  ExecImage image;
  image.path = "/bin/anything";
  ASSERT_EQ(Execve(pid, image), "OK");
  EXPECT_EQ(tasks_.SpaceOf(TaskOf(pid)).layout.mmap_base, kMmapBase);
  EXPECT_EQ(tasks_.SpaceOf(TaskOf(pid)).layout.start_stack, kTaskSize);
}

TEST_F(RandomExecTest, TheSameSeedDrawsTheSamePlaces) {
  World world;
  FileTables file_tables(world.files, world.slabs);
  Random random(1);
  Tasks tasks(world.environment, file_tables, random, AddressRandomization::kOn);
  ASSERT_EQ(tasks.BootInit(), Errno::kOk);
  const AddressLayout& there = tasks.SpaceOf(*tasks.Find(kInitPid)).layout;
  const AddressLayout& here = tasks_.SpaceOf(TaskOf(kInitPid)).layout;
  EXPECT_EQ(there.mmap_base, here.mmap_base);
  EXPECT_EQ(there.brk, here.brk);
  EXPECT_EQ(there.start_stack, here.start_stack);
}

}  // namespace
}  // namespace memsim
