// How tasks begin, end and are buried.

#include "server/kernel/process/tasks.h"

#include "gtest/gtest.h"

#include "server/kernel/process/clone_flags.h"
#include "tests/unit/kernel/process/tasks_fixture.h"

namespace memsim {
namespace {

constexpr std::uint64_t kThread = kCloneVm | kCloneSighand | kCloneThread;

class TasksTest : public BootedTasks {
 protected:
  // How many tasks use a task's memory.
  bool ShareMemory(Pid a, Pid b) const { return TaskOf(a).mm == TaskOf(b).mm; }
};

TEST_F(TasksTest, InitIsTheFirstTaskAndCannotExit) {
  EXPECT_EQ(Census(), "1:alive");
  EXPECT_EQ(TaskOf(kInitPid).comm, "init");
  EXPECT_EQ(Exit(kInitPid), "EPERM");
  EXPECT_EQ(Wait(kInitPid), "ECHILD");
}

TEST_F(TasksTest, ASpawnedTaskIsInitsChildWithNothingMapped) {
  const Pid pid = Spawn("a name that is too long");
  EXPECT_EQ(pid, Pid(2));
  EXPECT_EQ(TaskOf(pid).comm, "a name that is ");
  EXPECT_EQ(TaskOf(pid).parent, kInitPid);
  EXPECT_EQ(tasks_.SpaceOf(TaskOf(pid)).map_count(), 0U);
  EXPECT_EQ(tasks_.SpaceOf(TaskOf(pid)).layout.mmap_base, kMmapBase);
  EXPECT_EQ(tasks_.LimitsOf(TaskOf(pid))[Resource::kStack].current, 8ULL << 20);
}

// --- clone

TEST_F(TasksTest, ThreadsShareSignalHandlersWhichShareMemory) {
  const Pid pid = Spawn();
  EXPECT_EQ(TryClone(pid, kCloneThread), "EINVAL");
  EXPECT_EQ(TryClone(pid, kCloneThread | kCloneVm), "EINVAL");
  EXPECT_EQ(TryClone(pid, kCloneSighand), "EINVAL");
  EXPECT_EQ(TryClone(pid, kThread), "3");
  EXPECT_EQ(TryClone(Pid(99), 0), "ESRCH");
}

TEST_F(TasksTest, AForkIsAProcessOfItsOwn) {
  const Pid parent = Spawn("shell");
  const Pid child = Clone(parent);
  EXPECT_EQ(TaskOf(child).tgid, child);
  EXPECT_EQ(TaskOf(child).parent, parent);
  EXPECT_EQ(TaskOf(child).comm, "shell");
  EXPECT_FALSE(ShareMemory(parent, child));
  EXPECT_NE(TaskOf(child).files, TaskOf(parent).files);
  tasks_.LimitsOf(TaskOf(child))[Resource::kAs].current = 5;
  EXPECT_EQ(tasks_.LimitsOf(TaskOf(parent))[Resource::kAs].current, kRlimInfinity);
  EXPECT_EQ(TaskOf(child).faults, FaultTally());
}

TEST_F(TasksTest, AThreadHasItsGroupsMemoryLimitsAndParent) {
  const Pid leader = Clone(Spawn());
  const Pid thread = Clone(leader, kThread | kCloneFiles);
  EXPECT_EQ(TaskOf(thread).tgid, leader);
  EXPECT_EQ(TaskOf(thread).parent, Pid(2));
  EXPECT_TRUE(ShareMemory(leader, thread));
  EXPECT_EQ(TaskOf(thread).files, TaskOf(leader).files);
  EXPECT_EQ(&tasks_.LimitsOf(TaskOf(thread)), &tasks_.LimitsOf(TaskOf(leader)));
  // What it forks is the group's child.
  const Pid child = Clone(thread);
  EXPECT_EQ(TaskOf(child).parent, leader);
  EXPECT_EQ(Exit(child), "OK");
  EXPECT_EQ(Wait(leader), "5");
}

TEST_F(TasksTest, ACloneOfTheParentIsASiblingAndInitHasNone) {
  const Pid parent = Spawn();
  const Pid child = Clone(parent);
  EXPECT_EQ(TaskOf(Clone(child, kCloneParent)).parent, parent);
  EXPECT_EQ(TryClone(kInitPid, kCloneParent), "EINVAL");
}

TEST_F(TasksTest, VforkBorrowsTheMemoryUntilTheChildExits) {
  const Pid parent = Spawn();
  FillPages(parent, 0, 4);
  const PageCount before = world_.pages.pages_of(PageOwner::kAnonymous);
  const Pid child = Clone(parent, kCloneVm | kCloneVfork);
  EXPECT_TRUE(ShareMemory(parent, child));
  EXPECT_EQ(TaskOf(child).tgid, child);
  EXPECT_EQ(Exit(child), "OK");
  EXPECT_EQ(world_.pages.pages_of(PageOwner::kAnonymous), before);
  EXPECT_EQ(tasks_.SpaceOf(TaskOf(parent)).map_count(), 1U);
}

TEST_F(TasksTest, ACloneWithoutMemoryForItLeavesNothing) {
  const Pid parent = Spawn();
  FillPages(parent, 0, 4);
  std::vector<PageFrameNumber> taken;
  while (const auto frame = world_.pages.AllocPages(kGfpKernelAccount, Order(0), PageOwner::kCaller)) {
    taken.push_back(*frame);
  }
  // The stack alone takes four pages, the root one, the tables below it three.
  for (const std::uint64_t room : {0, 3, 4, 5, 7}) {
    for (std::uint64_t i = 0; i < room; ++i) world_.pages.FreePages(taken[i], Order(0));
    EXPECT_EQ(TryClone(parent, 0), "ENOMEM") << room;
    EXPECT_EQ(Census(), "1:alive 2:alive");
    EXPECT_EQ(world_.committed(), 4 + 2 + 33);
    for (std::uint64_t i = 0; i < room; ++i) {
      taken[i] = *world_.pages.AllocPages(kGfpKernelAccount, Order(0), PageOwner::kCaller);
    }
  }
  for (const PageFrameNumber frame : taken) world_.pages.FreePages(frame, Order(0));
  EXPECT_EQ(world_.counters.Get(Counter::kTasks), 2);
}

// --- Pids

TEST_F(TasksTest, PidsGoUpAndAreNotUsedAgainSoon) {
  EXPECT_EQ(Spawn(), Pid(2));
  EXPECT_EQ(Exit(Pid(2)), "OK");
  EXPECT_EQ(Spawn(), Pid(3));
}

TEST_F(TasksTest, AfterTheLastPidTheyStartAt300AndSkipThoseInUse) {
  Pid pid;
  while (pid.value() < Tasks::kPidMax - 2) {
    pid = *tasks_.Spawn("x");
    ASSERT_EQ(tasks_.ExitGroup(pid, 0), Errno::kOk);
  }
  EXPECT_EQ(Spawn(), Pid(Tasks::kPidMax - 1));
  EXPECT_EQ(Spawn(), Pid(Tasks::kReservedPids));
  EXPECT_EQ(Spawn(), Pid(Tasks::kReservedPids + 1));
  while (pid.value() != Tasks::kPidMax - 2) {
    pid = *tasks_.Spawn("x");
    ASSERT_EQ(tasks_.ExitGroup(pid, 0), Errno::kOk);
  }
  // 32767, 300 and 301 live.
  EXPECT_EQ(Spawn(), Pid(302));
}

// --- exit and wait

TEST_F(TasksTest, AZombieHoldsItsTaskAndSignalsUntilItIsWaitedFor) {
  const Pid parent = Spawn();
  const std::string before = world_.Holdings();
  const Pid child = Clone(parent);
  FillPages(child, 0, 600);
  EXPECT_NE(world_.Holdings(), before);
  EXPECT_EQ(Exit(child, 7 << 8), "OK");
  EXPECT_EQ(Census(), "1:alive 2:alive 3:zombie");
  EXPECT_EQ(TaskOf(child).exit_status, 7 << 8);
  EXPECT_EQ(world_.environment.slabs.held_objects(IdOf(KernelCache::kTaskStruct)), 3U);
  EXPECT_EQ(world_.environment.slabs.held_objects(IdOf(KernelCache::kMmStruct)), 2U) << "its memory is gone";
  EXPECT_EQ(Exit(child), "ESRCH");
  EXPECT_EQ(TryClone(child, 0), "ESRCH");
  EXPECT_EQ(Wait(parent), "3");
  EXPECT_EQ(world_.Holdings(), before);
  EXPECT_EQ(Census(), "1:alive 2:alive");
  EXPECT_EQ(Wait(parent), "ECHILD");
}

TEST_F(TasksTest, WaitingFindsNobodyAnyChildOrTheOneThatWasNamed) {
  const Pid parent = Spawn();
  const Pid first = Clone(parent);
  const Pid second = Clone(parent);
  EXPECT_EQ(Wait(parent), "0");
  EXPECT_EQ(Wait(parent, Pid(99)), "ECHILD");
  EXPECT_EQ(Exit(second), "OK");
  EXPECT_EQ(Wait(parent, first), "0");
  EXPECT_EQ(Exit(first), "OK");
  EXPECT_EQ(Wait(parent), "3");
  EXPECT_EQ(Wait(parent, second), "4");
  EXPECT_EQ(Wait(Pid(99)), "ESRCH");
}

TEST_F(TasksTest, AnyThreadWaitsForTheGroupsChildrenAndThreadsAreNobodysChildren) {
  const Pid leader = Spawn();
  const Pid thread = Clone(leader, kThread);
  EXPECT_EQ(Wait(leader), "ECHILD");
  const Pid child = Clone(leader);
  EXPECT_EQ(Exit(child), "OK");
  EXPECT_EQ(Wait(thread), "4");
}

TEST_F(TasksTest, InitsChildrenAreBuriedAtOnce) {
  EXPECT_EQ(Exit(Spawn()), "OK");
  EXPECT_EQ(Census(), "1:alive");
}

TEST_F(TasksTest, OneThreadsExitEndsThemAll) {
  const Pid parent = Spawn();
  const Pid leader = Clone(parent);
  const Pid thread = Clone(leader, kThread);
  Clone(leader, kThread);
  EXPECT_EQ(Exit(thread, 256), "OK");
  EXPECT_EQ(Census(), "1:alive 2:alive 3:zombie");
  EXPECT_EQ(TaskOf(leader).exit_status, 256);
  EXPECT_EQ(world_.counters.Get(Counter::kTasks), 3);
}

// --- exit of one thread

TEST_F(TasksTest, AThreadThatExitsLeavesTheOthersAndItsFaultsStay) {
  const Pid parent = Spawn();
  const Pid leader = Clone(parent);
  const std::string before = world_.Holdings();
  const Pid thread = Clone(leader, kThread);
  FillPages(thread, 0, 3);
  const std::uint64_t faults = TaskOf(thread).faults.minor_faults;
  EXPECT_EQ(ExitThread(thread), "OK");
  EXPECT_EQ(Census(), "1:alive 2:alive 3:alive");
  EXPECT_EQ(TaskOf(leader).faults.minor_faults, faults);
  EXPECT_EQ(ExitThread(thread), "ESRCH");
  EXPECT_NE(world_.Holdings(), before) << "the memory is the process's";
  EXPECT_EQ(Exit(leader), "OK");
  EXPECT_EQ(Wait(parent), "3");
}

TEST_F(TasksTest, AFirstThreadThatExitsWaitsForTheOthersAndItsStatusIsTheProcesss) {
  const Pid parent = Spawn();
  const Pid leader = Clone(parent);
  const Pid thread = Clone(leader, kThread);
  EXPECT_EQ(ExitThread(leader, 7 << 8), "OK");
  EXPECT_EQ(Census(), "1:alive 2:alive 3:zombie 4:alive");
  EXPECT_EQ(Wait(parent), "0") << "the process has not ended";
  EXPECT_EQ(Wait(parent, leader), "0");
  const Pid child = Clone(thread);
  EXPECT_EQ(TaskOf(child).parent, leader);
  EXPECT_EQ(ExitThread(thread, 5 << 8), "OK");
  EXPECT_EQ(TaskOf(leader).exit_status, 7 << 8);
  EXPECT_EQ(TaskOf(child).parent, kInitPid);
  EXPECT_EQ(Wait(parent), "3");
}

TEST_F(TasksTest, ExitGroupAfterTheFirstThreadsExitSetsTheStatus) {
  const Pid parent = Spawn();
  const Pid leader = Clone(parent);
  const Pid thread = Clone(leader, kThread);
  EXPECT_EQ(ExitThread(leader, 7 << 8), "OK");
  EXPECT_EQ(Exit(thread, 5 << 8), "OK");
  EXPECT_EQ(TaskOf(leader).exit_status, 5 << 8);
  EXPECT_EQ(Wait(parent), "3");
}

TEST_F(TasksTest, TheOnlyThreadsExitEndsTheProcess) {
  const Pid parent = Spawn();
  const Pid child = Clone(parent);
  EXPECT_EQ(ExitThread(child, 256), "OK");
  EXPECT_EQ(TaskOf(child).exit_status, 256);
  EXPECT_EQ(Wait(parent), "3");
  EXPECT_EQ(ExitThread(parent), "OK");
  EXPECT_EQ(Census(), "1:alive");
  EXPECT_EQ(ExitThread(kInitPid), "EPERM");
}

TEST_F(TasksTest, AFirstThreadThatHasExitedComesBackByExec) {
  const Pid parent = Spawn();
  const Pid leader = Clone(parent);
  const Pid thread = Clone(leader, kThread);
  EXPECT_EQ(ExitThread(leader), "OK");
  ExecImage image;
  image.path = "/bin/anything";
  EXPECT_EQ(Execve(thread, image), "OK");
  EXPECT_EQ(Census(), "1:alive 2:alive 3:alive");
  EXPECT_EQ(Exit(leader), "OK");
  EXPECT_EQ(Wait(parent), "3");
}

TEST_F(TasksTest, AnEndedFirstThreadOfAnOrphanIsNotBuriedBeforeTheOthers) {
  const Pid parent = Spawn();
  const Pid leader = Clone(parent);
  const Pid thread = Clone(leader, kThread);
  EXPECT_EQ(ExitThread(leader), "OK");
  EXPECT_EQ(Exit(parent), "OK");
  EXPECT_EQ(Census(), "1:alive 3:zombie 4:alive");
  EXPECT_EQ(ExitThread(thread), "OK");
  EXPECT_EQ(Census(), "1:alive");
}

// --- What children inherit

TEST_F(TasksTest, PoliciesAndPersonalitiesAreInheritedAndGoWithTheirTask) {
  const Pid parent = Spawn();
  Mempolicy policy;
  policy.mode = MempolicyMode::kLocal;
  Task& task = *tasks_.FindAlive(parent);
  task.mempolicy = world_.mempolicies.Create(policy);
  task.personality = kAddrNoRandomize;
  const Pid child = Clone(parent);
  const Pid thread = Clone(child, kThread);
  EXPECT_EQ(TaskOf(child).mempolicy, task.mempolicy);
  EXPECT_EQ(TaskOf(thread).personality, kAddrNoRandomize);
  EXPECT_EQ(world_.mempolicies.holders(), 3U);
  EXPECT_EQ(Exit(child), "OK");
  EXPECT_EQ(world_.mempolicies.holders(), 1U);
  ExecImage image;
  image.path = "/bin/anything";
  EXPECT_EQ(Execve(parent, image), "OK");
  EXPECT_EQ(world_.mempolicies.holders(), 1U) << "a program is no reason to forget it";
  const Pid second = Clone(parent, kThread);
  EXPECT_EQ(Execve(second, image), "OK");
  EXPECT_EQ(world_.mempolicies.holders(), 1U);
  EXPECT_EQ(Exit(parent), "OK");
  EXPECT_EQ(world_.mempolicies.holders(), 0U);
}

// --- The OOM killer's favour

TEST_F(TasksTest, AnOomAdjustmentIsOfAllWhoShareTheMemory) {
  const Pid parent = Spawn();
  const Pid forked = Clone(parent);
  const Pid sharer = Clone(parent, kCloneVm);
  const auto set = [this](Pid pid, std::int16_t adjustment, CapabilitySet writer) {
    return ErrnoName(tasks_.SetOomScoreAdj(*tasks_.FindAlive(pid), adjustment, writer));
  };
  EXPECT_EQ(set(parent, 100, CapabilitySet::None()), "OK");
  EXPECT_EQ(TaskOf(sharer).oom_score_adj, 100);
  EXPECT_EQ(TaskOf(forked).oom_score_adj, 0);
  EXPECT_EQ(set(parent, -1, CapabilitySet::None()), "EACCES") << "below what it was given";
  EXPECT_EQ(set(parent, -500, CapabilitySet::All()), "OK");
  EXPECT_EQ(set(sharer, 900, CapabilitySet::None()), "OK");
  EXPECT_EQ(set(parent, -500, CapabilitySet::None()), "OK") << "as low as somebody privileged went";
  EXPECT_EQ(set(parent, -501, CapabilitySet::None()), "EACCES");
  const Pid child = Clone(parent);
  EXPECT_EQ(TaskOf(child).oom_score_adj, -500);
  EXPECT_EQ(TaskOf(child).oom_score_adj_min, -500);
}

TEST_F(TasksTest, OrphansGoToInitWhichBuriesThoseThatHaveEnded) {
  const Pid grandparent = Spawn();
  const Pid parent = Clone(grandparent);
  const Pid living = Clone(parent);
  const Pid dead = Clone(parent);
  EXPECT_EQ(Exit(dead), "OK");
  EXPECT_EQ(Exit(parent), "OK");
  EXPECT_EQ(Census(), "1:alive 2:alive 3:zombie 4:alive");
  EXPECT_EQ(TaskOf(living).parent, kInitPid);
  EXPECT_EQ(Exit(living), "OK");
  EXPECT_EQ(Wait(grandparent), "3");
  EXPECT_EQ(Census(), "1:alive 2:alive");
}

TEST_F(TasksTest, TheThreadsOfAnOrphanAreOrphansToo) {
  const Pid parent = Spawn();
  const Pid leader = Clone(parent);
  const Pid thread = Clone(leader, kThread);
  EXPECT_EQ(Exit(parent), "OK");
  EXPECT_EQ(TaskOf(thread).parent, kInitPid);
  // So its sibling is init's child, and buried at once.
  const Pid sibling = Clone(thread, kCloneParent);
  EXPECT_EQ(TaskOf(sibling).parent, kInitPid);
  EXPECT_EQ(Exit(sibling), "OK");
  EXPECT_EQ(Census(), "1:alive 3:alive 4:alive");
}

TEST_F(TasksTest, ManyProcessesComeAndGoWithoutATrace) {
  const Pid parent = Spawn();
  FillPages(parent, 0, 32);
  // Once, so that everything that is kept for reuse is there.
  Exit(Clone(parent));
  Wait(parent);
  // The parent's pages are its own again only when it has written to them.
  const std::string before = world_.Holdings();
  const ByteCount host_before = tasks_.HostMemory();
  for (int i = 0; i < 50; ++i) {
    const Pid child = Clone(parent);
    Clone(child, kThread);
    FillPages(child, 100, 200);
    EXPECT_EQ(Exit(child), "OK");
    EXPECT_NE(Wait(parent), "0");
  }
  EXPECT_EQ(world_.Holdings(), before);
  EXPECT_LE(tasks_.HostMemory(), host_before + ByteCount(4096));
  EXPECT_EQ(world_.counters.Get(Counter::kProcesses), 2 + 1 + 100);
}

TEST_F(TasksTest, TheDigestTellsTasksApart) {
  const auto digest = [this] {
    Digest d;
    tasks_.DigestTo(d);
    return d.ToHex();
  };
  const std::string before = digest();
  const Pid pid = Spawn();
  EXPECT_NE(digest(), before);
  const std::string with_one = digest();
  tasks_.LimitsOf(TaskOf(pid))[Resource::kAs].current = 1;
  EXPECT_NE(digest(), with_one);
}

using TasksDeathTest = TasksTest;

TEST_F(TasksDeathTest, ATableThatNoTaskNamesIsFound) {
  EXPECT_DEATH(
      {
        (void)file_tables_.Create();
        tasks_.CheckInvariants();
      },
      "file_tables_.size");
  EXPECT_DEATH(
      {
        file_tables_.Get(TaskOf(kInitPid).files);
        tasks_.CheckInvariants();
      },
      "references");
}

}  // namespace
}  // namespace memsim
