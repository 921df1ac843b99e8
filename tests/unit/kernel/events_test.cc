// What a machine tells of, by calls made by hand.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/kernel/machine.h"
#include "server/kernel/process/clone_flags.h"
#include "server/kernel/procfs/event_text.h"
#include "server/kernel/vm/mman_flags.h"
#include "tests/unit/kernel/traced_machine.h"

namespace memsim {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using EventsTest = TracedMachine;

TEST_F(EventsTest, WhileNobodyListensNothingIsKept) {
  Map(1);
  EXPECT_THAT(Take(), IsEmpty());
}

// --- System calls

TEST_F(EventsTest, ASystemCallTellsOfItsArgumentsAndItsResult) {
  Listen({"syscalls:*"});
  const VirtualAddress address = Map(2);
  EXPECT_EQ(machine_->Munmap(pid_, VirtualAddress(1), kPageSize), Errno::kInval);
  EXPECT_EQ(address, VirtualAddress(0x7ffff7ffd000));
  EXPECT_THAT(Take(),
              ElementsAre("sys_enter_mmap: addr: 0x00000000, len: 0x00002000, prot: 0x00000003, flags: "
                          "0x00000022, fd: 0xffffffffffffffff, off: 0x00000000",
                          "sys_exit_mmap: 0x7ffff7ffd000", "sys_enter_munmap: addr: 0x00000001, len: 0x00001000",
                          "sys_exit_munmap: 0xffffffffffffffea"));
}

TEST_F(EventsTest, EverySystemCallHasItsOwnEvents) {
  Listen({"sys_*"});
  ExecImage image;
  image.path = "/bin/true";
  EXPECT_TRUE(machine_->Brk(pid_, VirtualAddress(0)).ok());
  EXPECT_EQ(machine_->Mprotect(pid_, VirtualAddress(0), ByteCount(0), 0), Errno::kOk);
  EXPECT_FALSE(machine_->Mremap(pid_, VirtualAddress(0), kPageSize, kPageSize, 0, VirtualAddress(0)).ok());
  EXPECT_EQ(machine_->Madvise(pid_, VirtualAddress(0), ByteCount(0), 4), Errno::kOk);
  EXPECT_EQ(machine_->Mlock(pid_, VirtualAddress(0), ByteCount(0)), Errno::kOk);
  EXPECT_EQ(machine_->Mlock2(pid_, VirtualAddress(0), ByteCount(0), 1), Errno::kOk);
  EXPECT_EQ(machine_->Munlock(pid_, VirtualAddress(0), ByteCount(0)), Errno::kOk);
  EXPECT_EQ(machine_->Mlockall(pid_, 2), Errno::kOk);
  EXPECT_EQ(machine_->Munlockall(pid_), Errno::kOk);
  const Machine::AdvisedRange nothing{VirtualAddress(0), ByteCount(0)};
  EXPECT_TRUE(machine_->ProcessMadvise(pid_, pid_, {&nothing, 1}, 20, 0).ok());
  EXPECT_EQ(machine_->Mincore(pid_, VirtualAddress(0), ByteCount(0), std::nullopt).error, Errno::kOk);
  EXPECT_EQ(machine_->Msync(pid_, VirtualAddress(0), ByteCount(0), 4), Errno::kOk);
  EXPECT_EQ(machine_->Mseal(pid_, VirtualAddress(0), ByteCount(0), 0), Errno::kOk);
  EXPECT_EQ(machine_->RemapFilePages(pid_, VirtualAddress(0), ByteCount(0), 0, PageOffset(7), 0), Errno::kInval);
  EXPECT_EQ(*machine_->PkeyAlloc(pid_, 0, 2), 1U);
  EXPECT_EQ(machine_->PkeyMprotect(pid_, VirtualAddress(0), ByteCount(0), 0, 1), Errno::kOk);
  EXPECT_EQ(machine_->PkeyFree(pid_, 1), Errno::kOk);
  EXPECT_EQ(machine_->Mbind(pid_, {}), Errno::kOk);
  EXPECT_EQ(machine_->SetMempolicy(pid_, 4, {std::nullopt, {}, 3}), Errno::kOk);
  GetMempolicyArguments question;
  question.flags = 1;
  EXPECT_EQ(machine_->GetMempolicy(pid_, question).error, Errno::kInval);
  EXPECT_EQ(machine_->Cachestat(pid_, {}).error(), Errno::kBadF);
  EXPECT_EQ(*machine_->SetPersonality(pid_, 0x40000), 0U);
  EXPECT_EQ(*machine_->Shmget(pid_, 0, kPageSize, 0600), 0);
  EXPECT_EQ(*machine_->Shmat(pid_, 0, VirtualAddress(0x10000000), 0), VirtualAddress(0x10000000));
  EXPECT_EQ(machine_->Shmdt(pid_, VirtualAddress(0x10000000)), Errno::kOk);
  EXPECT_EQ(machine_->Shmctl(pid_, ShmctlArguments{7, 0}).error(), Errno::kInval);
  EXPECT_TRUE(machine_->Shmctl(pid_, ShmctlArguments{0, 13}).ok());
  EXPECT_EQ(machine_->Setgroups(pid_, {4, 24}), Errno::kOk);
  EXPECT_TRUE(machine_->Setfsuid(pid_, 1).ok());
  EXPECT_TRUE(machine_->Setfsgid(pid_, 2).ok());
  EXPECT_EQ(machine_->Setregid(pid_, std::nullopt, 3), Errno::kOk);
  EXPECT_EQ(machine_->Setresgid(pid_, 4, std::nullopt, 5), Errno::kOk);
  EXPECT_EQ(machine_->Setgid(pid_, 6), Errno::kOk);
  EXPECT_EQ(machine_->Capset(pid_, CapabilitySets()), Errno::kOk);
  EXPECT_TRUE(machine_->Prctl(pid_, 66, {0, 0, 0, 0}).ok());
  EXPECT_EQ(machine_->Setreuid(pid_, std::nullopt, 0), Errno::kOk);
  EXPECT_EQ(machine_->Setresuid(pid_, std::nullopt, 0, std::nullopt), Errno::kOk);
  EXPECT_EQ(machine_->Setuid(pid_, 0), Errno::kOk);
  EXPECT_EQ(machine_->Mknod("/f", FileKind::kRegular, kPageSize), Errno::kOk);
  const int fd = *machine_->Open(pid_, "/f", 2);
  EXPECT_TRUE(machine_->Lseek(pid_, fd, 1, 0).ok());
  EXPECT_TRUE(machine_->Write(pid_, fd, ByteCount(3), std::nullopt).ok());
  EXPECT_TRUE(machine_->Write(pid_, fd, ByteCount(3), ByteCount(9)).ok());
  std::string bytes(5, ' ');
  EXPECT_TRUE(machine_->Read(pid_, fd, absl::MakeSpan(bytes), std::nullopt).ok());
  EXPECT_TRUE(machine_->Read(pid_, fd, absl::MakeSpan(bytes), ByteCount(9)).ok());
  EXPECT_EQ(machine_->Ftruncate(pid_, fd, ByteCount(0)), Errno::kOk);
  EXPECT_TRUE(machine_->Dup(pid_, fd, std::nullopt, 0, 0).ok());
  EXPECT_TRUE(machine_->Dup(pid_, fd, 9, 0, 0).ok());
  EXPECT_TRUE(machine_->Dup(pid_, fd, std::nullopt, 5, 0).ok());
  EXPECT_EQ(*machine_->MemfdCreate(pid_, "x", 0), 2);
  EXPECT_EQ(machine_->Fallocate(pid_, 2, 0, 0, 4096), Errno::kOk);
  EXPECT_EQ(machine_->Close(pid_, fd), Errno::kOk);
  EXPECT_EQ(machine_->Rename("/f", "/g"), Errno::kOk);
  EXPECT_EQ(machine_->Unlink("/f"), Errno::kNoEnt);
  EXPECT_TRUE(machine_->Prlimit64(pid_, 3, std::nullopt).ok());
  EXPECT_TRUE(machine_->Wait4(pid_, Pid(0)).error() == Errno::kChild);
  const Pid child = *machine_->Clone(pid_, 0);
  EXPECT_TRUE(machine_->Clone(pid_, kCloneVm | kCloneVfork).ok());
  EXPECT_TRUE(machine_->Clone(pid_, kCloneFiles).ok());
  EXPECT_EQ(machine_->Execve(child, image), Errno::kOk);
  EXPECT_EQ(machine_->ExitGroup(child, 3), Errno::kOk);
  const std::vector<std::string> events = Take();
  EXPECT_EQ(absl::StrJoin(events, "\n"), R"(sys_enter_brk: brk: 0x00000000
sys_exit_brk: 0x0
sys_enter_mprotect: start: 0x00000000, len: 0x00000000, prot: 0x00000000
sys_exit_mprotect: 0x0
sys_enter_mremap: addr: 0x00000000, old_len: 0x00001000, new_len: 0x00001000, flags: 0x00000000, new_addr: 0x00000000
sys_exit_mremap: 0xfffffffffffffff2
sys_enter_madvise: start: 0x00000000, len_in: 0x00000000, behavior: 0x00000004
sys_exit_madvise: 0x0
sys_enter_mlock: start: 0x00000000, len: 0x00000000
sys_exit_mlock: 0x0
sys_enter_mlock2: start: 0x00000000, len: 0x00000000, flags: 0x00000001
sys_exit_mlock2: 0x0
sys_enter_munlock: start: 0x00000000, len: 0x00000000
sys_exit_munlock: 0x0
sys_enter_mlockall: flags: 0x00000002
sys_exit_mlockall: 0x0
sys_enter_munlockall: 
sys_exit_munlockall: 0x0
sys_enter_process_madvise: pidfd: 0x00000002, vec: 0x00000000, vlen: 0x00000001, behavior: 0x00000014, flags: 0x00000000
sys_exit_process_madvise: 0x0
sys_enter_mincore: start: 0x00000000, len: 0x00000000, vec: 0x00000000
sys_exit_mincore: 0x0
sys_enter_msync: start: 0x00000000, len: 0x00000000, flags: 0x00000004
sys_exit_msync: 0x0
sys_enter_mseal: start: 0x00000000, len: 0x00000000, flags: 0x00000000
sys_exit_mseal: 0x0
sys_enter_remap_file_pages: start: 0x00000000, size: 0x00000000, prot: 0x00000000, pgoff: 0x00000007, flags: 0x00000000
sys_exit_remap_file_pages: 0xffffffffffffffea
sys_enter_pkey_alloc: flags: 0x00000000, init_val: 0x00000002
sys_exit_pkey_alloc: 0x1
sys_enter_pkey_mprotect: start: 0x00000000, len: 0x00000000, prot: 0x00000000, pkey: 0x00000001
sys_exit_pkey_mprotect: 0x0
sys_enter_pkey_free: pkey: 0x00000001
sys_exit_pkey_free: 0x0
sys_enter_mbind: start: 0x00000000, len: 0x00000000, mode: 0x00000000, nmask: 0x00000000, maxnode: 0x00000000, flags: 0x00000000
sys_exit_mbind: 0x0
sys_enter_set_mempolicy: mode: 0x00000004, nmask: 0x00000000, maxnode: 0x00000003
sys_exit_set_mempolicy: 0x0
sys_enter_get_mempolicy: policy: 0x00000000, nmask: 0x00000000, maxnode: 0x00000000, addr: 0x00000000, flags: 0x00000001
sys_exit_get_mempolicy: 0xffffffffffffffea
sys_enter_cachestat: fd: 0x00000000, cstat_range: 0x00000000, cstat: 0x00000000, flags: 0x00000000
sys_exit_cachestat: 0xfffffffffffffff7
sys_enter_personality: personality: 0x00040000
sys_exit_personality: 0x0
sys_enter_shmget: key: 0x00000000, size: 0x00001000, shmflg: 0x00000180
sys_exit_shmget: 0x0
sys_enter_shmat: shmid: 0x00000000, shmaddr: 0x10000000, shmflg: 0x00000000
sys_exit_shmat: 0x10000000
sys_enter_shmdt: shmaddr: 0x10000000
sys_exit_shmdt: 0x0
sys_enter_shmctl: shmid: 0x00000007, cmd: 0x00000000, buf: 0x00000000
sys_exit_shmctl: 0xffffffffffffffea
sys_enter_shmctl: shmid: 0x00000000, cmd: 0x0000000d, buf: 0x00000000
sys_exit_shmctl: 0x0
sys_enter_setgroups: gidsetsize: 0x00000002, grouplist: 0x00000000
sys_exit_setgroups: 0x0
sys_enter_setfsuid: uid: 0x00000001
sys_exit_setfsuid: 0x0
sys_enter_setfsgid: gid: 0x00000002
sys_exit_setfsgid: 0x0
sys_enter_setregid: rgid: 0xffffffff, egid: 0x00000003
sys_exit_setregid: 0x0
sys_enter_setresgid: rgid: 0x00000004, egid: 0xffffffff, sgid: 0x00000005
sys_exit_setresgid: 0x0
sys_enter_setgid: gid: 0x00000006
sys_exit_setgid: 0x0
sys_enter_capset: header: 0x00000000, data: 0x00000000
sys_exit_capset: 0x0
sys_enter_prctl: option: 0x00000042, arg2: 0x00000000, arg3: 0x00000000, arg4: 0x00000000, arg5: 0x00000000
sys_exit_prctl: 0x0
sys_enter_setreuid: ruid: 0xffffffff, euid: 0x00000000
sys_exit_setreuid: 0x0
sys_enter_setresuid: ruid: 0xffffffff, euid: 0x00000000, suid: 0xffffffff
sys_exit_setresuid: 0x0
sys_enter_setuid: uid: 0x00000000
sys_exit_setuid: 0x0
sys_enter_open: filename: "/f", flags: 0x00000002, mode: 0x00000000
sys_exit_open: 0x0
sys_enter_lseek: fd: 0x00000000, offset: 0x00000001, whence: 0x00000000
sys_exit_lseek: 0x1
sys_enter_write: fd: 0x00000000, buf: 0x00000000, count: 0x00000003
sys_exit_write: 0x3
sys_enter_pwrite64: fd: 0x00000000, buf: 0x00000000, count: 0x00000003, pos: 0x00000009
sys_exit_pwrite64: 0x3
sys_enter_read: fd: 0x00000000, buf: 0x00000000, count: 0x00000005
sys_exit_read: 0x5
sys_enter_pread64: fd: 0x00000000, buf: 0x00000000, count: 0x00000005, pos: 0x00000009
sys_exit_pread64: 0x5
sys_enter_ftruncate: fd: 0x00000000, length: 0x00000000
sys_exit_ftruncate: 0x0
sys_enter_dup: fildes: 0x00000000
sys_exit_dup: 0x1
sys_enter_dup3: oldfd: 0x00000000, newfd: 0x00000009, flags: 0x00000000
sys_exit_dup3: 0x9
sys_enter_fcntl: fd: 0x00000000, cmd: 0x00000000, arg: 0x00000005
sys_exit_fcntl: 0x5
sys_enter_memfd_create: uname: "x", flags: 0x00000000
sys_exit_memfd_create: 0x2
sys_enter_fallocate: fd: 0x00000002, mode: 0x00000000, offset: 0x00000000, len: 0x00001000
sys_exit_fallocate: 0x0
sys_enter_close: fd: 0x00000000
sys_exit_close: 0x0
sys_enter_rename: oldname: "/f", newname: "/g"
sys_exit_rename: 0x0
sys_enter_unlink: pathname: "/f"
sys_exit_unlink: 0xfffffffffffffffe
sys_enter_prlimit64: pid: 0x00000000, resource: 0x00000003, new_rlim: 0x00000000, old_rlim: 0x00000000
sys_exit_prlimit64: 0x0
sys_enter_wait4: upid: 0xffffffffffffffff, stat_addr: 0x00000000, options: 0x00000001, ru: 0x00000000
sys_exit_wait4: 0xfffffffffffffff6
sys_enter_fork: 
sys_exit_fork: 0x3
sys_enter_vfork: 
sys_exit_vfork: 0x4
sys_enter_clone: clone_flags: 0x00000400, newsp: 0x00000000, parent_tidptr: 0x00000000, child_tidptr: 0x00000000, tls: 0x00000000
sys_exit_clone: 0x5
sys_enter_execve: filename: "/bin/true", argv: 0x00000000, envp: 0x00000000
sys_exit_execve: 0x0
sys_enter_exit_group: error_code: 0x00000003)");
}

TEST_F(EventsTest, WhoDoesNotLiveMakesNoSystemCall) {
  Listen({"syscalls:*"});
  EXPECT_EQ(machine_->Brk(Pid(99), VirtualAddress(0)).error(), Errno::kSrch);
  EXPECT_THAT(Take(), IsEmpty());
}

TEST_F(EventsTest, EventsBearTheirTimeTheirCpuAndTheirTask) {
  Listen({"sys_enter_brk"});
  machine_->AdvanceTime(Nanoseconds(1000));
  machine_->BeginCall(CpuId(1));
  const Nanoseconds before = machine_->now();
  EXPECT_TRUE(machine_->Brk(pid_, VirtualAddress(0)).ok());
  const TraceBatch batch = machine_->TakeEvents();
  ASSERT_EQ(batch.records.size(), 1U);
  EXPECT_GT(batch.records[0].time, before) << "it took time to enter the kernel";
  EXPECT_LE(batch.records[0].time, machine_->now());
  EXPECT_EQ(batch.records[0].cpu, CpuId(1));
  EXPECT_EQ(batch.records[0].pid, pid_);
  EXPECT_EQ(EventComm(batch, batch.records[0]), "test");
}

// --- Tasks

TEST_F(EventsTest, ACpuThatGoesOnWithAnotherTaskTellsOfBoth) {
  Listen({"sched:sched_switch"});
  machine_->BeginCall(CpuId(1));
  const Pid other = *machine_->Clone(pid_, 0);
  EXPECT_TRUE(machine_->Brk(pid_, VirtualAddress(0)).ok());
  EXPECT_TRUE(machine_->Brk(pid_, VirtualAddress(0)).ok());
  EXPECT_TRUE(machine_->Brk(other, VirtualAddress(0)).ok());
  EXPECT_EQ(machine_->ExitGroup(other, 0), Errno::kOk);
  EXPECT_TRUE(machine_->Brk(pid_, VirtualAddress(0)).ok());
  const std::string me = absl::StrCat("test next_pid=", pid_.value());
  EXPECT_THAT(
      Take(),
      ElementsAre(
          absl::StrCat("sched_switch: prev_comm=swapper/1 prev_pid=0 prev_prio=120 prev_state=R ==> next_comm=", me,
                       " next_prio=120"),
          absl::StrCat("sched_switch: prev_comm=test prev_pid=", pid_.value(),
                       " prev_prio=120 prev_state=R ==> next_comm=test next_pid=", other.value(), " next_prio=120"),
          absl::StrCat("sched_switch: prev_comm=test prev_pid=", other.value(),
                       " prev_prio=120 prev_state=Z ==> next_comm=", me, " next_prio=120")));
}

// --- Who listens changes nothing

TEST_F(EventsTest, TheSameCallsLeaveTheSameDigestWhoeverListens) {
  std::vector<std::string> digests;
  for (const char* pattern : {"nobody", "*", "kmem:*"}) {
    MachineSpec spec;
    spec.memory = ByteCount(64ULL << 20);
    const auto machine = *Machine::Create(spec);
    machine->ListenTo(MatchTracepoints(pattern));
    const Pid pid = *machine->Spawn("test");
    const auto address =
        machine->Mmap(pid, VirtualAddress(0), ToBytes(PageCount(64)), kReadWrite, kPrivateAnonymous, -1, ByteCount(0));
    EXPECT_TRUE(machine->Touch(pid, *address, AccessKind::kWrite, PageCount(64)).ok());
    const Pid child = *machine->Clone(pid, 0);
    EXPECT_TRUE(machine->Touch(child, *address, AccessKind::kWrite, PageCount(64)).ok());
    EXPECT_EQ(machine->ExitGroup(child, 0), Errno::kOk);
    EXPECT_EQ(machine->Munmap(pid, *address, ToBytes(PageCount(64))), Errno::kOk);
    digests.push_back(absl::StrCat(machine->StateDigest(), " at ", machine->now().value()));
  }
  EXPECT_EQ(digests[0], digests[1]);
  EXPECT_EQ(digests[0], digests[2]);
}

}  // namespace
}  // namespace memsim
