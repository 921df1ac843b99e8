#include "tests/conformance/differential/host_traits.h"

#include <sys/utsname.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "server/kernel/vm/mman_flags.h"
#include "tests/conformance/differential/calls.h"

namespace memsim::differential {
namespace {

constexpr int kOldestMajor = 6;
constexpr int kOldestMinor = 17;
constexpr std::uint64_t kUserEnd = 1ULL << 47;
constexpr std::uint64_t kWideUserEnd = 1ULL << 56;

}  // namespace

HostTraits HostTraits::OfHost() {
  HostTraits traits;
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line) && line.rfind("flags", 0) != 0) {
  }
  std::istringstream words(line);
  std::string word;
  traits.protection_keys = false;
  while (words >> word) {
    // The kernel shows it when it uses it.
    if (word == "ospke") traits.protection_keys = true;
    if (word == "la57") traits.wide_addresses = true;
  }
  return traits;
}

absl::Status CheckKernel(absl::string_view system, absl::string_view release) {
  const std::vector<absl::string_view> parts = absl::StrSplit(release, absl::ByAnyChar(".-"));
  int major = 0;
  int minor = 0;
  if (system != "Linux" || parts.size() < 2 || !absl::SimpleAtoi(parts[0], &major) ||
      !absl::SimpleAtoi(parts[1], &minor)) {
    return absl::UnavailableError(absl::StrCat("this is ", system, " ", release, ", not Linux 6.17 or later"));
  }
  if (major < kOldestMajor || (major == kOldestMajor && minor < kOldestMinor)) {
    return absl::UnavailableError(absl::StrCat("this is Linux ", release, ", older than 6.17"));
  }
  return absl::OkStatus();
}

absl::Status CheckHostKernel() {
  utsname names;
  if (uname(&names) != 0) return absl::UnavailableError(absl::StrCat("uname: ", std::strerror(errno)));
  if (absl::string_view(names.machine) != "x86_64") {
    return absl::UnavailableError(absl::StrCat("this is ", names.machine, ", not x86_64"));
  }
  return CheckKernel(names.sysname, names.release);
}

Program FitToHost(const Program& program, const HostTraits& traits) {
  Program fitted = program;
  if (traits.protection_keys) return fitted;
  for (Step& step : fitted.steps) {
    const CallRow& row = Calls()[step.call];
    for (std::size_t i = 0; i < row.arguments.size(); ++i) {
      constexpr std::uint64_t kAccess = kProtRead | kProtWrite | kProtExec;
      const bool execute_only =
          row.arguments[i] == ArgumentKind::kProtection && (step.arguments[i] & kAccess) == kProtExec;
      if (execute_only) step.arguments[i] |= kProtRead;
    }
  }
  return fitted;
}

bool IsComparable(const Program& program, const HostTraits& traits) {
  if (!traits.wide_addresses) return true;
  for (const Step& step : program.steps) {
    const CallRow& row = Calls()[step.call];
    for (std::size_t i = 0; i < row.arguments.size(); ++i) {
      const bool place = row.arguments[i] == ArgumentKind::kAddress || row.arguments[i] == ArgumentKind::kLength ||
                         row.arguments[i] == ArgumentKind::kBreak;
      const std::uint64_t value = step.arguments[i];
      // TASK_SIZE less a page is where the last page of the smaller address space would be.
      if (place && value >= kUserEnd - 2 * kPageSize.value() && value < kWideUserEnd) return false;
    }
  }
  return true;
}

}  // namespace memsim::differential
