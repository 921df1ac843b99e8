// The launcher of native processes: a small static program without addresses at random, from which each program's
// first process is forked. It makes the program's files, and reaps what the program leaves.
//
//   native_launcher SOCKET REGION     both are descriptors

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/prctl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/conformance/differential/native_region.h"
#include "tests/conformance/differential/program.h"
#include "tests/conformance/differential/runner.h"

namespace memsim::differential {
namespace {

// Its user stays, so that who drives it can still look into it.
bool GiveUpCapabilities() {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  return syscall(SYS_capset, &header, none) == 0;
}

class Launcher {
 public:
  Launcher(int socket, void* region) : socket_(socket), region_(region) {}

  // Until the engine closes its end.
  void Run() {
    LauncherRequest request;
    while (recv(socket_, &request, sizeof(request), 0) == static_cast<ssize_t>(sizeof(request))) {
      LauncherAnswer answer = {};
      if (request.command == LauncherCommand::kStart) {
        Start(request, answer);
      } else {
        End(request);
      }
      if (send(socket_, &answer, sizeof(answer), MSG_NOSIGNAL) < 0) break;
    }
    KillAll();
  }

  static void Fail(LauncherAnswer& answer, const char* what) {
    answer.pid = -errno;
    std::snprintf(answer.problem, sizeof(answer.problem), "%s", what);
  }

 private:
  NativeSlot* slot(std::size_t number) {
    return reinterpret_cast<NativeSlot*>(static_cast<char*>(region_) + kCodeBytes + number * kSlotBytes);
  }

  // Page by page: what is written at once gets large folios, which machines do not simulate.
  static bool MakeFile(const char* path, std::uint64_t size) {
    static const char zeros[4096] = {};
    const int file = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
    if (file < 0) return false;
    bool written = fchmod(file, 0666) == 0;
    while (size > 0 && written) {
      const std::size_t part = size < sizeof(zeros) ? size : sizeof(zeros);
      written = write(file, zeros, part) == static_cast<ssize_t>(part);
      size -= part;
    }
    close(file);
    return written;
  }

  void Start(const LauncherRequest& request, LauncherAnswer& answer) {
    for (std::uint32_t i = 0; i < request.file_count; ++i) {
      if (!MakeFile(request.files[i].path, request.files[i].size)) return Fail(answer, "make a file");
    }
    for (std::uint32_t i = 0; i < request.descriptor_count; ++i) {
      const auto& descriptor = request.descriptors[i];
      const int opened = open(request.files[descriptor.file].path, static_cast<int>(descriptor.access));
      const int wanted = kFirstDescriptor + static_cast<int>(i);
      if (opened < 0 || (opened != wanted && dup2(opened, wanted) < 0)) return Fail(answer, "open a file");
      if (opened != wanted) close(opened);
    }
    for (std::size_t i = 0; i < kSlotCount; ++i) slot(i)->asked = slot(i)->answered = 0;
    const pid_t child = static_cast<pid_t>(syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, 0));
    if (child == 0) {
      if (request.unprivileged != 0 && !GiveUpCapabilities()) _exit(2);
      close(socket_);
      BecomeRunner(region_);
    }
    if (child < 0) return Fail(answer, "fork");
    answer.pid = child;
  }

  void End(const LauncherRequest& request) {
    KillAll();
    for (std::size_t i = 0; i < kMaxDescriptors; ++i) close(kFirstDescriptor + static_cast<int>(i));
    for (std::uint32_t i = 0; i < request.file_count; ++i) unlink(request.files[i].path);
  }

  // All of them are ours: whose parent is gone becomes our child, and only those are killed, by their pid.
  void KillAll() {
    while (true) {
      const pid_t reaped = waitpid(-1, nullptr, WNOHANG);
      if (reaped > 0) continue;
      if (reaped < 0) return;
      KillChildren();
      waitpid(-1, nullptr, 0);
    }
  }

  // Without malloc, which would move the heap's end that programs inherit.
  static void KillChildren() {
    char pids[256];
    const int children = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    const ssize_t bytes = children < 0 ? -1 : read(children, pids, sizeof(pids) - 1);
    if (bytes < 0) _exit(3);
    close(children);
    pids[bytes] = '\0';
    char* end = pids;
    for (long pid = std::strtol(pids, &end, 10); pid > 0; pid = std::strtol(end, &end, 10)) {
      kill(static_cast<pid_t>(pid), SIGKILL);
    }
  }

  const int socket_;
  void* const region_;
};

// The address space that programs inherit says where the heap begins, and that the region is the program's code and
// data, as an image of the region alone says it to a simulated machine.
bool SetHeapStart() {
  prctl_mm_map map = {};
  const std::uint64_t code = kRegionBase.value();
  map.start_code = map.start_data = code;
  map.end_code = map.end_data = kHeapStart.value();
  map.start_brk = map.brk = kHeapStart.value();
  map.start_stack = map.arg_start = map.arg_end = map.env_start = map.env_end = code;
  map.exe_fd = static_cast<__u32>(-1);
  return prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0) == 0;
}

int Main(int socket, int region_file) {
  LauncherAnswer ready = {};
  void* const region = mmap(reinterpret_cast<void*>(kRegionBase.value()), kRegionSize.value(),
                            PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED | MAP_FIXED_NOREPLACE, region_file, 0);
  // The name of what the engine must look for stands with each.
  if (region == MAP_FAILED) {
    Launcher::Fail(ready, "map memory that may be executed");
  } else if (!CopyRunner(region, kWriteBufferOffset)) {
    Launcher::Fail(ready, "fit the code into its pages");
  } else if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
    Launcher::Fail(ready, "become a subreaper");
  } else if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
    Launcher::Fail(ready, "die with the engine");
  } else if (prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) != 0) {
    Launcher::Fail(ready, "switch off huge pages");
  } else if (!SetHeapStart()) {
    Launcher::Fail(ready, "say where the heap begins");
  }
  std::memset(static_cast<char*>(region) + kWriteBufferOffset, kWrittenByte, kCodeBytes - kWriteBufferOffset);
  syscall(SYS_set_robust_list, nullptr, 24);
  close(region_file);
  if (send(socket, &ready, sizeof(ready), MSG_NOSIGNAL) < 0 || ready.pid != 0) return 1;
  Launcher(socket, region).Run();
  return 0;
}

}  // namespace
}  // namespace memsim::differential

int main(int argc, char** argv) {
  return argc == 3 ? memsim::differential::Main(std::atoi(argv[1]), std::atoi(argv[2])) : 2;
}
