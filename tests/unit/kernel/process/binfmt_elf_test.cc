// What becomes of an ELF program's headers: where its segments go, its zeros, its heap, and what is refused.

#include "server/kernel/process/binfmt_elf.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gtest/gtest.h"

#include "server/kernel/vm/layout.h"
#include "tests/unit/kernel/process/tasks_fixture.h"

namespace memsim {
namespace {

ElfSegment Segment(std::uint64_t address, std::uint64_t offset, std::uint64_t file_size, std::uint64_t memory_size,
                   const std::string& prot, std::uint64_t alignment = 4096) {
  return {VirtualAddress(address), ByteCount(offset), ByteCount(file_size),
          ByteCount(memory_size),  Prot(prot),        ByteCount(alignment)};
}

// Headers, code, and data with 40,000 bytes of zeros behind it.
ElfFile SmallFile(const std::string& path, std::uint64_t base = 0) {
  ElfFile file;
  file.path = path;
  file.position_independent = base == 0;
  file.segments = {Segment(base, 0, 0x6c0, 0x6c0, "r"), Segment(base + 0x1000, 0x1000, 0x259, 0x259, "rx"),
                   Segment(base + 0x3dd0, 0x2dd0, 0x5090, 0xecf0, "rw")};
  return file;
}

ElfProgram Program(const ElfFile& file) { return {file, std::nullopt, false}; }

ElfProgram LinkedProgram(ElfFile file) {
  ElfFile linker;
  linker.path = "/lib/ld.so";
  linker.position_independent = true;
  linker.segments = {Segment(0, 0, 0x3000, 0x3000, "rx"), Segment(0x3f00, 0x3f00, 0x200, 0x400, "rw")};
  return {std::move(file), linker, false};
}

class BinfmtElfTest : public BootedTasks {
 protected:
  explicit BinfmtElfTest(AddressRandomization randomization = AddressRandomization::kOff, std::uint64_t seed = 0)
      : BootedTasks(randomization, seed), pid_(Spawn()) {}

  std::string Exec(const ElfProgram& program) {
    ExecImage image;
    image.path = program.file.path;
    image.program = program;
    return Execve(pid_, image);
  }
  AddressSpace& space() { return tasks_.SpaceOf(TaskOf(pid_)); }
  // "555555554000 r 1 /bin/a+0": start, rights, pages, and the file with its first page. Without vvar and vdso.
  std::string Maps() {
    std::string text;
    space().ForEachVma([&](const Vma& vma) {
      if (vma.special != SpecialMapping::kNone) return;
      absl::StrAppend(&text, text.empty() ? "" : ", ", absl::Hex(vma.range.start.value()), " ",
                      (vma.flags & kVmRead) != 0 ? "r" : "", (vma.flags & kVmWrite) != 0 ? "w" : "",
                      (vma.flags & kVmExec) != 0 ? "x" : "", " ", vma.range.pages().value());
      if (vma.file == OpenFileId()) return;
      absl::StrAppend(&text, " ", world_.files.InodeOf(vma.file).name, "+", vma.pgoff.value());
    });
    return text;
  }
  ByteCount LengthOf(const std::string& path) {
    const OpenFileId file = world_.files.Open(path, kOpenReadOnly)->file;
    const ByteCount length = world_.files.InodeOf(file).size;
    world_.files.Put(file);
    return length;
  }
  std::string Layout() {
    const AddressLayout& layout = space().layout;
    return absl::StrFormat("code %x..%x, data %x..%x, heap %x", layout.start_code.value(), layout.end_code.value(),
                           layout.start_data.value(), layout.end_data.value(), layout.start_brk.value());
  }

