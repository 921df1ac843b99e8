// Shared memory between the processes of a machine: System V's, and POSIX's, which is files below /dev/shm.

#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"

#include "server/kernel/ipc/shm_flags.h"
#include "server/kernel/machine.h"

namespace memsim {
namespace {

constexpr VirtualAddress kPlace{1ULL << 44};

class ShmMachineTest : public testing::Test {
 protected:
  ShmMachineTest() {
    MachineSpec spec;
    spec.memory = ByteCount(64ULL << 20);
    machine_ = *Machine::Create(spec);
    first_ = *machine_->Spawn("first");
    second_ = *machine_->Spawn("second");
  }
  void TearDown() override { machine_->CheckInvariants(); }

  ShmidDs Stat(std::int32_t id) {
    const auto command = static_cast<std::int32_t>(ShmCommand::kIpcStat);
    return std::get<ShmidDs>(machine_->Shmctl(first_, ShmctlArguments{id, command})->buffer);
  }
  bool Exists(std::int32_t id) {
    const auto command = static_cast<std::int32_t>(ShmCommand::kShmStatAny);
    return machine_->Shmctl(first_, ShmctlArguments{id, command}).ok();
  }
  Errno Remove(std::int32_t id) { return machine_->Shmctl(first_, ShmctlArguments{id, 0}).error(); }
  std::uint64_t Faults(Pid pid, VirtualAddress address, AccessKind access, std::uint64_t pages) {
    const ErrnoOr<AccessResult> touched = machine_->Touch(pid, address, access, PageCount(pages));
    EXPECT_FALSE(touched->signal.has_value());
    machine_->CheckInvariants();
    return touched->minor_faults;
  }
  // The first line of a process's maps.
  std::string FirstMapping(Pid pid) {
    const std::string maps = *machine_->ReadProc(absl::StrCat(pid.value(), "/maps"));
    return maps.substr(0, maps.find('\n'));
  }

