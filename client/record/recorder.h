// What a program of this host asks of its kernel, as a trace that `memsim replay` takes.
//
// The program runs under strace, with address-space randomisation off, a stack limit of 8 MiB and a small fixed
// environment, so that its addresses are the same each time. What strace cannot see is added: the size of each file
// that the program opens and that was there before (@file), and the mappings right after each execve (@image), from a
// second start of the same file with the same arguments, environment, directory and stack limit, which stops before its
// first instruction.

#ifndef MEMSIM_CLIENT_RECORD_RECORDER_H_
#define MEMSIM_CLIENT_RECORD_RECORDER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace memsim::record {

struct Recording {
  // The program's file.
  std::string program;
  // How many lines strace wrote.
  std::uint64_t lines = 0;
  // What the trace lacks, and why: a program that is gone by now has no @image.
  std::vector<std::string> notes;
};

// Runs a program with its arguments (its name first, looked up in PATH), and writes the trace to a file. NOT_FOUND:
// there is no such program, or no folder for the file; FAILED_PRECONDITION: it cannot be traced here. Both say what to
// do, and then nothing was written.
absl::StatusOr<Recording> Record(const std::vector<std::string>& command, const std::string& trace);

}  // namespace memsim::record

#endif  // MEMSIM_CLIENT_RECORD_RECORDER_H_
