#include "client/record/program_image.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <fstream>

#include "absl/strings/str_cat.h"

namespace memsim::record {

absl::StatusOr<std::vector<std::string>> ImageOf(const Program& program) {
  const absl::StatusOr<pid_t> pid = StartChild(program, StopAt::kFirstInstruction);
  if (!pid.ok()) return pid.status();
  int status = 0;
  if (waitpid(*pid, &status, 0) != *pid || !WIFSTOPPED(status)) {
    return absl::FailedPreconditionError(absl::StrCat(program.path, " did not stop at its first instruction"));
  }
  // Should this process be killed now, nobody would end the child.
  ptrace(PTRACE_SETOPTIONS, *pid, nullptr, PTRACE_O_EXITKILL);
  std::vector<std::string> rows;
  std::ifstream maps(absl::StrCat("/proc/", *pid, "/maps"));
  for (std::string row; std::getline(maps, row);) rows.push_back(row);
  kill(*pid, SIGKILL);
  waitpid(*pid, &status, 0);
  if (rows.empty()) return absl::FailedPreconditionError(absl::StrCat("the maps of ", program.path, " cannot be read"));
  return rows;
}

}  // namespace memsim::record
