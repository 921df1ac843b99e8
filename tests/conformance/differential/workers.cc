#include "tests/conformance/differential/workers.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

namespace memsim::differential {
namespace {

struct ReportHeader {
  std::uint64_t seed;
  std::uint64_t steps;
  SeedVerdict verdict;
  std::uint64_t text_bytes;
};

bool WriteAll(int file, const void* bytes, std::size_t size) {
  const char* at = static_cast<const char*>(bytes);
  while (size > 0) {
    const ssize_t written = write(file, at, size);
    if (written <= 0) return false;
    at += written;
    size -= static_cast<std::size_t>(written);
  }
  return true;
}

bool ReadAll(int file, void* bytes, std::size_t size) {
  char* at = static_cast<char*>(bytes);
  while (size > 0) {
    const ssize_t got = read(file, at, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    at += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

// The worker and the native processes that it drives take turns, so one core is enough for them and best.
void KeepToOneCpu(std::size_t worker) {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return;
  std::size_t skip = worker % static_cast<std::size_t>(CPU_COUNT(&allowed));
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed) || skip-- > 0) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    sched_setaffinity(0, sizeof(one), &one);
    return;
  }
}

class Worker {
 public:
  Worker(std::size_t number, std::uint64_t next, const MakeSeedChecker& make_checker)
      : number_(number), next_(next), make_checker_(make_checker) {}
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() { Stop(); }

  // aborting: the first seed is one that ended the process before.
  void Start(std::uint64_t last, std::uint64_t stride, bool aborting) {
    int ends[2];
    if (next_ > last || pipe(ends) != 0) return;
    last_ = last;
    stride_ = stride;
    pid_ = fork();
    if (pid_ == 0) {
      close(ends[0]);
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      KeepToOneCpu(number_);
      Work(ends[1], aborting);
      _exit(0);
    }
    close(ends[1]);
    file_ = ends[0];
  }

  bool running() const { return file_ >= 0; }
  int file() const { return file_; }

  // Reads one report; or finds that the worker has ended, and starts it again if that was not for want of seeds.
  // false: there is none.
  bool Receive(std::uint64_t& seed, SeedReport& report) {
    ReportHeader header;
    if (!ReadAll(file_, &header, sizeof(header))) {
      const bool aborted = next_ <= last_;
      const bool again = aborted && was_aborting_;
      Stop();
      if (again) {
        seed = next_;
        report = {SeedVerdict::kBroken, 0, "the worker that looked at an abort died too\n"};
        next_ += stride_;
        was_aborting_ = false;
        Start(last_, stride_, false);
        return true;
      }
      was_aborting_ = aborted;
      if (aborted) Start(last_, stride_, true);
      return false;
    }
    was_aborting_ = false;
    seed = header.seed;
    report = {header.verdict, header.steps, std::string(header.text_bytes, '\0')};
    next_ = seed + stride_;
    return ReadAll(file_, report.text.data(), report.text.size());
  }

  void Stop() {
    if (file_ < 0) return;
    close(file_);
    file_ = -1;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

 private:
  void Work(int file, bool aborting) {
    const std::unique_ptr<SeedChecker> checker = make_checker_();
    for (std::uint64_t seed = next_; seed <= last_; seed += stride_) {
      const SeedReport report = aborting ? checker->CheckAborting(seed) : checker->Check(seed);
      aborting = false;
      const ReportHeader header{seed, report.steps, report.verdict, report.text.size()};
      if (!WriteAll(file, &header, sizeof(header)) || !WriteAll(file, report.text.data(), report.text.size())) return;
    }
  }

  const std::size_t number_;
  // The seed whose report comes next.
  std::uint64_t next_;
  std::uint64_t last_ = 0;
  std::uint64_t stride_ = 1;
  const MakeSeedChecker& make_checker_;
  pid_t pid_ = 0;
  int file_ = -1;
  bool was_aborting_ = false;
};

}  // namespace

void CheckSeeds(SeedRange seeds, std::size_t jobs, const MakeSeedChecker& make_checker, const SeedListener& listener,
                const std::function<void()>& idle) {
  constexpr int kIdleMilliseconds = 1000;
  std::vector<std::unique_ptr<Worker>> workers;
  for (std::size_t i = 0; i < jobs; ++i) {
    workers.push_back(std::make_unique<Worker>(i, seeds.first + i, make_checker));
    workers.back()->Start(seeds.last, jobs, false);
  }
  while (true) {
    std::vector<pollfd> files;
    std::vector<Worker*> polled;
    for (const std::unique_ptr<Worker>& worker : workers) {
      if (!worker->running()) continue;
      files.push_back({worker->file(), POLLIN, 0});
      polled.push_back(worker.get());
    }
    if (files.empty()) return;
    poll(files.data(), files.size(), kIdleMilliseconds);
    idle();
    for (std::size_t i = 0; i < files.size(); ++i) {
      std::uint64_t seed = 0;
      SeedReport report;
      if (files[i].revents == 0 || !polled[i]->Receive(seed, report)) continue;
      if (!listener(seed, report)) return;
    }
  }
}

}  // namespace memsim::differential