  std::unique_ptr<Machine> machine_;
  Pid first_;
  Pid second_;
};

TEST_F(ShmMachineTest, TwoProcessesShareTheSamePages) {
  const std::int32_t id = *machine_->Shmget(first_, 42, ByteCount(12289), kIpcCreate | 0600);
  EXPECT_EQ(*machine_->Shmget(second_, 42, ByteCount(0), 0), id);
  EXPECT_EQ(*machine_->Shmat(first_, id, kPlace, 0), kPlace);
  const VirtualAddress other = *machine_->Shmat(second_, id, VirtualAddress(0), kShmReadOnly);
  EXPECT_EQ(Faults(first_, kPlace, AccessKind::kWrite, 4), 4U);
  EXPECT_EQ(Faults(second_, other, AccessKind::kRead, 4), 4U);
  EXPECT_EQ(Faults(second_, other, AccessKind::kRead, 4), 0U);
  const ShmidDs stat = Stat(id);
  EXPECT_EQ(stat.attach_count, 2U);
  EXPECT_EQ(stat.creator, first_);
  EXPECT_EQ(stat.last, second_);
  EXPECT_EQ(FirstMapping(first_),
            "100000000000-100000004000 rw-s 00000000 00:01 0                          /SYSV0000002a (deleted)");
}

TEST_F(ShmMachineTest, TheInodeOfAMappingIsTheSegmentsId) {
  for (int i = 0; i < 64; ++i) EXPECT_EQ(Remove(*machine_->Shmget(first_, 0, kPageSize, 0600)), Errno::kOk);
  const std::int32_t id = *machine_->Shmget(first_, 0, kPageSize, 0600);
  EXPECT_EQ(*machine_->Shmat(first_, id, kPlace, 0), kPlace);
  EXPECT_EQ(FirstMapping(first_),
            "100000000000-100000001000 rw-s 00000000 00:01 32768                      /SYSV00000000 (deleted)");
}

TEST_F(ShmMachineTest, ForkAttachesAndExitDetaches) {
  const std::int32_t id = *machine_->Shmget(first_, 0, kPageSize, 0600);
  EXPECT_EQ(*machine_->Shmat(first_, id, kPlace, 0), kPlace);
  const Pid child = *machine_->Clone(first_, 0);
  EXPECT_EQ(Stat(id).attach_count, 2U);
  EXPECT_EQ(Stat(id).last, first_) << "the parent makes its child's mappings";
  EXPECT_EQ(Remove(id), Errno::kOk);
  EXPECT_EQ(machine_->ExitGroup(first_, 0), Errno::kOk);
  EXPECT_EQ(Faults(child, kPlace, AccessKind::kWrite, 1), 1U);
  first_ = child;
  EXPECT_EQ(Stat(id).attach_count, 1U);
  EXPECT_EQ(machine_->ExitGroup(child, 0), Errno::kOk);
  first_ = second_;
  EXPECT_FALSE(Exists(id));
}

TEST_F(ShmMachineTest, AThreadSharesItsProcesssAttachments) {
  constexpr std::uint64_t kThread = 0x100 | 0x400 | 0x800 | 0x10000;  // VM, FILES, SIGHAND, THREAD
  const std::int32_t id = *machine_->Shmget(first_, 0, kPageSize, 0600);
  const Pid thread = *machine_->Clone(first_, kThread);
  EXPECT_EQ(*machine_->Shmat(thread, id, kPlace, 0), kPlace);
  EXPECT_EQ(Stat(id).attach_count, 1U);
  EXPECT_EQ(Stat(id).last, first_) << "the thread group";
  EXPECT_EQ(machine_->Shmdt(first_, kPlace), Errno::kOk);
  EXPECT_EQ(Stat(id).attach_count, 0U);
}

TEST_F(ShmMachineTest, WhoATaskIsDecidesWhatItMay) {
  const std::int32_t id = *machine_->Shmget(first_, 42, kPageSize, kIpcCreate | 0640);
  const auto lock = static_cast<std::int32_t>(ShmCommand::kShmLock);
  const Pid member = *machine_->Clone(second_, 0);
  EXPECT_EQ(machine_->Setgroups(member, {0}), Errno::kOk);
  for (const Pid pid : {second_, member}) {
    EXPECT_EQ(machine_->Setgid(pid, 65533), Errno::kOk);
    EXPECT_EQ(machine_->Setuid(pid, 65534), Errno::kOk);
  }
  EXPECT_EQ(machine_->Shmat(second_, id, kPlace, kShmReadOnly).error(), Errno::kAcces);
  EXPECT_EQ(machine_->Shmget(second_, 42, kPageSize, 0400).error(), Errno::kAcces);
  EXPECT_EQ(machine_->Shmget(second_, 0, kPageSize, kShmHugeTlb | 0600).error(), Errno::kPerm);
  EXPECT_EQ(machine_->Shmctl(second_, ShmctlArguments{id, 0}).error(), Errno::kPerm);
  EXPECT_EQ(machine_->Shmctl(second_, ShmctlArguments{id, lock}).error(), Errno::kPerm);
  EXPECT_EQ(machine_->Shmat(member, id, kPlace, 0).error(), Errno::kAcces);
  EXPECT_EQ(*machine_->Shmat(member, id, kPlace, kShmReadOnly), kPlace) << "a member of the segment's group";
  const ShmidDs stat = Stat(*machine_->Shmget(second_, 0, kPageSize, 0));
  EXPECT_EQ(stat.permission.uid, 65534U);
  EXPECT_EQ(stat.permission.creator_uid, 65534U);
  EXPECT_EQ(stat.permission.gid, 65533U);
  EXPECT_EQ(machine_->Shmat(second_, stat.permission.id, kPlace, 0).error(), Errno::kAcces) << "its own, of mode 0";
  // Below vm.mmap_min_addr, as mmap.
  const std::int32_t own = *machine_->Shmget(second_, 0, kPageSize, 0600);
  EXPECT_EQ(machine_->Shmat(second_, own, VirtualAddress(1), kShmRound).error(), Errno::kPerm);
  EXPECT_EQ(*machine_->Shmat(first_, own, VirtualAddress(1), kShmRound), VirtualAddress(0));
}

TEST_F(ShmMachineTest, ExecDetaches) {
  const std::int32_t id = *machine_->Shmget(first_, 0, kPageSize, 0600);
  EXPECT_EQ(*machine_->Shmat(second_, id, kPlace, 0), kPlace);
  EXPECT_EQ(Remove(id), Errno::kOk);
  ExecImage image;
  image.path = "/bin/true";
  EXPECT_EQ(machine_->Execve(second_, image), Errno::kOk);
  EXPECT_FALSE(Exists(id));
}

TEST_F(ShmMachineTest, WhoDiesOfMemoryIsDetachedAsItself) {
  const std::int32_t id = *machine_->Shmget(first_, 0, kPageSize, 0600);
  EXPECT_EQ(*machine_->Shmat(second_, id, kPlace, 0), kPlace);
  constexpr ByteCount kMuch{1ULL << 30};
  constexpr std::uint64_t kPrivateAnonymous = 0x22 | 0x4000;
  const VirtualAddress big = *machine_->Mmap(second_, VirtualAddress(0), kMuch, 3, kPrivateAnonymous, -1, ByteCount(0));
  const VirtualAddress small =
      *machine_->Mmap(first_, VirtualAddress(0), kMuch, 3, kPrivateAnonymous, -1, ByteCount(0));
  EXPECT_FALSE(machine_->Touch(second_, big, AccessKind::kWrite, PageCount(9000))->signal.has_value());
  // Another's call ends it.
  EXPECT_FALSE(machine_->Touch(first_, small, AccessKind::kWrite, PageCount(8000))->signal.has_value());
  EXPECT_EQ(Stat(id).attach_count, 0U);
  EXPECT_EQ(Stat(id).last, second_);
}

TEST_F(ShmMachineTest, ProcShowsSegmentsAndLimits) {
  const std::int32_t id = *machine_->Shmget(first_, -42, ByteCount(5000), kIpcCreate | 0640);
  EXPECT_EQ(*machine_->Shmat(second_, id, kPlace, 0), kPlace);
  EXPECT_EQ(Faults(second_, kPlace, AccessKind::kWrite, 1), 1U);
  EXPECT_EQ(
      *machine_->ReadProc("sysvipc/shm"),
      "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      "
      "dtime      ctime                   rss                  swap\n"
      "       -42          0   640                  5000     2     3      1     0     0     0     0 1767225600     "
      "     0 1767225600                  4096                     0\n");
  EXPECT_EQ(*machine_->ReadProc("/proc/sys/kernel/shmmax"), "18446744073692774399\n");
  EXPECT_EQ(*machine_->ReadProc("sys/kernel/shmall"), "18446744073692774399\n");
  EXPECT_EQ(*machine_->ReadProc("sys/kernel/shmmni"), "4096\n");
}

TEST_F(ShmMachineTest, CallsOfNobodyAreNoCalls) {
  const Pid nobody(99);
  EXPECT_EQ(machine_->Shmget(nobody, 0, kPageSize, 0600).error(), Errno::kSrch);
  EXPECT_EQ(machine_->Shmat(nobody, 0, kPlace, 0).error(), Errno::kSrch);
  EXPECT_EQ(machine_->Shmdt(nobody, kPlace), Errno::kSrch);
  EXPECT_EQ(machine_->Shmctl(nobody, ShmctlArguments()).error(), Errno::kSrch);
}

TEST_F(ShmMachineTest, SegmentsAreStateOfTheMachine) {
  const std::string before = machine_->StateDigest();
  const std::uint64_t host_memory = machine_->HostMemory().value();
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(machine_->Shmget(first_, 0, kPageSize, 0600).ok());
  EXPECT_NE(machine_->StateDigest(), before);
  EXPECT_GE(machine_->HostMemory().value(), host_memory + 100 * sizeof(ShmidDs));
  const std::string with_segments = machine_->StateDigest();
  EXPECT_FALSE(machine_->Shmctl(first_, ShmctlArguments{5, 99}).ok());
  const auto lock = static_cast<std::int32_t>(ShmCommand::kShmLock);
  EXPECT_TRUE(machine_->Shmctl(first_, ShmctlArguments{5, lock}).ok());
  EXPECT_NE(machine_->StateDigest(), with_segments);
}

// --- POSIX

TEST_F(ShmMachineTest, AFileBelowDevShmIsSharedMemory) {
  constexpr std::uint32_t kCreate = kOpenReadWrite | kOpenCreate | kOpenExclusive | kOpenCloseOnExec;
  constexpr std::uint64_t kShared = 1;
  const int fd = *machine_->Open(first_, "/dev/shm/name", kCreate);
  EXPECT_EQ(machine_->Open(second_, "/dev/shm/name", kCreate).error(), Errno::kExist);
  EXPECT_EQ(machine_->Ftruncate(first_, fd, ByteCount(10000)), Errno::kOk);
  EXPECT_EQ(*machine_->Mmap(first_, kPlace, ByteCount(10000), 3, kShared | 0x10, fd, ByteCount(0)), kPlace);
  const int other_fd = *machine_->Open(second_, "/dev/shm/name", kOpenReadWrite);
  const VirtualAddress other =
      *machine_->Mmap(second_, VirtualAddress(0), ByteCount(10000), 3, kShared, other_fd, ByteCount(0));
  EXPECT_EQ(Faults(first_, kPlace, AccessKind::kWrite, 3), 3U);
  EXPECT_EQ(Faults(second_, other, AccessKind::kRead, 1), 1U);
  EXPECT_EQ(Faults(second_, other, AccessKind::kWrite, 3), 0U) << "the load mapped what was there, for stores too";
  EXPECT_EQ(machine_->Unlink("/dev/shm/name"), Errno::kOk);
  EXPECT_EQ(machine_->Close(first_, fd), Errno::kOk);
  EXPECT_EQ(machine_->Open(second_, "/dev/shm/name", kOpenReadWrite).error(), Errno::kNoEnt);
  EXPECT_TRUE(absl::EndsWith(FirstMapping(first_), " /dev/shm/name (deleted)")) << FirstMapping(first_);
  EXPECT_EQ(Faults(first_, kPlace, AccessKind::kWrite, 3), 0U);
  // shmdt is not for it.
  EXPECT_EQ(machine_->Shmdt(first_, kPlace), Errno::kInval);
  EXPECT_EQ(machine_->Munmap(first_, kPlace, ByteCount(10000)), Errno::kOk);
  EXPECT_EQ(machine_->Ftruncate(second_, other_fd, ByteCount(4096)), Errno::kOk);
  EXPECT_EQ(machine_->Touch(second_, other + kPageSize, AccessKind::kRead, PageCount(1))->signal->number,
            SignalNumber::kBus);
}

}  // namespace
}  // namespace memsim
