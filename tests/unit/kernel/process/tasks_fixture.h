// The tasks of a small machine, with nothing above them.

#ifndef MEMSIM_TESTS_UNIT_KERNEL_PROCESS_TASKS_FIXTURE_H_
#define MEMSIM_TESTS_UNIT_KERNEL_PROCESS_TASKS_FIXTURE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "server/base/random.h"
#include "server/kernel/file/file_tables.h"
#include "server/kernel/process/tasks.h"
#include "server/kernel/vm/page_fault.h"
#include "tests/unit/kernel/vm/program.h"

namespace memsim {

class BootedTasks : public testing::Test {
 protected:
  explicit BootedTasks(AddressRandomization randomization = AddressRandomization::kOff, std::uint64_t seed = 0)
      : file_tables_(world_.files, world_.slabs),
        random_(seed),
        tasks_(world_.environment, file_tables_, random_, randomization) {
    EXPECT_EQ(tasks_.BootInit(), Errno::kOk);
  }
  void TearDown() override { Check(); }

  void Check() const {
    tasks_.CheckInvariants();
    file_tables_.CheckInvariants();
    world_.pages.CheckInvariants();
    world_.files.CheckInvariants();
    world_.anon_vmas.CheckInvariants();
    world_.slabs.CheckInvariants();
  }

  Pid Spawn(const std::string& comm = "test") {
    const ErrnoOr<Pid> pid = tasks_.Spawn(comm);
    Check();
    EXPECT_TRUE(pid.ok()) << ErrnoName(pid.error());
    return pid.ok() ? *pid : Pid();
  }
  // The new pid, or the error's name.
  std::string TryClone(Pid parent, std::uint64_t flags) {
    const ErrnoOr<Pid> pid = tasks_.Clone(parent, flags);
    Check();
    return pid.ok() ? std::to_string(pid->value()) : ErrnoName(pid.error());
  }
  Pid Clone(Pid parent, std::uint64_t flags = 0) {
    const ErrnoOr<Pid> pid = tasks_.Clone(parent, flags);
    Check();
    EXPECT_TRUE(pid.ok()) << ErrnoName(pid.error());
    return pid.ok() ? *pid : Pid();
  }
  std::string Exit(Pid pid, int status = 0) {
    const Errno error = tasks_.ExitGroup(pid, status);
    Check();
    return ErrnoName(error);
  }
  // Of one thread.
  std::string ExitThread(Pid pid, int status = 0) {
    const Errno error = tasks_.Exit(pid, status);
    Check();
    return ErrnoName(error);
  }
  std::string Wait(Pid parent, Pid child = Pid()) {
    const ErrnoOr<Pid> pid = tasks_.Wait4(parent, child);
    Check();
    return pid.ok() ? std::to_string(pid->value()) : ErrnoName(pid.error());
  }
  std::string Execve(Pid pid, const ExecImage& image) {
    const Errno error = tasks_.Execve(pid, image);
    Check();
    return ErrnoName(error);
  }

  // Private anonymous memory, written to.
  void FillPages(Pid pid, std::uint64_t first, std::uint64_t end) {
    Task& task = *tasks_.FindAlive(pid);
    const VmCaller caller{tasks_.LimitsOf(task), task.faults, task.pkru};
    const MmapArguments arguments{
        At(first), Pages(end - first), Prot("rw"), kMapPrivate | kMapAnonymous | kMapFixed, OpenFileId(), {}};
    EXPECT_TRUE(Mmap(tasks_.SpaceOf(task), caller, arguments).ok());
    TouchProgress progress;
    progress.next = At(first);
    progress.left = PageCount(end - first);
    progress.kind = AccessKind::kWrite;
    EXPECT_EQ(Touch(tasks_.SpaceOf(task), caller, progress), TouchStatus::kDone);
    Check();
  }

  const Task& TaskOf(Pid pid) const { return *tasks_.Find(pid); }
  // "1:alive 2:zombie", by pid.
  std::string Census() const {
    std::string text;
    tasks_.ForEach([&text](const Task& task) {
      if (!text.empty()) text += ' ';
      text += std::to_string(task.pid.value()) + (task.state == TaskState::kAlive ? ":alive" : ":zombie");
    });
    return text;
  }

  World world_;
  FileTables file_tables_;
  Random random_;
  Tasks tasks_;
};

}  // namespace memsim

#endif  // MEMSIM_TESTS_UNIT_KERNEL_PROCESS_TASKS_FIXTURE_H_
