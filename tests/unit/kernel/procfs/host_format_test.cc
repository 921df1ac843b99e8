// Compares the form of our files with those of the kernel that runs this test: the same rows in the same order, in the
// same columns. Only a Linux 6.18 can tell; on others the tests are skipped.

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"

#include "server/kernel/machine.h"
#include "server/kernel/procfs/maps_line.h"
#include "server/kernel/procfs/procfs.h"
#include "tests/unit/kernel/procfs/proc_text.h"

namespace memsim {
namespace {

// Rows that depend on how a 6.18 was configured, or on its processor. The kernel that the simulator models has none.
bool IsOptional(absl::string_view row) {
  static const std::set<absl::string_view> kOptional = {
      "HardwareCorrupted", "Unaccepted",     "CmaTotal",          "CmaFree",
      "DirectMap1G",       "cma_alloc_fail", "cma_alloc_success", "x86_Thread_features",
      "swap_ra",           "swap_ra_hit",    "nr_zspages",        "x86_Thread_features_locked"};
  return kOptional.count(row) > 0;
}

std::string ReadHost(const std::string& path) {
  std::ifstream file("/proc/" + path);
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

// Numbers become "0", and the spaces before them one, so that what is left is the form alone.
std::string FormOf(absl::string_view line) {
  std::string form;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool in_word = i > 0 && (absl::ascii_isalnum(line[i - 1]) || line[i - 1] == '_');
    if (!absl::ascii_isdigit(line[i]) || in_word) {
      form += line[i];
      continue;
    }
    while (form.size() >= 2 && form.back() == ' ' && form[form.size() - 2] == ' ') form.pop_back();
    while (i + 1 < line.size() && absl::ascii_isdigit(line[i + 1])) ++i;
    form += '0';
  }
  return form;
}

// The forms of all lines, each where it comes first.
std::vector<std::string> FormsOf(absl::string_view text) {
  std::vector<std::string> forms;
  for (const std::string& line : Lines(text)) {
    const std::string form = FormOf(line);
    if (std::find(forms.begin(), forms.end(), form) == forms.end()) forms.push_back(form);
  }
  return forms;
}

class HostFormatTest : public testing::Test {
 protected:
  void SetUp() override {
    utsname system = {};
    if (uname(&system) != 0 || !absl::StartsWith(system.release, "6.18.") ||
        absl::string_view(system.machine) != "x86_64") {
      GTEST_SKIP() << "only Linux 6.18 on x86-64 can confirm the format; this is " << system.sysname << " "
                   << system.release << " on " << system.machine;
    }
    MachineSpec spec;
    // Enough for all zones.
    spec.memory = ByteCount(5ULL << 30);
    machine_ = *Machine::Create(spec);
  }

  std::string Read(absl::string_view path) { return *machine_->ReadProc(path); }

  static std::vector<std::string> WithoutOptional(std::vector<std::string> rows) {
    rows.erase(std::remove_if(rows.begin(), rows.end(), [](const std::string& row) { return IsOptional(row); }),
               rows.end());
    return rows;
  }

