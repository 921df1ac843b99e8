// The tracefs of the kernel under a test, mounted where only the test sees it.

#ifndef MEMSIM_TESTS_UNIT_KERNEL_HOST_TRACEFS_H_
#define MEMSIM_TESTS_UNIT_KERNEL_HOST_TRACEFS_H_

#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

namespace memsim {

class HostTracefs {
 public:
  // Null: this host does not let us.
  static std::unique_ptr<HostTracefs> Mount() {
    if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0) return nullptr;
    if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return nullptr;
    std::string root = std::filesystem::temp_directory_path() / "memsim_tracefs.XXXXXX";
    if (mkdtemp(root.data()) == nullptr) return nullptr;
    auto tracefs = std::unique_ptr<HostTracefs>(new HostTracefs(root));
    tracefs->mounted_ = mount("none", root.c_str(), "tracefs", 0, nullptr) == 0;
    return tracefs->mounted_ ? std::move(tracefs) : nullptr;
  }
  ~HostTracefs() {
    if (mounted_) umount2(root_.c_str(), MNT_DETACH);
    std::error_code ignored;
    std::filesystem::remove(root_, ignored);
  }
  HostTracefs(const HostTracefs&) = delete;
  HostTracefs& operator=(const HostTracefs&) = delete;

  const std::string& root() const { return root_; }

 private:
  explicit HostTracefs(std::string root) : root_(std::move(root)) {}

  const std::string root_;
  bool mounted_ = false;
};

}  // namespace memsim

#endif  // MEMSIM_TESTS_UNIT_KERNEL_HOST_TRACEFS_H_
