// A log as strace might have written it.

#ifndef MEMSIM_TESTS_UNIT_RECORD_LOG_LINES_H_
#define MEMSIM_TESTS_UNIT_RECORD_LOG_LINES_H_

#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"

#include "client/record/strace_log.h"

namespace memsim::record {

inline std::vector<LogLine> LinesOf(const std::vector<std::string>& lines) {
  std::istringstream log(absl::StrJoin(lines, "\n") + "\n");
  return ReadStraceLog(log);
}

}  // namespace memsim::record

#endif  // MEMSIM_TESTS_UNIT_RECORD_LOG_LINES_H_
