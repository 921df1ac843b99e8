// The lines of a log that strace -f wrote to a file.

#ifndef MEMSIM_CLIENT_RECORD_STRACE_LOG_H_
#define MEMSIM_CLIENT_RECORD_STRACE_LOG_H_

#include <cstdint>
#include <istream>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace memsim::record {

struct LogLine {
  std::uint64_t pid = 0;
  // What stands behind the pid.
  std::string text;
  // The call on the line: where it is the end of one that another process interrupted, the whole of it.
  std::string call;
};

// Lines without a pid are left out.
std::vector<LogLine> ReadStraceLog(std::istream& log);

// "mmap" of "mmap(NULL, …" and of "<... mmap resumed>…". Empty: the line has no call.
absl::string_view CallName(absl::string_view text);

}  // namespace memsim::record

#endif  // MEMSIM_CLIENT_RECORD_STRACE_LOG_H_
