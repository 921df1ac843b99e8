// Programs on the kernel of this host, in processes that have nothing but the region and what the program maps.

#ifndef MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_HOST_KERNEL_H_
#define MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_HOST_KERNEL_H_

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

#include "tests/conformance/differential/native_region.h"
#include "tests/conformance/differential/side.h"

namespace memsim::differential {

// A descriptor that is closed at the end.
class OwnedDescriptor {
 public:
  OwnedDescriptor() = default;
  explicit OwnedDescriptor(int number) : number_(number) {}
  OwnedDescriptor(OwnedDescriptor&& other) noexcept;
  OwnedDescriptor& operator=(OwnedDescriptor&& other) noexcept;
  ~OwnedDescriptor();

  int get() const { return number_; }

 private:
  int number_ = -1;
};

class HostKernel : public Side {
 public:
  // launcher: the path of native_launcher. UNAVAILABLE: what this host lacks.
  static absl::StatusOr<std::unique_ptr<HostKernel>> Create(const std::string& launcher);
  ~HostKernel() override;

  absl::Status Start(const Program& program) override;
  void BeginStep(const Step& step, std::size_t process, std::size_t new_process) override;
  absl::Status FinishStep(StepOutcome& outcome) override;
  void End() override;

 private:
  struct Process {
    // 0: none, or it has ended.
    pid_t pid = 0;
    OwnedDescriptor maps;
    OwnedDescriptor status;
  };

  HostKernel() = default;

  NativeSlot* slot(std::size_t number) const;
  absl::Status Adopt(std::size_t number, pid_t pid);
  absl::Status AwaitAnswer(std::size_t number, std::uint32_t answers) const;
  absl::Status AwaitExit(std::size_t number);
  absl::Status AskLauncher(const LauncherRequest& request, LauncherAnswer& answer) const;
  absl::Status Observe(StepOutcome& outcome);
  std::int64_t ProcessOf(std::int64_t pid) const;

  OwnedDescriptor socket_;
  char* region_ = nullptr;
  pid_t launcher_ = 0;
  // Where the files of programs are, by FileSystemKind.
  std::array<std::string, 2> folders_;
  // Of the program that runs, or ran last.
  LauncherRequest started_ = {};
  bool running_ = false;
  std::array<Process, kMaxProcesses> processes_;
  PageCount arena_;
  VirtualAddress arena_start_;
  // Of the step that was begun, and how many were.
  Step step_;
  std::uint64_t steps_ = 0;
  std::size_t actor_ = 0;
  std::size_t new_process_ = 0;
};

}  // namespace memsim::differential

#endif  // MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_HOST_KERNEL_H_
