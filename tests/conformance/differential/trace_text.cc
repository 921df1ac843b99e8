#include "tests/conformance/differential/trace_text.h"

#include <array>
#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

#include "client/library/linux_constants.h"
#include "server/kernel/vm/virtual_range.h"
#include "tests/conformance/differential/arguments.h"
#include "tests/conformance/differential/calls.h"
#include "tests/conformance/differential/program_run.h"
#include "tests/conformance/differential/simulated_side.h"

namespace memsim::differential {
namespace {

constexpr std::uint64_t kFirstPid = 1000;
constexpr std::uint64_t kPage = kPageSize.value();
// All that a program can map where it chooses.
constexpr VirtualAddress kMapsEnd{1ULL << 47};

std::string Limit(std::uint64_t limit) { return limit == ~0ULL ? "RLIM64_INFINITY" : absl::StrCat(limit); }

std::string Result(std::int64_t value, bool address) {
  if (value >= 0) return address ? absl::StrFormat("%#x", value) : absl::StrCat(value);
  const int error = static_cast<int>(-value);
  return absl::StrFormat("-1 %s (%s)", client::ErrorNumberName(error), client::ErrorNumberText(error));
}

// As a program's path is in traces, where no file is in a folder of this host.
std::string MapsText(const std::vector<Mapping>& maps, VirtualRange within, const Program& program) {
  std::vector<std::string> lines;
  for (Mapping mapping : maps) {
    if (!within.Contains(VirtualAddress(mapping.start))) continue;
    for (std::size_t i = 0; i < program.files.size(); ++i) {
      if (mapping.name == FileName(i)) mapping.name = SimulatedPath(program, i);
    }
    if (mapping.name == "zero") mapping.name = "/dev/zero (deleted)";
    lines.push_back(absl::StrCat("\"", ToText(mapping), "\""));
  }
  return lines.empty() ? "none" : absl::StrJoin(lines, ", ");
}

// Not one is missing on a host where the list is empty.
std::string MissingCapabilities(const Program& program) {
  const CapabilitySet held = program.privileged ? SimulatedSide::CapabilitiesOfHost() : CapabilitySet::None();
  std::vector<absl::string_view> names;
  for (const client::LinuxConstant& constant : client::FindConstantFamily("CAP")->constants) {
    if ((held.bits() >> constant.value & 1) == 0) names.push_back(constant.name);
  }
  return absl::StrJoin(names, " ");
}

class TraceWriter {
 public:
  explicit TraceWriter(const Program& program) : program_(program) {}

  void Begin(const std::string& title) {
    const MachineSpec spec = SimulatedSide::SpecOfHost();
    absl::StrAppend(&text_, "# kernel: 6.18, x86_64\n");
    absl::StrAppendFormat(&text_, "# memory: %d kB, %d CPUs, no swap, overcommit_memory=%d, max_map_count=%d\n",
                          spec.memory.value() >> 10, spec.cpu_count, static_cast<int>(spec.sysctls.overcommit_memory),
                          spec.sysctls.max_map_count);
    absl::StrAppend(&text_, "# uid: 0, every capability but ", MissingCapabilities(program_), "\n");
    absl::StrAppendFormat(&text_, "# limits: STACK %d, MEMLOCK %d, AS/DATA unlimited\n# %s\n", kStackLimit.value(),
                          kLockLimit.value(), title);
    for (std::size_t i = 0; i < program_.files.size(); ++i) {
      Line(0, absl::StrFormat("@file(\"%s\", %d)", SimulatedPath(program_, i), program_.files[i].size.value()), "0");
    }
    Line(0, "execve(\"/program\", [\"/program\"], [/* 0 vars */])", "0");
    Line(0,
         absl::StrFormat("@image(\"/program\", \"%08x-%08x rwxs 00000000\")", kRegionBase.value(), kHeapStart.value()),
         "0");
    Line(0, "brk(NULL)", absl::StrFormat("%#x", kHeapStart.value()));
    Line(0, absl::StrFormat("madvise(%#x, %d, MADV_POPULATE_WRITE)", kRegionBase.value(), kRegionSize.value()), "0");
    for (std::size_t i = 0; i < program_.descriptors.size(); ++i) {
      const DescriptorSpec& descriptor = program_.descriptors[i];
      constexpr std::array<const char*, 3> kAccess = {"O_RDONLY", "O_WRONLY", "O_RDWR"};
      Line(0,
           absl::StrFormat("openat(AT_FDCWD, \"%s\", %s)", SimulatedPath(program_, descriptor.file),
                           kAccess.at(descriptor.access)),
           absl::StrCat(kFirstDescriptor + static_cast<int>(i), "<", SimulatedPath(program_, descriptor.file), ">"));
    }
    Line(0, "@faults()", "0 0");
  }

