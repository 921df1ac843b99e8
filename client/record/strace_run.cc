#include "client/record/strace_run.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace memsim::record {
namespace {

// What memory depends on: mappings, processes, descriptors and files, and the calls that set limits and rights. A
// question mark stands before calls that not every strace knows.
constexpr char kTracedCalls[] =
    "trace=%memory,%process,%desc,%file,prlimit64,setrlimit,prctl,personality,setuid,setgid,shmget,shmat,shmdt,shmctl,"
    "?setreuid,?setregid,?setresuid,?setresgid,?setgroups,?capset,?pkey_alloc,?pkey_free,?pkey_mprotect,?mseal,"
    "?memfd_create,?process_madvise,?migrate_pages,?move_pages,?cachestat,?userfaultfd";

// What a terminal's keys send to all of its programs is meant for the one that is recorded.
class InterruptionsIgnored {
 public:
  InterruptionsIgnored() {
    struct sigaction ignore = {};
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGINT, &ignore, &interrupt_);
    sigaction(SIGQUIT, &ignore, &quit_);
  }
  ~InterruptionsIgnored() {
    sigaction(SIGINT, &interrupt_, nullptr);
    sigaction(SIGQUIT, &quit_, nullptr);
  }
  InterruptionsIgnored(const InterruptionsIgnored&) = delete;
  InterruptionsIgnored& operator=(const InterruptionsIgnored&) = delete;

 private:
  struct sigaction interrupt_ = {};
  struct sigaction quit_ = {};
};

bool SawAnExecve(const std::string& log) {
  std::ifstream file(log);
  std::string line;
  return std::getline(file, line) && line.find("execve(") != std::string::npos;
}

bool MayExecute(const std::string& file) {
  struct stat found = {};
  return stat(file.c_str(), &found) == 0 && S_ISREG(found.st_mode) && access(file.c_str(), X_OK) == 0;
}

std::string Absolute(const std::string& file) {
  if (file.front() == '/') return file;
  char directory[PATH_MAX] = {};
  return getcwd(directory, sizeof directory) == nullptr ? file : absl::StrCat(directory, "/", file);
}

}  // namespace

std::optional<std::string> FindProgram(absl::string_view name, absl::string_view path) {
  if (name.empty()) return std::nullopt;
  if (name.find('/') != absl::string_view::npos) {
    const std::string file(name);
    return MayExecute(file) ? std::optional<std::string>(Absolute(file)) : std::nullopt;
  }
  for (const absl::string_view folder : absl::StrSplit(path, ':')) {
    const std::string file = absl::StrCat(folder.empty() ? "." : folder, "/", name);
    if (MayExecute(file)) return Absolute(file);
  }
  return std::nullopt;
}

absl::Status RunUnderStrace(const Program& program, const std::string& log) {
  const char* const path = std::getenv("PATH");
  const std::optional<std::string> strace = FindProgram("strace", path == nullptr ? "/usr/bin:/bin" : path);
  if (!strace.has_value()) {
    return absl::FailedPreconditionError("there is no strace here; as root: apt-get install strace");
  }
  Program traced = program;
  traced.path = *strace;
  traced.arguments = {*strace,
                      "-f",
                      "-y",
                      "-a",
                      "1",
                      "-s",
                      "4096",
                      "-e",
                      "abbrev=!execve",
                      "-e",
                      kTracedCalls,
                      "-e",
                      "signal=SIGSEGV,SIGBUS",
                      "-o",
                      log,
                      "--",
                      program.path};
  traced.arguments.insert(traced.arguments.end(), program.arguments.begin() + 1, program.arguments.end());
  int status = 0;
  {
    const absl::StatusOr<pid_t> pid = StartChild(traced, StopAt::kNever);
    if (!pid.ok()) return pid.status();
    const InterruptionsIgnored ignored;
    while (waitpid(*pid, &status, 0) == -1 && errno == EINTR) {
    }
  }
  if (SawAnExecve(log)) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("strace could not start ", program.path, " (wait status ", status,
                   "). If it says 'Operation not permitted', this container forbids tracing: docker run --cap-add "
                   "SYS_PTRACE --security-opt seccomp=unconfined"));
}

}  // namespace memsim::record
