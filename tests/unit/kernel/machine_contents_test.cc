// What a machine's programs and files hold: through its calls, and what they cost.

#include <string>

#include "gtest/gtest.h"

#include "server/kernel/file/open_flags.h"
#include "server/kernel/ipc/shm_flags.h"
#include "tests/unit/kernel/traced_machine.h"

namespace memsim {
namespace {

class MachineContentsTest : public TracedMachine {
 protected:
  void Store(Pid pid, VirtualAddress address, absl::string_view bytes) {
    const auto stored = machine_->Store(pid, address, bytes);
    ASSERT_TRUE(stored.ok()) << ErrnoName(stored.error());
    EXPECT_EQ(stored->done, ByteCount(bytes.size()));
    machine_->CheckInvariants();
  }
  static std::string Dotted(std::string bytes) {
    for (char& byte : bytes) byte = byte == 0 ? '.' : byte;
    return bytes;
  }
  std::string Load(Pid pid, VirtualAddress address, std::size_t length) {
    std::string bytes(length, '?');
    const auto loaded = machine_->Load(pid, address, absl::MakeSpan(bytes));
    if (!loaded.ok()) return ErrnoName(loaded.error());
    machine_->CheckInvariants();
    return Dotted(bytes.substr(0, loaded->done.value()));
  }
  std::string Read(int fd, std::size_t length, std::optional<ByteCount> offset = std::nullopt) {
    std::string bytes(length, '?');
    const auto read = machine_->Read(pid_, fd, absl::MakeSpan(bytes), offset);
    machine_->CheckInvariants();
    return read.ok() ? Dotted(bytes.substr(0, read->value())) : ErrnoName(read.error());
  }
  std::uint64_t Write(int fd, absl::string_view data, std::optional<ByteCount> offset = std::nullopt) {
    const auto written = machine_->Write(pid_, fd, ByteCount(data.size()), offset, data);
    machine_->CheckInvariants();
    return written.ok() ? written->value() : 0;
  }
  int OpenFd(absl::string_view path, std::uint32_t flags = kOpenReadWrite | kOpenCreate) {
    return *machine_->Open(pid_, path, flags);
  }
};

TEST_F(MachineContentsTest, TwoProcessesTalkThroughSharedMemory) {
  const VirtualAddress address = Map(1, kReadWrite, kMapShared | kMapAnonymous);
  const Pid child = *machine_->Clone(pid_, 0);
  Store(pid_, address, "ping");
  EXPECT_EQ(Load(child, address, 4), "ping");
  Store(child, address + ByteCount(1), "o");
  EXPECT_EQ(Load(pid_, address, 4), "pong");
}

TEST_F(MachineContentsTest, SegmentsOfSystemVHoldBytesThatOutliveTheirProcesses) {
  const auto shmid = machine_->Shmget(pid_, 42, ByteCount(4096), kIpcCreate | 0600);
  ASSERT_TRUE(shmid.ok());
  const Pid other = *machine_->Spawn("other");
  const VirtualAddress there = *machine_->Shmat(other, *shmid, VirtualAddress(0), 0);
  Store(other, there, "kept");
  EXPECT_EQ(machine_->ExitGroup(other, 0), Errno::kOk);
  const VirtualAddress here = *machine_->Shmat(pid_, *shmid, VirtualAddress(0), 0);
  EXPECT_EQ(Load(pid_, here, 4), "kept");
}

TEST_F(MachineContentsTest, PosixSharedMemoryIsAFileOfTmpfs) {
  const int fd = OpenFd("/dev/shm/ring");
  EXPECT_EQ(machine_->Ftruncate(pid_, fd, ByteCount(4096)), Errno::kOk);
  const auto address =
      machine_->Mmap(pid_, VirtualAddress(0), ByteCount(4096), kReadWrite, kMapShared, fd, ByteCount(0));
  Store(pid_, *address, "head");
  EXPECT_EQ(Read(fd, 6), "head..");
  EXPECT_EQ(Write(fd, "tail", ByteCount(4)), 4U);
  EXPECT_EQ(Load(pid_, *address, 9), "headtail.");
}

TEST_F(MachineContentsTest, ReadsAndWritesGoOnWhereTheLastOneEnded) {
  const int fd = OpenFd("/log");
  EXPECT_EQ(Write(fd, "first "), 6U);
  EXPECT_EQ(Write(fd, "second"), 6U);
  EXPECT_EQ(Read(fd, 10), "");
  EXPECT_EQ(Read(fd, 100, ByteCount(3)), "st second");
  EXPECT_EQ(*machine_->Lseek(pid_, fd, 0, 0), ByteCount(0));
  EXPECT_EQ(Read(fd, 6) + Read(fd, 100), "first second");
  // Of bytes that nobody told.
  EXPECT_EQ(*machine_->Write(pid_, fd, ByteCount(4), ByteCount(1)), ByteCount(4));
  EXPECT_EQ(Read(fd, 7, ByteCount(0)), "f.... s");
}

TEST_F(MachineContentsTest, ReadChecksInLinuxsOrder) {
  const int fd = OpenFd("/f", kOpenWriteOnly | kOpenCreate);
  EXPECT_EQ(Read(fd, 1), "EBADF");
  EXPECT_EQ(Read(77, 1), "EBADF");
  EXPECT_EQ(Read(77, 1, ByteCount(UINT64_MAX)), "EINVAL") << "the offset is looked at first";
  EXPECT_EQ(machine_->Mknod("/pipe", FileKind::kPipe, ByteCount(0)), Errno::kOk);
  EXPECT_EQ(machine_->Mknod("/dir", FileKind::kDirectory, ByteCount(0)), Errno::kOk);
  EXPECT_EQ(machine_->Mknod("/dev/zero", FileKind::kZeroDevice, ByteCount(0)), Errno::kOk);
  EXPECT_EQ(machine_->Mknod("/dev/null", FileKind::kDevice, ByteCount(0)), Errno::kOk);
  EXPECT_EQ(Read(OpenFd("/pipe", kOpenReadWrite), 1, ByteCount(0)), "ESPIPE");
  EXPECT_EQ(Read(OpenFd("/dir", kOpenReadOnly), 1), "EISDIR");
  EXPECT_EQ(Read(OpenFd("/dev/zero", kOpenReadOnly), 3), "...");
  EXPECT_EQ(Read(OpenFd("/dev/null", kOpenReadOnly), 3), "");
}

TEST_F(MachineContentsTest, AReadMakesNoPagesOfSharedMemoryAndReadsThoseOfTheDisk) {
  const int shm = OpenFd("/dev/shm/hole");
  const int disk = OpenFd("/hole");
  for (const int fd : {shm, disk}) EXPECT_EQ(machine_->Ftruncate(pid_, fd, ByteCount(8192)), Errno::kOk);
  const auto count = [this](absl::string_view name) {
    for (const CounterSample& sample : machine_->ReadCounters()) {
      if (sample.info->name == name) return sample.value;
    }
    return std::int64_t{-1};
  };
  const std::int64_t before = count("nr_file_pages");
  EXPECT_EQ(Read(shm, 4, ByteCount(4094)), "....");
  EXPECT_EQ(count("nr_file_pages"), before);
  const Nanoseconds start = machine_->now();
  EXPECT_EQ(Read(disk, 4, ByteCount(4094)), "....");
  EXPECT_EQ(count("nr_file_pages"), before + 2);
  EXPECT_GT(machine_->now() - start, kDefaultCosts.device_read * 2) << "each page waits for the disk";
}

TEST_F(MachineContentsTest, OnlyWhoLivesLoadsAndStores) {
  EXPECT_EQ(Load(Pid(99), VirtualAddress(0), 1), "ESRCH");
  EXPECT_EQ(machine_->Store(Pid(99), VirtualAddress(0), "a").error(), Errno::kSrch);
}

TEST_F(MachineContentsTest, ExecLeavesNothingBehind) {
  const VirtualAddress address = Map(1);
  Store(pid_, address, "secret");
  const ByteCount with_bytes = machine_->HostMemory();
  ExecImage image;
  image.path = "/bin/program";
  image.mappings = {{address, address + ByteCount(4096), kReadWrite, kMapPrivate, ByteCount(0), ""}};
  ASSERT_EQ(machine_->Execve(pid_, image), Errno::kOk);
  EXPECT_EQ(Load(pid_, address, 6), "......");
  EXPECT_LT(machine_->HostMemory() + ByteCount(2048), with_bytes + ByteCount(4096));
}

TEST_F(MachineContentsTest, AFrameThatWasFreedIsZeroForItsNextOwner) {
  for (int round = 0; round < 3; ++round) {
    const VirtualAddress address = Map(64);
    for (std::uint64_t page = 0; page < 64; ++page) {
      EXPECT_EQ(Load(pid_, address + ToBytes(PageCount(page)), 2), "..");
      Store(pid_, address + ToBytes(PageCount(page)), "ab");
    }
    EXPECT_EQ(machine_->Munmap(pid_, address, ToBytes(PageCount(64))), Errno::kOk);
  }
}

TEST_F(MachineContentsTest, HostMemoryIsTakenWhereSomethingWasStoredAndGivenBack) {
  const VirtualAddress address = Map(64);
  ASSERT_TRUE(machine_->Touch(pid_, address, AccessKind::kWrite, PageCount(64)).ok());
  const ByteCount before = machine_->HostMemory();
  Store(pid_, address, std::string(16, 'a'));
  EXPECT_GT(machine_->HostMemory(), before + ByteCount(4096));
  EXPECT_LT(machine_->HostMemory(), before + ByteCount(4096 + 256));
  Store(pid_, address + ByteCount(8192), std::string(16, '\0'));
  EXPECT_LT(machine_->HostMemory(), before + ByteCount(4096 + 256));
  Store(pid_, address, std::string(16, '\0'));
  EXPECT_EQ(machine_->HostMemory(), before);
}

TEST_F(MachineContentsTest, TheStateDigestHasTheBytesAndTheSameCallsGiveTheSameDigest) {
  const auto run = [](absl::string_view bytes) {
    const auto machine = *Machine::Create(MachineSpec());
    machine->BeginCall(std::nullopt);
    const Pid pid = *machine->Spawn("test");
    const auto address =
        machine->Mmap(pid, VirtualAddress(0), ByteCount(4096), kReadWrite, kPrivateAnonymous, -1, ByteCount(0));
    EXPECT_TRUE(machine->Store(pid, *address, bytes).ok());
    return machine->StateDigest();
  };
  EXPECT_EQ(run("abc"), run("abc"));
  EXPECT_NE(run("abc"), run("abd"));
}

TEST_F(MachineContentsTest, BytesThatMoveTakeTimeByTheLine) {
  const VirtualAddress address = Map(1);
  Store(pid_, address, "a");
  const auto time_of = [&](std::size_t length) {
    const Nanoseconds before = machine_->now();
    Store(pid_, address, std::string(length, 'x'));
    return machine_->now() - before;
  };
  EXPECT_EQ(time_of(64), kDefaultCosts.access_line);
  EXPECT_EQ(time_of(4096), kDefaultCosts.access_line * 64);
}

}  // namespace
}  // namespace memsim