  void Add(const Step& step, std::size_t process, const StepOutcome& outcome) {
    const CallRow& row = Calls()[step.call];
    switch (row.kind) {
      case CallKind::kRead:
      case CallKind::kWrite:
        Line(process, PrintStep(program_, step), TouchResult(outcome));
        break;
      case CallKind::kFork:
        AddFork(process, outcome.value);
        break;
      case CallKind::kExit:
        Line(process, "exit_group(0)", "?");
        absl::StrAppend(&text_, kFirstPid + process, " +++ exited with 0 +++\n");
        break;
      case CallKind::kWait:
        Line(process, "wait4(-1, NULL, WNOHANG, NULL)",
             outcome.value > 0 || outcome.value < 0 ? PidResult(outcome.value) : "0");
        break;
      case CallKind::kSystemCall:
        Line(process, PrintStep(program_, step), Result(outcome.value, GivesAddress(row)));
    }
    faults_[process].first += outcome.minor_faults;
    faults_[process].second += outcome.major_faults;
    if (outcome.processes[process].has_value()) Observe(process, *outcome.processes[process], row);
  }

  std::string Take() { return std::move(text_); }

 private:
  void Line(std::size_t process, const std::string& call, const std::string& result) {
    absl::StrAppend(&text_, kFirstPid + process, " ", call, " = ", result, "\n");
  }

  static bool GivesAddress(const CallRow& row) {
    const std::string name = row.name;
    return name == "mmap" || name == "mremap" || name == "brk";
  }

  static std::string PidResult(std::int64_t value) {
    return value < 0 ? Result(value, false) : absl::StrCat(kFirstPid + static_cast<std::uint64_t>(value));
  }

  static std::string TouchResult(const StepOutcome& outcome) {
    if (outcome.signal.has_value()) {
      return absl::StrCat(client::SignalName(outcome.signal->number), " ",
                          client::SignalCodeName(outcome.signal->number, outcome.signal->code));
    }
    std::string text = absl::StrCat(outcome.minor_faults);
    if (outcome.major_faults > 0) absl::StrAppend(&text, " +", outcome.major_faults, " major");
    return text;
  }

  void AddFork(std::size_t process, std::int64_t value) {
    Line(process, "clone(child_stack=NULL, flags=SIGCHLD)", PidResult(value));
    if (value < 0) return;
    Line(static_cast<std::size_t>(value),
         absl::StrFormat("madvise(%#x, %d, MADV_POPULATE_WRITE)", kRegionBase.value(), kRegionSize.value()), "0");
  }