  Pid pid_;
};

TEST_F(BinfmtElfTest, AProgramWithALinkerLiesTwoThirdsUpAndTheLinkerAtTheTop) {
  EXPECT_EQ(Exec(LinkedProgram(SmallFile("/bin/a"))), "OK");
  EXPECT_EQ(Maps(),
            "555555554000 r 1 /bin/a+0, 555555555000 rx 1 /bin/a+1, 555555557000 rw 6 /bin/a+2, 55555555d000 rw 10, "
            "7ffff7ffa000 rx 3 /lib/ld.so+0, 7ffff7ffd000 rw 2 /lib/ld.so+3, 7ffffffde000 rw 33");
  EXPECT_EQ(Layout(), "code 555555555000..555555555259, data 555555557dd0..55555555ce60, heap 555555567000");
  EXPECT_EQ(TaskOf(pid_).comm, "a");
}

TEST_F(BinfmtElfTest, AProgramThatSaysWhereLiesThere) {
  EXPECT_EQ(Exec(Program(SmallFile("/bin/a", 0x400000))), "OK");
  EXPECT_EQ(Maps(),
            "400000 r 1 /bin/a+0, 401000 rx 1 /bin/a+1, 403000 rw 6 /bin/a+2, 409000 rw 10, 7ffffffde000 rw 33");
  EXPECT_EQ(Layout(), "code 401000..401259, data 403dd0..408e60, heap 413000");
}

TEST_F(BinfmtElfTest, AProgramWithoutALinkerLiesAmongTheMappingsAndItsHeapFarBelow) {
  EXPECT_EQ(Exec(Program(SmallFile("/bin/a"))), "OK");
  EXPECT_EQ(Maps(),
            "7ffff7fec000 r 1 /bin/a+0, 7ffff7fed000 rx 1 /bin/a+1, 7ffff7fef000 rw 6 /bin/a+2, 7ffff7ff5000 rw 10, "
            "7ffffffde000 rw 33");
  EXPECT_EQ(Text(space().layout.start_brk), Text(VirtualAddress(0x555555555000)));
}

TEST_F(BinfmtElfTest, TheAlignmentOfSegmentsMovesAProgramDown) {
  ElfFile file = SmallFile("/bin/a");
  file.segments[1].alignment = ByteCount(2 << 20);
  // No power of two: does not count.
  file.segments[2].alignment = ByteCount(3 << 20);
  EXPECT_EQ(Exec(LinkedProgram(file)), "OK");
  EXPECT_EQ(Maps().substr(0, 14), "555555400000 r");
  EXPECT_EQ(Exec(Program(file)), "OK");
  EXPECT_EQ(Maps().substr(0, 14), "7ffff7e00000 r");
}

TEST_F(BinfmtElfTest, OnlyThePageInWhichZerosBeginIsThere) {
  EXPECT_EQ(Exec(LinkedProgram(SmallFile("/bin/a"))), "OK");
  // Of the data of program and linker, and the top of the stack.
  EXPECT_EQ(space().statistics().rss[static_cast<int>(RssKind::kAnonymous)], PageCount(3));
  EXPECT_EQ(space().statistics().rss[static_cast<int>(RssKind::kFile)], PageCount(0));
  EXPECT_EQ(TaskOf(pid_).faults.major_faults, 0U);
}

TEST_F(BinfmtElfTest, ASegmentOfZerosAloneNeedsNoFile) {
  ElfFile file = SmallFile("/bin/a", 0x400000);
  file.segments.push_back(Segment(0x500123, 0, 0, 0x2000, "rwx"));
  EXPECT_EQ(Exec(Program(file)), "OK");
  EXPECT_NE(Maps().find("500000 rwx 3,"), std::string::npos) << Maps();
  EXPECT_EQ(space().layout.start_brk, VirtualAddress(0x503000));
}

TEST_F(BinfmtElfTest, ZerosBehindASegmentThatCannotBeWrittenAreLeftAsTheFileHasThem) {
  ElfFile file = SmallFile("/bin/a", 0x400000);
  file.segments[1].memory_size = ByteCount(0x300);
  EXPECT_EQ(Exec(Program(file)), "OK");
  EXPECT_EQ(space().statistics().rss[static_cast<int>(RssKind::kAnonymous)], PageCount(2));
}

TEST_F(BinfmtElfTest, CodeForExecutionAloneHasAKey) {
  ElfFile file = SmallFile("/bin/a", 0x400000);
  file.segments[1].prot = kProtExec;
  EXPECT_EQ(Exec(Program(file)), "OK");
  EXPECT_EQ(KeyOf(space().Lookup(VirtualAddress(0x401000))->flags), 1U);
}

TEST_F(BinfmtElfTest, TheStackIsExecutableOnRequestAndNeverLargerThanItsLimit) {
  ElfProgram program = Program(SmallFile("/bin/a", 0x400000));
  program.executable_stack = true;
  EXPECT_EQ(Exec(program), "OK");
  EXPECT_NE(Maps().find("7ffffffde000 rwx 33"), std::string::npos) << Maps();
  tasks_.LimitsOf(*tasks_.FindAlive(pid_))[Resource::kStack].current = 64 << 10;
  EXPECT_EQ(Exec(program), "OK");
  EXPECT_NE(Maps().find("7ffffffef000 rwx 16"), std::string::npos) << Maps();
}

TEST_F(BinfmtElfTest, WhatIsNoProgramIsRefusedAndTheOldOneGoesOn) {
  EXPECT_EQ(Exec(Program(SmallFile("/bin/a", 0x400000))), "OK");
  const std::string before = Maps();
  const auto refused = [&](void (*spoil)(ElfFile&)) {
    ElfFile file = SmallFile("/bin/b", 0x400000);
    spoil(file);
    const std::string answer = Exec(Program(file));
    EXPECT_EQ(Maps(), before);
    EXPECT_EQ(TaskOf(pid_).comm, "a");
    return answer;
  };
  EXPECT_EQ(refused([](ElfFile& file) { file.segments.clear(); }), "ENOEXEC");
  EXPECT_EQ(refused([](ElfFile& file) { file.segments[0].file_size = ByteCount(0x6c1); }), "EINVAL");
  EXPECT_EQ(refused([](ElfFile& file) { file.segments[2].address = kTaskSize; }), "EINVAL");
  EXPECT_EQ(refused([](ElfFile& file) { file.segments[2].memory_size = ByteCount(UINT64_MAX); }), "EINVAL");
  EXPECT_EQ(refused([](ElfFile& file) { file.segments[1].offset = ByteCount(0x1001); }), "EINVAL");
  EXPECT_EQ(refused([](ElfFile& file) { file.segments[0].offset = ByteCount(UINT64_MAX - 4095); }), "EINVAL");
  EXPECT_EQ(refused([](ElfFile& file) { file.path = ""; }), "ENOENT");
}

TEST_F(BinfmtElfTest, MappingsBesideAProgramAreRefused) {
  ExecImage image;
  image.path = "/bin/a";
  image.program = Program(SmallFile("/bin/a"));
  image.mappings = {{At(0), At(1), Prot("r"), kMapPrivate, ByteCount(0), ""}};
  EXPECT_EQ(Execve(pid_, image), "EINVAL");
}

TEST_F(BinfmtElfTest, AFileThatHasToBeMadeIsAsLongAsItSaysOrItsSegmentsNeed) {
  ElfFile file = SmallFile("/bin/a");
  EXPECT_EQ(Exec(Program(file)), "OK");
  EXPECT_EQ(LengthOf("/bin/a"), ByteCount(0x2dd0 + 0x5090));
  file.path = "/bin/b";
  file.length = ByteCount(100000);
  EXPECT_EQ(Exec(Program(file)), "OK");
  EXPECT_EQ(LengthOf("/bin/b"), ByteCount(100000));
}

class RandomElfTest : public BinfmtElfTest {
 protected:
  RandomElfTest() : BinfmtElfTest(AddressRandomization::kOn, 7) {}
};

TEST_F(RandomElfTest, ProgramLinkerStackAndHeapMoveByThemselves) {
  EXPECT_EQ(Exec(LinkedProgram(SmallFile("/bin/a"))), "OK");
  const std::string first = Maps();
  const AddressLayout& layout = space().layout;
  const VirtualAddress code = layout.start_code;
  EXPECT_GE(code, VirtualAddress(0x555555555000));
  EXPECT_LT(code, VirtualAddress(0x555555555000 + (1ULL << 40)));
  // A page at least, and at most a GiB, lies before the heap.
  const ByteCount gap = layout.start_brk - VirtualAddress(code.value() + 0xe000);
  EXPECT_GE(gap, kPageSize);
  EXPECT_LE(gap, ByteCount((1ULL << 30) + kPageSize.value()));
  EXPECT_EQ(Exec(LinkedProgram(SmallFile("/bin/a"))), "OK");
  EXPECT_NE(Maps(), first);
}

}  // namespace
}  // namespace memsim
