// What came out of a trace's replay.

#ifndef MEMSIM_CLIENT_REPLAY_TRACE_REPORT_H_
#define MEMSIM_CLIENT_REPLAY_TRACE_REPORT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "client/replay/trace.h"

namespace memsim::replay {

// A compared line to which the machine's answer was another.
struct Difference {
  int line_number = 0;
  // "mmap(NULL, 4096, …)", as the trace has it.
  std::string call;
  std::string kernel;
  std::string ours;
};

// A line that the machine could not do.
struct Skip {
  int line_number = 0;
  // The call's name.
  std::string call;
  std::string reason;
};

struct TraceReport {
  std::string trace;
  // Compared lines.
  std::uint64_t equal = 0;
  std::vector<Difference> differences;
  std::vector<Skip> skips;
  std::vector<UnknownLine> unknown_lines;
  // The first process's pid on the machine. 0: none was made.
  std::uint64_t first_pid = 0;

  // Something was compared, and nothing is amiss.
  bool WhollyEqual() const { return equal > 0 && differences.empty() && skips.empty() && unknown_lines.empty(); }
};

}  // namespace memsim::replay

#endif  // MEMSIM_CLIENT_REPLAY_TRACE_REPORT_H_