  std::unique_ptr<Machine> machine_;
};

// Root-only files, in a container for example.
constexpr absl::string_view kUnreadable = "the host's file cannot be read";

TEST_F(HostFormatTest, MeminfoHasTheRowsAndColumns) {
  const std::string host = ReadHost("meminfo");
  if (host.empty()) GTEST_SKIP() << kUnreadable;
  const std::string ours = Read("meminfo");
  EXPECT_EQ(WithoutOptional(RowNames(ours)), WithoutOptional(RowNames(host)));
  std::map<std::string, std::string> host_lines;
  for (const std::string& line : Lines(host)) host_lines[line.substr(0, line.find(':'))] = line;
  for (const std::string& line : Lines(ours)) {
    const std::string name = line.substr(0, line.find(':'));
    const std::string& expected = host_lines[name];
    if (expected.empty()) continue;
    // Numbers end in the same column, with the same unit behind them.
    const std::size_t end = line.find_last_of("0123456789") + 1;
    EXPECT_EQ(end, expected.find_last_of("0123456789") + 1) << line;
    EXPECT_EQ(line.substr(end), expected.substr(end)) << line;
  }
}

TEST_F(HostFormatTest, VmstatHasTheRows) {
  const std::string host = ReadHost("vmstat");
  if (host.empty()) GTEST_SKIP() << kUnreadable;
  const std::string ours = Read("vmstat");
  EXPECT_EQ(WithoutOptional(RowNames(ours)), WithoutOptional(RowNames(host)));
  for (const std::string& line : Lines(ours)) {
    EXPECT_EQ(FormOf(line), absl::StrCat(line.substr(0, line.find(' ')), " 0"));
  }
}

TEST_F(HostFormatTest, ZoneinfoHasTheLines) {
  const std::string host = ReadHost("zoneinfo");
  if (host.empty()) GTEST_SKIP() << kUnreadable;
  if (!absl::StrContains(host, "zone   Normal\n  pages free ")) GTEST_SKIP() << "the host has other zones";
  EXPECT_EQ(FormsOf(Read("zoneinfo")), FormsOf(host));
}

TEST_F(HostFormatTest, BuddyinfoHasTheColumns) {
  const std::string host = ReadHost("buddyinfo");
  if (host.empty()) GTEST_SKIP() << kUnreadable;
  const std::vector<std::string> host_lines = Lines(host);
  for (const std::string& line : Lines(Read("buddyinfo"))) {
    EXPECT_EQ(line.size(), host_lines[0].size());
    EXPECT_EQ(line.find("zone "), host_lines[0].find("zone "));
    EXPECT_EQ(line.back(), host_lines[0].back());
  }
}

TEST_F(HostFormatTest, PagetypeinfoHasTheLines) {
  const std::string host = ReadHost("pagetypeinfo");
  if (host.empty()) GTEST_SKIP() << kUnreadable;
  if (absl::StrContains(host, "CMA")) GTEST_SKIP() << "the host has contiguous memory areas";
  const auto sorted = [](std::vector<std::string> forms) {
    std::sort(forms.begin(), forms.end());
    return forms;
  };
  EXPECT_EQ(sorted(FormsOf(Read("pagetypeinfo"))), sorted(FormsOf(host)));
}

TEST_F(HostFormatTest, StatusHasTheRowsAndColumns) {
  const std::string host = ReadHost("self/status");
  if (host.empty()) GTEST_SKIP() << kUnreadable;
  const std::string ours = Read("1/status");
  EXPECT_EQ(WithoutOptional(RowNames(ours)), WithoutOptional(RowNames(host)));
  std::map<std::string, std::string> host_lines;
  for (const std::string& line : Lines(host)) host_lines[line.substr(0, line.find(':'))] = line;
  for (const std::string& line : Lines(ours)) {
    const std::string name = line.substr(0, line.find(':'));
    const std::string& expected = host_lines[name];
    // Rows whose value is not a number of fixed width.
    static const std::set<absl::string_view> kFree = {"Name",  "State",        "Tgid",   "Pid",    "PPid",
                                                      "Umask", "Cpus_allowed", "NStgid", "NSpid",  "NSpgid",
                                                      "NSsid", "SigQ",         "Groups", "FDSize", "Cpus_allowed_list"};
    if (expected.empty() || kFree.count(name) > 0 || absl::StartsWith(name, "Spec")) continue;
    if (absl::EndsWith(expected, " kB")) {
      // A sanitized program's own numbers have more digits than the column.
      if (expected.size() > name.size() + absl::string_view(":\t12345678 kB").size()) continue;
      EXPECT_EQ(line.size(), expected.size()) << line;
    } else if (line.size() > name.size() + 10) {
      EXPECT_EQ(line.size(), expected.size()) << line;
    }
  }
}

TEST_F(HostFormatTest, StatAndStatmHaveTheFields) {
  for (const absl::string_view file : {"stat", "statm"}) {
    const std::string host = ReadHost(absl::StrCat("self/", file));
    if (host.empty()) GTEST_SKIP() << kUnreadable;
    const std::vector<std::string> theirs = absl::StrSplit(host, ' ');
    const std::vector<std::string> ours = absl::StrSplit(Read(absl::StrCat("1/", file)), ' ');
    EXPECT_EQ(ours.size(), theirs.size()) << file;
  }
}

// A line of the host's own maps, read into what AppendMapsLine wants.
struct HostLine {
  MapsLine line;
  std::string name;
};
HostLine Parse(const std::string& text) {
  HostLine parsed;
  unsigned long start = 0;
  unsigned long end = 0;
  unsigned long offset = 0;
  char flags[5] = {};
  int name_at = 0;
  std::sscanf(text.c_str(), "%lx-%lx %4s %lx %x:%x %lu %n", &start, &end, flags, &offset, &parsed.line.device.major,
              &parsed.line.device.minor, &parsed.line.inode_number, &name_at);
  parsed.line.range = {VirtualAddress(start), VirtualAddress(end)};
  parsed.line.offset = ByteCount(offset);
  if (flags[0] == 'r') parsed.line.flags |= kVmRead;
  if (flags[1] == 'w') parsed.line.flags |= kVmWrite;
  if (flags[2] == 'x') parsed.line.flags |= kVmExec;
  if (flags[3] == 's') parsed.line.flags |= kVmMayShare;
  parsed.name = text.substr(static_cast<std::size_t>(name_at));
  return parsed;
}

TEST_F(HostFormatTest, MapsLinesAreWrittenAsTheHostWritesItsOwn) {
  const std::string host = ReadHost("self/maps");
  if (host.empty()) GTEST_SKIP() << kUnreadable;
  std::string ours;
  for (const std::string& text : Lines(host)) {
    HostLine parsed = Parse(text);
    parsed.line.name = parsed.name;
    AppendMapsLine(parsed.line, ours);
  }
  EXPECT_EQ(ours, host);
  // The last line is the one that is the same everywhere.
  EXPECT_EQ(Lines(Read("1/maps")).back(), Lines(host).back());
}

TEST_F(HostFormatTest, LimitsHasTheRowsAndColumns) {
  const std::string host = ReadHost("self/limits");
  if (host.empty()) GTEST_SKIP() << kUnreadable;
  const std::vector<std::string> theirs = Lines(host);
  const std::vector<std::string> ours = Lines(Read("1/limits"));
  ASSERT_EQ(ours.size(), theirs.size());
  EXPECT_EQ(ours[0], theirs[0]);
  for (std::size_t i = 1; i < ours.size(); ++i) {
    // The name, and the unit behind the two limits.
    EXPECT_EQ(ours[i].substr(0, 26), theirs[i].substr(0, 26));
    EXPECT_EQ(ours[i].substr(68), theirs[i].substr(68));
  }
}

TEST_F(HostFormatTest, SysctlsOfMemoryAreThereAndOneLineEach) {
  for (const absl::string_view path : ProcMachineFiles()) {
    if (!absl::StartsWith(path, "sys/vm/")) continue;
    EXPECT_EQ(FormOf(ReadHost(std::string(path))), FormOf(Read(path))) << path;
  }
}

// The rows below the last mapping's line.
std::vector<std::string> RowsOfMapping(absl::string_view smaps) {
  std::vector<std::string> rows;
  for (const std::string& line : Lines(smaps)) {
    if (absl::StrContains(line.substr(0, line.find(' ')), '-')) {
      rows.clear();
      continue;
    }
    // Of a processor without keys.
    if (absl::StartsWith(line, "ProtectionKey:")) continue;
    rows.push_back(line);
  }
  return rows;
}

TEST_F(HostFormatTest, SmapsHasTheRowsAndColumns) {
  const std::string host = ReadHost("self/smaps");
  if (host.empty()) GTEST_SKIP() << kUnreadable;
  // The last mapping is the one that is the same everywhere.
  EXPECT_EQ(RowsOfMapping(Read("1/smaps")), RowsOfMapping(host));
}

TEST_F(HostFormatTest, SmapsRollupHasTheRowsAndColumns) {
  const std::string host = ReadHost("self/smaps_rollup");
  if (host.empty()) GTEST_SKIP() << kUnreadable;
  const std::vector<std::string> theirs = RowsOfMapping(host);
  const std::vector<std::string> ours = RowsOfMapping(Read("1/smaps_rollup"));
  ASSERT_EQ(RowNames(Read("1/smaps_rollup")).size(), RowNames(host).size());
  for (std::size_t i = 0; i < ours.size(); ++i) {
    EXPECT_EQ(ours[i].substr(0, ours[i].find(':')), theirs[i].substr(0, theirs[i].find(':')));
    EXPECT_EQ(ours[i].size(), theirs[i].size()) << ours[i];
  }
}

}  // namespace
}  // namespace memsim
