#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "server/kernel/machine_state.h"
#include "server/kernel/procfs/maps_line.h"
#include "server/kernel/procfs/procfs.h"
#include "server/kernel/vm/brk.h"
#include "server/kernel/vm/mman_flags.h"
#include "server/kernel/vm/mmap.h"
#include "server/kernel/vm/mprotect.h"

namespace memsim {
namespace {

constexpr absl::string_view kVsyscall =
    "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n";

class PidMapsTest : public testing::Test {
 protected:
  PidMapsTest() {
    MachineSpec spec;
    spec.memory = ByteCount(64ULL << 20);
    spec.address_randomization = AddressRandomization::kOff;
    state_ = std::make_unique<MachineState>(spec);
    EXPECT_TRUE(state_->Boot().ok());
    // /sbin/init has the first inode number, 12; these have 13 and 14.
    EXPECT_EQ(state_->files.Mknod("/bin/app", FileKind::kRegular, ByteCount(64 << 10)), Errno::kOk);
    EXPECT_EQ(state_->files.Mknod("/lib/a name\nof two lines", FileKind::kRegular, ByteCount(64 << 10)), Errno::kOk);
    pid_ = *state_->tasks.Spawn("test");
  }

  std::string Maps() { return *ReadProc(state_->View(), absl::StrCat(pid_.value(), "/maps")); }

  void Map(std::uint64_t address, std::uint64_t pages, std::uint64_t prot, std::uint64_t flags,
           OpenFileId file = OpenFileId(), std::uint64_t page_offset = 0) {
    const auto caller = state_->Enter(pid_);
    const auto mapped = Mmap(
        caller->space, caller->memory,
        {VirtualAddress(address), ToBytes(PageCount(pages)), prot, flags | kMapFixed, file, PageOffset(page_offset)});
    EXPECT_TRUE(mapped.ok()) << ErrnoName(mapped.error());
  }

  OpenFileId Open(absl::string_view path) { return state_->files.Open(path, kOpenReadWrite)->file; }

