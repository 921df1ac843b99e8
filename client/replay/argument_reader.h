// The numbers among a call's arguments.

#ifndef MEMSIM_CLIENT_REPLAY_ARGUMENT_READER_H_
#define MEMSIM_CLIENT_REPLAY_ARGUMENT_READER_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "client/replay/trace_line.h"

namespace memsim::replay {

// Reads arguments by position and remembers what went wrong, so that a translator asks once, at the end.
class ArgumentReader {
 public:
  // The line must outlive the reader.
  explicit ArgumentReader(const TraceLine& line) : line_(line) {}

  // nullptr: there are not so many arguments.
  const TraceValue* Find(std::size_t index) const;
  // The argument's value. 0 if it is missing or no number, and then ok() is false.
  std::uint64_t Number(std::size_t index);
  // The same of an argument that may be missing.
  std::uint64_t NumberOr(std::size_t index, std::uint64_t missing);
  // A string. Empty if it is missing or none, and then ok() is false.
  std::string String(std::size_t index);

  bool ok() const { return problem_.empty(); }
  // "argument 3 of mmap is no number".
  const std::string& problem() const { return problem_; }

 private:
  const TraceLine& line_;
  std::string problem_;
};

}  // namespace memsim::replay

#endif  // MEMSIM_CLIENT_REPLAY_ARGUMENT_READER_H_
