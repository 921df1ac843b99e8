#include "client/record/child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace memsim::record {
namespace {

// What a child did last before it failed.
enum class Step : int { kPersonality, kStackLimit, kDirectory, kTrace, kExec };

struct Failure {
  Step step;
  int error;
};

std::vector<char*> Pointers(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (const std::string& string : strings) pointers.push_back(const_cast<char*>(string.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

bool LimitStack() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_STACK, &limit) != 0) return false;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, kStackLimitBytes);
  return setrlimit(RLIMIT_STACK, &limit) == 0;
}

// Everything before exec. It may only make system calls: other threads of the parent may have held locks.
Step Prepare(const char* directory, StopAt stop_at) {
  // What this process ignores is not for the program to ignore.
  signal(SIGPIPE, SIG_DFL);
  if (personality(ADDR_NO_RANDOMIZE) == -1) return Step::kPersonality;
  if (!LimitStack()) return Step::kStackLimit;
  if (*directory != 0 && chdir(directory) != 0) return Step::kDirectory;
  if (stop_at == StopAt::kFirstInstruction && ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == -1) return Step::kTrace;
  return Step::kExec;
}

absl::Status Explain(const Program& program, const Failure& failure) {
  const char* const reason = std::strerror(failure.error);
  switch (failure.step) {
    case Step::kPersonality:
      return absl::FailedPreconditionError(absl::StrCat("personality(ADDR_NO_RANDOMIZE): ", reason,
                                                        ". A container may forbid it; allow it: docker run "
                                                        "--security-opt seccomp=unconfined --cap-add SYS_PTRACE"));
    case Step::kTrace:
      return absl::FailedPreconditionError(
          absl::StrCat("ptrace: ", reason, ". A container may forbid it; allow it: docker run --cap-add SYS_PTRACE"));
    case Step::kStackLimit:
      return absl::FailedPreconditionError(absl::StrCat("the stack's limit cannot be set: ", reason));
    case Step::kDirectory:
      return absl::FailedPreconditionError(absl::StrCat(program.directory, ": ", reason));
    case Step::kExec:
      break;
  }
  return absl::FailedPreconditionError(absl::StrCat(program.path, ": ", reason));
}

}  // namespace

absl::StatusOr<pid_t> StartChild(const Program& program, StopAt stop_at) {
  const std::vector<char*> arguments = Pointers(program.arguments);
  const std::vector<char*> environment = Pointers(program.environment);
  // It closes when exec succeeds.
  std::array<int, 2> failures = {};
  if (pipe2(failures.data(), O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "pipe");
  const pid_t pid = fork();
  if (pid == 0) {
    const Step step = Prepare(program.directory.c_str(), stop_at);
    if (step == Step::kExec) execve(program.path.c_str(), arguments.data(), environment.data());
    const Failure failure{step, errno};
    const ssize_t told = write(failures[1], &failure, sizeof failure);
    _exit(told == sizeof failure ? 127 : 126);
  }
  const int fork_error = errno;
  close(failures[1]);
  Failure failure = {};
  const bool failed = pid > 0 && read(failures[0], &failure, sizeof failure) == sizeof failure;
  close(failures[0]);
  if (pid < 0) return absl::ErrnoToStatus(fork_error, "fork");
  if (!failed) return pid;
  waitpid(pid, nullptr, 0);
  return Explain(program, failure);
}

}  // namespace memsim::record
