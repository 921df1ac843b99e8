// What is seen of a step: its result, and what the processes of the program look like afterwards.

#ifndef MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_OBSERVATION_H_
#define MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_OBSERVATION_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

#include "tests/conformance/differential/program.h"

namespace memsim::differential {

// One line of /proc/PID/maps.
struct Mapping {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  // "rw-p".
  std::string permissions;
  std::uint64_t offset = 0;
  // A file's name without its folders, "[heap]", or empty.
  std::string name;

  friend bool operator==(const Mapping&, const Mapping&) = default;
};

// "100000000000-100000001000 rw-p 00000000", and the name if it has one.
std::string ToText(const Mapping& mapping);

// Sizes in kB.
struct ProcessState {
  std::vector<Mapping> maps;
  std::uint64_t rss_anon = 0;
  std::uint64_t rss_file = 0;
  std::uint64_t rss_shmem = 0;
  std::uint64_t vm_data = 0;
  std::uint64_t vm_lck = 0;

  friend bool operator==(const ProcessState&, const ProcessState&) = default;
};

// The mappings of /proc/PID/maps but those that both sides have for themselves: the region, and the vsyscall page.
std::vector<Mapping> ParseMaps(absl::string_view text);
// The rows of /proc/PID/status that are compared.
void ParseStatus(absl::string_view text, ProcessState& state);

struct SignalSeen {
  int number = 0;
  int code = 0;
  std::uint64_t address = 0;

  friend bool operator==(const SignalSeen&, const SignalSeen&) = default;
};

struct StepOutcome {
  // As the system call returns it: -errno. A pid is the number of its process in the program.
  std::int64_t value = 0;
  std::optional<SignalSeen> signal;
  std::uint64_t minor_faults = 0;
  std::uint64_t major_faults = 0;
  // Of the process that did the step, a digit for each page of the arena: 1 in core, 0 not, - unmapped. Empty: unknown.
  std::string incore;
  // By their numbers; nullopt: not alive.
  std::array<std::optional<ProcessState>, kMaxProcesses> processes;
};

// What differs, a line each; empty: nothing.
std::string Compare(const StepOutcome& kernel, const StepOutcome& simulated);

// "ENOMEM", or the value in hexadecimal.
std::string ResultText(std::int64_t value);

}  // namespace memsim::differential

#endif  // MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_OBSERVATION_H_