  std::unique_ptr<MachineState> state_;
  Pid pid_;
};

TEST_F(PidMapsTest, AnEmptyAddressSpaceHasTheVsyscallPageAlone) { EXPECT_EQ(Maps(), kVsyscall); }

TEST_F(PidMapsTest, AProgramIsShownAsLinuxShowsOne) {
  ExecImage image;
  image.path = "/bin/app";
  image.mappings = {
      {VirtualAddress(0x555555554000), VirtualAddress(0x555555555000), kProtRead, kMapPrivate, ByteCount(0),
       "/bin/app"},
      {VirtualAddress(0x555555555000), VirtualAddress(0x555555558000), kProtRead | kProtExec, kMapPrivate,
       ByteCount(0x1000), "/bin/app"},
      {VirtualAddress(0x555555558000), VirtualAddress(0x55555555a000), kProtRead | kProtWrite, kMapPrivate,
       ByteCount(0x4000), "/bin/app"},
      {VirtualAddress(0x55555555a000), VirtualAddress(0x55555555b000), kProtRead | kProtWrite, kMapPrivate,
       ByteCount(0), ""},
      {VirtualAddress(0x7ffff7ff7000), VirtualAddress(0x7ffff7ffb000), kProtRead, kMapPrivate, ByteCount(0), "[vvar]"},
      {VirtualAddress(0x7ffff7ffb000), VirtualAddress(0x7ffff7ffd000), kProtRead, kMapPrivate, ByteCount(0),
       "[vvar_vclock]"},
      {VirtualAddress(0x7ffff7ffd000), VirtualAddress(0x7ffff7fff000), kProtRead | kProtExec, kMapPrivate, ByteCount(0),
       "[vdso]"},
      {VirtualAddress(0x7ffffffde000), VirtualAddress(0x7ffffffff000), kProtRead | kProtWrite, kMapPrivate,
       ByteCount(0), "[stack]"},
  };
  image.start_brk = VirtualAddress(0x55555555c000);
  ASSERT_EQ(state_->tasks.Execve(pid_, image), Errno::kOk);
  const auto caller = state_->Enter(pid_);
  Brk(caller->space, caller->memory, VirtualAddress(0x55555555c001));

  EXPECT_EQ(Maps(),
            absl::StrCat("555555554000-555555555000 r--p 00000000 fe:01 13                         /bin/app\n"
                         "555555555000-555555558000 r-xp 00001000 fe:01 13                         /bin/app\n"
                         "555555558000-55555555a000 rw-p 00004000 fe:01 13                         /bin/app\n"
                         "55555555a000-55555555b000 rw-p 00000000 00:00 0 \n"
                         "55555555c000-55555555d000 rw-p 00000000 00:00 0                          [heap]\n"
                         "7ffff7ff7000-7ffff7ffb000 r--p 00000000 00:00 0                          [vvar]\n"
                         "7ffff7ffb000-7ffff7ffd000 r--p 00000000 00:00 0                          [vvar_vclock]\n"
                         "7ffff7ffd000-7ffff7fff000 r-xp 00000000 00:00 0                          [vdso]\n"
                         "7ffffffde000-7ffffffff000 rw-p 00000000 00:00 0                          [stack]\n",
                         kVsyscall));
}

TEST_F(PidMapsTest, WhatIsMappedInsideTheHeapBearsItsName) {
  const auto caller = state_->Enter(pid_);
  caller->space.layout.start_brk = VirtualAddress(0x10000000);
  caller->space.layout.brk = VirtualAddress(0x10000000);
  Brk(caller->space, caller->memory, VirtualAddress(0x10004000));
  ASSERT_EQ(Mprotect(caller->space, caller->memory, VirtualAddress(0x10001000), ByteCount(0x1000), kProtRead),
            Errno::kOk);
  // One page before the heap and one after it.
  Map(0xffff000, 1, kProtRead, kMapPrivate | kMapAnonymous);
  Map(0x10004000, 1, kProtRead, kMapPrivate | kMapAnonymous);
  EXPECT_EQ(Maps(), absl::StrCat("0ffff000-10000000 r--p 00000000 00:00 0 \n"
                                 "10000000-10001000 rw-p 00000000 00:00 0                                  [heap]\n"
                                 "10001000-10002000 r--p 00000000 00:00 0                                  [heap]\n"
                                 "10002000-10004000 rw-p 00000000 00:00 0                                  [heap]\n"
                                 "10004000-10005000 r--p 00000000 00:00 0 \n",
                                 kVsyscall));
}

TEST_F(PidMapsTest, SharedMemoryAndFilesShowDeviceInodeAndOffset) {
  const OpenFileId file = Open("/lib/a name\nof two lines");
  Map(0x10000000, 2, kProtRead | kProtWrite, kMapShared | kMapAnonymous);
  Map(0x20000000, 1, kProtRead, kMapPrivate, file, 3);
  Map(0x30000000, 1, kProtRead | kProtWrite, kMapShared, file, 15);
  const std::string shared =
      "10000000-10002000 rw-s 00000000 00:01 1                                  /dev/zero (deleted)\n";
  EXPECT_EQ(Maps(), absl::StrCat(shared,
                                 "20000000-20001000 r--p 00003000 fe:01 14                                 "
                                 "/lib/a name\\012of two lines\n"
                                 "30000000-30001000 rw-s 0000f000 fe:01 14                                 "
                                 "/lib/a name\\012of two lines\n",
                                 kVsyscall));
  ASSERT_EQ(state_->files.Unlink("/lib/a name\nof two lines"), Errno::kOk);
  EXPECT_EQ(Maps(), absl::StrCat(shared,
                                 "20000000-20001000 r--p 00003000 fe:01 14                                 "
                                 "/lib/a name\\012of two lines (deleted)\n"
                                 "30000000-30001000 rw-s 0000f000 fe:01 14                                 "
                                 "/lib/a name\\012of two lines (deleted)\n",
                                 kVsyscall));
  state_->files.Put(file);
}

TEST_F(PidMapsTest, ASharedMappingOfAFileThatCannotBeWrittenStillLooksShared) {
  const OpenFileId file = state_->files.Open("/bin/app", kOpenReadOnly)->file;
  Map(0x10000000, 1, kProtRead, kMapShared, file);
  EXPECT_EQ(Maps(), absl::StrCat("10000000-10001000 r--s 00000000 fe:01 13                                 /bin/app\n",
                                 kVsyscall));
  state_->files.Put(file);
}

TEST_F(PidMapsTest, ProtectionsAreSpelledOut) {
  std::string expected;
  for (std::uint64_t prot = 0; prot < 8; ++prot) {
    const std::uint64_t start = 0x10000000 + prot * 0x10000;
    Map(start, 1, prot, kMapPrivate | kMapAnonymous);
    absl::StrAppend(&expected, absl::Hex(start), "-", absl::Hex(start + 0x1000), " ",
                    (prot & kProtRead) != 0 ? "r" : "-", (prot & kProtWrite) != 0 ? "w" : "-",
                    (prot & kProtExec) != 0 ? "x" : "-", "p 00000000 00:00 0 \n");
  }
  EXPECT_EQ(Maps(), absl::StrCat(expected, kVsyscall));
}

TEST(MapsLineTest, ALineThatIsTooLongForTheColumnHasOneSpaceBeforeTheName) {
  MapsLine line;
  line.range = {VirtualAddress(0x7ffff7df7000), VirtualAddress(0x7ffff7ef7000)};
  line.offset = ByteCount(0xffffffffff000);
  line.device = {0x103, 0x12345};
  line.inode_number = 18446744073709551615U;
  line.name = "/f";
  std::string text;
  AppendMapsLine(line, text);
  EXPECT_EQ(text, "7ffff7df7000-7ffff7ef7000 ---p ffffffffff000 103:12345 18446744073709551615  /f\n");
}

}  // namespace
}  // namespace memsim
