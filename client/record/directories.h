// Where each process of a log is, as far as its lines tell.

#ifndef MEMSIM_CLIENT_RECORD_DIRECTORIES_H_
#define MEMSIM_CLIENT_RECORD_DIRECTORIES_H_

#include <cstdint>
#include <map>
#include <string>

#include "client/record/strace_log.h"

namespace memsim::record {

class Directories {
 public:
  // first: where the first process is.
  explicit Directories(std::string first) : of_last_parent_(std::move(first)) {}

  // Takes note of a line. REQUIRES: lines come in the log's order.
  void Follow(const LogLine& line);
  // REQUIRES: Follow had a line of the process.
  const std::string& Of(std::uint64_t pid) const { return of_.at(pid); }

 private:
  std::map<std::uint64_t, std::string> of_;
  // Of the process that last began to make another: a pid of which nothing else is known is its child.
  std::string of_last_parent_;
};

}  // namespace memsim::record

#endif  // MEMSIM_CLIENT_RECORD_DIRECTORIES_H_