  // Touches tell of faults themselves.
  void Observe(std::size_t process, const ProcessState& state, const CallRow& row) {
    if (row.kind == CallKind::kSystemCall) {
      Line(process, "@faults()", absl::StrCat(faults_[process].first, " ", faults_[process].second));
      // Below the region, and above it.
      for (const VirtualRange within :
           {VirtualRange{VirtualAddress(0), kRegionBase}, VirtualRange{kHeapStart, kMapsEnd}}) {
        Line(process, absl::StrFormat("@maps(%#x, %#x)", within.start.value(), within.end.value()),
             MapsText(state.maps, within, program_));
      }
    }
    const std::pair<const char*, std::uint64_t> rows[] = {{"VmLck", state.vm_lck},
                                                          {"RssAnon", state.rss_anon},
                                                          {"RssFile", state.rss_file},
                                                          {"RssShmem", state.rss_shmem},
                                                          {"VmData", state.vm_data}};
    for (std::size_t i = 0; i < std::size(rows); ++i) {
      std::uint64_t& last = told_[process][i];
      if (std::exchange(last, rows[i].second) == rows[i].second) continue;
      Line(process, absl::StrFormat("@status(\"%s\")", rows[i].first), absl::StrCat(rows[i].second, " kB"));
    }
  }

  const Program& program_;
  std::string text_;
  std::array<std::pair<std::uint64_t, std::uint64_t>, kMaxProcesses> faults_{};
  // Rows of status are told when they change.
  std::array<std::array<std::uint64_t, 5>, kMaxProcesses> told_{};
};

// The other side of a recording: it says nothing.
class NoSide : public Side {
 public:
  absl::Status Start(const Program&) override { return absl::OkStatus(); }
  void BeginStep(const Step&, std::size_t, std::size_t) override {}
  absl::Status FinishStep(StepOutcome&) override { return absl::OkStatus(); }
  void End() override {}
};

}  // namespace

Program WithSingleTouches(const Program& program) {
  Program single = program;
  single.steps.clear();
  for (const Step& step : program.steps) {
    const CallKind kind = Calls()[step.call].kind;
    const bool touch = kind == CallKind::kRead || kind == CallKind::kWrite;
    for (std::uint64_t page = 0; page < (touch ? step.arguments[1] : 1); ++page) {
      Step one = step;
      if (touch) {
        one.arguments[0] += page * kPage;
        one.arguments[1] = 1;
      }
      single.steps.push_back(one);
    }
  }
  return single;
}

std::string PrintStep(const Program& program, const Step& step) {
  const CallRow& row = Calls()[step.call];
  const std::array<std::uint64_t, 6>& a = step.arguments;
  if (row.kind == CallKind::kRead || row.kind == CallKind::kWrite) {
    const std::string pages = a[1] > 1 ? absl::StrCat(" and the ", a[1] - 1, " pages after it") : "";
    return absl::StrFormat("@touch(%#x, %s)%s", a[0], row.kind == CallKind::kRead ? "R" : "W", pages);
  }
  if (row.arguments[0] == ArgumentKind::kResource) {
    return absl::StrFormat("%s(0, %s, {rlim_cur=%s, rlim_max=%s}, NULL)", row.name,
                           PrintArgument(row.arguments[0], a[0], program), Limit(a[1]), Limit(a[2]));
  }
  std::vector<std::string> arguments;
  for (std::size_t i = 0; i < row.arguments.size() && row.arguments[i] != ArgumentKind::kNone; ++i) {
    arguments.push_back(PrintArgument(row.arguments[i], a[i], program));
  }
  return absl::StrCat(row.name, "(", absl::StrJoin(arguments, ", "), ")");
}

absl::StatusOr<std::string> RecordTrace(const Program& program, Side& kernel, const std::string& title) {
  const Program single = WithSingleTouches(program);
  TraceWriter writer(single);
  writer.Begin(title);
  // Steps are compared with nothing, so the run goes on whatever the comparison says.
  NoSide nobody;
  const absl::StatusOr<RunReport> report = RunProgram(
      single, kernel, nobody,
      [&](std::size_t step, std::size_t process, const StepOutcome& outcome) {
        writer.Add(single.steps[step], process, outcome);
      },
      Comparing::kNo);
  if (!report.ok()) return report.status();
  return writer.Take();
}

}  // namespace memsim::differential
