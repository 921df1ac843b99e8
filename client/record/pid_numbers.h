// The pids of a recording, renumbered: two recordings of a program have the same.

#ifndef MEMSIM_CLIENT_RECORD_PID_NUMBERS_H_
#define MEMSIM_CLIENT_RECORD_PID_NUMBERS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

#include "client/record/strace_log.h"

namespace memsim::record {

class PidNumbers {
 public:
  // What the first process is called; the others follow in the order in which they appear, in results too.
  static constexpr std::uint64_t kFirst = 1000;

  explicit PidNumbers(const std::vector<LogLine>& lines);

  // REQUIRES: a line of the log has the pid.
  std::uint64_t Of(std::uint64_t pid) const { return numbers_.at(pid); }
  // A line's text, with the numbers of the log's processes wherever it names one: in results of calls that make
  // processes or wait for them, as the process that a call is about, in paths below /proc.
  std::string Rewrite(absl::string_view text) const;

 private:
  void See(std::uint64_t pid) { numbers_.try_emplace(pid, kFirst + numbers_.size()); }
  // Replaces the number that text begins with behind each occurrence of `before`.
  std::string RewriteBehind(absl::string_view before, absl::string_view text) const;
  // The text with its number at `begin` replaced, if that is a known pid and ends there.
  std::string RewriteAt(std::size_t begin, absl::string_view text) const;

  std::map<std::uint64_t, std::uint64_t> numbers_;
};

}  // namespace memsim::record

#endif  // MEMSIM_CLIENT_RECORD_PID_NUMBERS_H_
