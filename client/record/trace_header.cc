#include "client/record/trace_header.h"

#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "client/library/linux_constants.h"
#include "client/record/child.h"

namespace memsim::record {
namespace {

// Empty: it cannot be read.
std::string Read(const std::string& path) {
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  return std::string(absl::StripAsciiWhitespace(text));
}

// The value of a row "name:   value" of a file. Empty: there is none.
std::string Row(const std::string& path, absl::string_view name) {
  const std::string text = Read(path);
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (absl::ConsumePrefix(&line, name) && absl::ConsumePrefix(&line, ":")) {
      return std::string(absl::StripAsciiWhitespace(line));
    }
  }
  return "";
}

std::string Memory() {
  const std::string swap = Row("/proc/meminfo", "SwapTotal");
  std::string line = absl::StrCat("# memory: ", Row("/proc/meminfo", "MemTotal"), ", ", sysconf(_SC_NPROCESSORS_ONLN),
                                  " CPUs, ", swap.empty() || swap == "0 kB" ? "no swap" : absl::StrCat(swap, " swap"));
  for (const char* sysctl : {"overcommit_memory", "overcommit_ratio", "max_map_count", "mmap_min_addr"}) {
    const std::string value = Read(absl::StrCat("/proc/sys/vm/", sysctl));
    if (!value.empty()) absl::StrAppend(&line, ", ", sysctl, "=", value);
  }
  return line;
}

// The choice in "always [madvise] never".
std::string Choice(absl::string_view name) {
  const std::string text = Read(absl::StrCat("/sys/kernel/mm/transparent_hugepage/", name));
  const std::size_t begin = text.find('[');
  const std::size_t end = text.find(']');
  return begin == std::string::npos || end == std::string::npos ? "never" : text.substr(begin + 1, end - begin - 1);
}

std::string HugePages() {
  const std::vector<std::string> features = absl::StrSplit(Row("/proc/cpuinfo", "flags\t\t"), ' ');
  const bool keys = std::find(features.begin(), features.end(), "ospke") != features.end();
  return absl::StrCat("# THP=", Choice("enabled"), ", defrag=", Choice("defrag"),
                      ", shmem_enabled=", Choice("shmem_enabled"), "; protection keys: ", keys ? "yes" : "no",
                      "; hugetlb pages: ", Row("/proc/meminfo", "HugePages_Total"));
}

std::string Limit(const char* name, int resource) {
  rlimit limit = {};
  if (getrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0) return absl::StrCat(name, " unknown");
  return limit.rlim_cur == RLIM_INFINITY ? absl::StrCat(name, " unlimited") : absl::StrCat(name, " ", limit.rlim_cur);
}

// "0, every capability but CAP_SYS_RESOURCE".
std::string User() {
  std::uint64_t effective = 0;
  std::string user = absl::StrCat("# uid: ", geteuid());
  if (!absl::SimpleHexAtoi(Row("/proc/self/status", "CapEff"), &effective)) return user;
  if (effective == 0) return absl::StrCat(user, ", no capability");
  std::vector<absl::string_view> missing;
  for (const client::LinuxConstant& capability : client::FindConstantFamily("CAP")->constants) {
    if ((effective >> capability.value & 1) == 0) missing.push_back(capability.name);
  }
  if (missing.empty()) return absl::StrCat(user, ", every capability");
  return absl::StrCat(user, ", every capability but ", absl::StrJoin(missing, " "));
}

}  // namespace

std::vector<std::string> TraceHeader() {
  utsname system = {};
  uname(&system);
  return {absl::StrCat("# kernel: ", system.release, ", ", system.machine), Memory(), HugePages(), User(),
          absl::StrCat("# limits: STACK ", kStackLimitBytes, ", ", Limit("MEMLOCK", RLIMIT_MEMLOCK), ", ",
                       Limit("AS", RLIMIT_AS), ", ", Limit("DATA", RLIMIT_DATA))};
}

}  // namespace memsim::record
