#include "tests/conformance/differential/host_kernel.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <utility>

#include "absl/strings/str_cat.h"

#include "tests/conformance/differential/calls.h"

namespace memsim::differential {
namespace {

// A step takes microseconds.
constexpr int kPatienceSeconds = 10;
constexpr int kLauncherSocket = 3;
constexpr int kLauncherRegion = 4;

absl::Status Unavailable(absl::string_view what) {
  return absl::UnavailableError(absl::StrCat(what, ": ", std::strerror(errno)));
}

// What a native process has as its limits, which children inherit.
void LimitChild() {
  rlimit limit;
  getrlimit(RLIMIT_STACK, &limit);
  limit.rlim_cur = kStackLimit.value();
  setrlimit(RLIMIT_STACK, &limit);
  limit = {kLockLimit.value(), kLockLimit.value()};
  setrlimit(RLIMIT_MEMLOCK, &limit);
}

[[noreturn]] void ExecLauncher(const std::string& launcher, int socket, int region) {
  LimitChild();
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  personality(ADDR_NO_RANDOMIZE);
  // Out of the way of the numbers that they get.
  const int high_socket = fcntl(socket, F_DUPFD, 100);
  const int high_region = fcntl(region, F_DUPFD, 100);
  dup2(high_socket, kLauncherSocket);
  dup2(high_region, kLauncherRegion);
  syscall(SYS_close_range, kLauncherRegion + 1, ~0U, 0);
  // The kernel would write to memory that the program has unmapped.
  char no_rseq[] = "GLIBC_TUNABLES=glibc.pthread.rseq=0";
  char* environment[] = {no_rseq, nullptr};
  std::string name = launcher;
  char socket_text[] = "3";
  char region_text[] = "4";
  char* arguments[] = {name.data(), socket_text, region_text, nullptr};
  execve(launcher.c_str(), arguments, environment);
  _exit(127);
}

std::string MakeFolder(std::string pattern) { return mkdtemp(pattern.data()) == nullptr ? "" : pattern; }

bool IsExt4(const std::string& folder) {
  constexpr long kExtMagic = 0xef53;
  struct statfs stats;
  return statfs(folder.c_str(), &stats) == 0 && stats.f_type == kExtMagic;
}

// Where a regular file is on a disk, whose file system is the one that machines simulate. Empty: nowhere.
std::string MakeDiskFolder() {
  const char* const wanted = std::getenv("TMPDIR");
  for (const std::string parent : {wanted == nullptr ? "/tmp" : wanted, "/tmp", "/var/tmp", "."}) {
    if (IsExt4(parent)) return MakeFolder(absl::StrCat(parent, "/memsim-differential-XXXXXX"));
  }
  return "";
}

std::string ReadAll(int file) {
  std::string text(4096, '\0');
  std::size_t length = 0;
  while (true) {
    const ssize_t bytes = pread(file, text.data() + length, text.size() - length, static_cast<off_t>(length));
    if (bytes <= 0) break;
    length += static_cast<std::size_t>(bytes);
    if (length == text.size()) text.resize(length * 2);
  }
  text.resize(length);
  return text;
}

OwnedDescriptor OpenProc(pid_t pid, absl::string_view file) {
  return OwnedDescriptor(open(absl::StrCat("/proc/", pid, "/", file).c_str(), O_RDONLY | O_CLOEXEC));
}

}  // namespace

OwnedDescriptor::OwnedDescriptor(OwnedDescriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}

OwnedDescriptor& OwnedDescriptor::operator=(OwnedDescriptor&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}

OwnedDescriptor::~OwnedDescriptor() {
  if (number_ >= 0) close(number_);
}

absl::StatusOr<std::unique_ptr<HostKernel>> HostKernel::Create(const std::string& launcher) {
  // Not make_unique: the constructor is private.
  std::unique_ptr<HostKernel> host(new HostKernel);
  const OwnedDescriptor region(memfd_create("region", MFD_CLOEXEC));
  if (region.get() < 0 || ftruncate(region.get(), static_cast<off_t>(kRegionSize.value())) != 0) {
    return Unavailable("memfd_create");
  }
  void* const mapped = mmap(nullptr, kRegionSize.value(), PROT_READ | PROT_WRITE, MAP_SHARED, region.get(), 0);
  if (mapped == MAP_FAILED) return Unavailable("mmap");
  host->region_ = static_cast<char*>(mapped);
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) return Unavailable("socketpair");
  host->socket_ = OwnedDescriptor(sockets[0]);
  OwnedDescriptor theirs(sockets[1]);
  host->folders_ = {MakeDiskFolder(), MakeFolder("/dev/shm/memsim-differential-XXXXXX")};
  if (host->folders_[0].empty()) return absl::UnavailableError("no folder on an ext4 file system (see TMPDIR)");
  if (host->folders_[1].empty()) return Unavailable("/dev/shm");
  for (const std::string& folder : host->folders_) chmod(folder.c_str(), 0755);
  host->launcher_ = fork();
  if (host->launcher_ < 0) return Unavailable("fork");
  if (host->launcher_ == 0) ExecLauncher(launcher, theirs.get(), region.get());
  LauncherAnswer ready = {};
  const timeval patience = {kPatienceSeconds, 0};
  setsockopt(sockets[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  // So that a launcher that died is noticed.
  theirs = OwnedDescriptor();
  if (recv(sockets[0], &ready, sizeof(ready), 0) != static_cast<ssize_t>(sizeof(ready))) {
    return absl::UnavailableError(absl::StrCat(launcher, " does not start"));
  }
  if (ready.pid != 0) {
    errno = static_cast<int>(-ready.pid);
    return Unavailable(absl::StrCat("a native process cannot ", ready.problem));
  }
  return host;
}

HostKernel::~HostKernel() {
  End();
  // The launcher ends when this end is closed.
  socket_ = OwnedDescriptor();
  if (launcher_ > 0) waitpid(launcher_, nullptr, 0);
  for (const std::string& folder : folders_) {
    if (!folder.empty()) rmdir(folder.c_str());
  }
  if (region_ != nullptr) munmap(region_, kRegionSize.value());
}

NativeSlot* HostKernel::slot(std::size_t number) const {
  return reinterpret_cast<NativeSlot*>(region_ + kCodeBytes + number * kSlotBytes);
}

absl::Status HostKernel::AskLauncher(const LauncherRequest& request, LauncherAnswer& answer) const {
  if (send(socket_.get(), &request, sizeof(request), MSG_NOSIGNAL) < 0 ||
      recv(socket_.get(), &answer, sizeof(answer), 0) != static_cast<ssize_t>(sizeof(answer))) {
    return absl::InternalError("the launcher of native processes has gone");
  }
  return absl::OkStatus();
}

absl::Status HostKernel::Start(const Program& program) {
  LauncherRequest request = {};
  request.command = LauncherCommand::kStart;
  request.unprivileged = program.privileged ? 0 : 1;
  for (const FileSpec& file : program.files) {
    auto& made = request.files[request.file_count];
    const std::string path =
        absl::StrCat(folders_[static_cast<std::size_t>(file.kind)], "/", FileName(request.file_count));
    path.copy(made.path, sizeof(made.path) - 1);
    made.size = file.size.value();
    ++request.file_count;
  }
  for (const DescriptorSpec& descriptor : program.descriptors) {
    request.descriptors[request.descriptor_count++] = {static_cast<std::uint32_t>(descriptor.file), descriptor.access};
  }
  arena_ = program.arena;
  arena_start_ = program.arena_start;
  started_ = request;
  running_ = true;
  steps_ = 0;
  LauncherAnswer answer = {};
  if (absl::Status asked = AskLauncher(request, answer); !asked.ok()) return asked;
  if (answer.pid <= 0) return absl::InternalError(absl::StrCat("the launcher cannot ", answer.problem));
  return Adopt(0, static_cast<pid_t>(answer.pid));
}

absl::Status HostKernel::Adopt(std::size_t number, pid_t pid) {
  if (absl::Status ready = AwaitAnswer(number, 1); !ready.ok()) return ready;
  Process& process = processes_[number];
  process.pid = pid;
  process.maps = OpenProc(pid, "maps");
  process.status = OpenProc(pid, "status");
  if (process.maps.get() < 0 || process.status.get() < 0) {
    return absl::InternalError(absl::StrCat("/proc/", pid, " cannot be read"));
  }
  return absl::OkStatus();
}

absl::Status HostKernel::AwaitAnswer(std::size_t number, std::uint32_t answers) const {
  std::uint32_t* const word = &slot(number)->answered;
  timespec patience = {kPatienceSeconds, 0};
  while (true) {
    const std::uint32_t now = __atomic_load_n(word, __ATOMIC_ACQUIRE);
    if (now == answers) return absl::OkStatus();
    if (syscall(SYS_futex, word, FUTEX_WAIT, now, &patience, nullptr, 0) != 0 && errno == ETIMEDOUT) {
      return absl::InternalError(absl::StrCat("native process ", number, " does not answer"));
    }
  }
}

absl::Status HostKernel::AwaitExit(std::size_t number) {
  Process& process = processes_[number];
  const OwnedDescriptor handle(static_cast<int>(syscall(SYS_pidfd_open, process.pid, 0)));
  pollfd ended = {handle.get(), POLLIN, 0};
  if (handle.get() >= 0 && poll(&ended, 1, kPatienceSeconds * 1000) != 1) {
    return absl::InternalError(absl::StrCat("native process ", number, " does not exit"));
  }
  return absl::OkStatus();
}

void HostKernel::BeginStep(const Step& step, std::size_t process, std::size_t new_process) {
  step_ = step;
  ++steps_;
  actor_ = process;
  new_process_ = new_process;
  NativeSlot* const target = slot(process);
  const CallRow& row = Calls()[step.call];
  NativeRequest& request = target->request;
  request = {};
  request.number = row.number;
  request.incore_start = arena_start_.value();
  request.incore_pages = arena_.value();
  for (std::size_t i = 0; i < step.arguments.size(); ++i) request.arguments[i] = step.arguments[i];
  switch (row.kind) {
    case CallKind::kRead:
      request.operation = NativeOperation::kRead;
      break;
    case CallKind::kWrite:
      request.operation = NativeOperation::kWrite;
      request.arguments[2] = StoredByte(steps_);
      break;
    case CallKind::kFork:
      request.operation = NativeOperation::kFork;
      request.arguments[0] = new_process;
      slot(new_process)->asked = slot(new_process)->answered = 0;
      break;
    case CallKind::kExit:
      request.operation = NativeOperation::kExit;
      break;
    default:
      request.operation = NativeOperation::kCall;
  }
  if (row.lower != nullptr) {
    row.lower(request, kRegionBase.value() + kCodeBytes + process * kSlotBytes + offsetof(NativeSlot, request));
  }
  __atomic_fetch_add(&target->asked, 1, __ATOMIC_RELEASE);
  syscall(SYS_futex, &target->asked, FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

std::int64_t HostKernel::ProcessOf(std::int64_t pid) const {
  for (std::size_t i = 0; i < kMaxProcesses; ++i) {
    if (processes_[i].pid == pid) return static_cast<std::int64_t>(i);
  }
  return pid;
}

absl::Status HostKernel::FinishStep(StepOutcome& outcome) {
  outcome = {};
  const CallKind kind = Calls()[step_.call].kind;
  if (kind == CallKind::kExit) {
    if (absl::Status exited = AwaitExit(actor_); !exited.ok()) return exited;
    // Its pid is still looked for by those who wait for it.
    processes_[actor_].maps = OwnedDescriptor();
    processes_[actor_].status = OwnedDescriptor();
    return Observe(outcome);
  }
  if (absl::Status answered = AwaitAnswer(actor_, slot(actor_)->asked + 1); !answered.ok()) return answered;
  const NativeResult& result = slot(actor_)->result;
  outcome.value = result.value;
  outcome.minor_faults = result.minor_faults;
  outcome.major_faults = result.major_faults;
  if (result.signal != 0) outcome.signal = SignalSeen{result.signal, result.signal_code, result.signal_address};
  if (kind == CallKind::kFork && result.value > 0) {
    if (absl::Status adopted = Adopt(new_process_, static_cast<pid_t>(result.value)); !adopted.ok()) return adopted;
    outcome.value = static_cast<std::int64_t>(new_process_);
  }
  if (kind == CallKind::kWait && result.value > 0) outcome.value = ProcessOf(result.value);
  for (std::uint64_t page = 0; page < arena_.value(); ++page) {
    const std::uint8_t incore = result.incore[page];
    outcome.incore += incore == kIncoreUnmapped ? '-' : static_cast<char>('0' + (incore & kIncorePresent));
  }
  return Observe(outcome);
}

absl::Status HostKernel::Observe(StepOutcome& outcome) {
  for (std::size_t i = 0; i < kMaxProcesses; ++i) {
    if (processes_[i].maps.get() < 0) continue;
    ProcessState& state = outcome.processes[i].emplace();
    state.maps = ParseMaps(ReadAll(processes_[i].maps.get()));
    ParseStatus(ReadAll(processes_[i].status.get()), state);
  }
  return absl::OkStatus();
}

void HostKernel::End() {
  if (!running_) return;
  running_ = false;
  processes_ = {};
  started_.command = LauncherCommand::kEnd;
  LauncherAnswer answer = {};
  // Who has gone has nothing to end.
  AskLauncher(started_, answer).IgnoreError();
}

}  // namespace memsim::differential
