// memsim record: a trace of a program of this host.

#include <cstddef>

#include "absl/strings/str_cat.h"

#include "client/cli/command.h"
#include "client/cli/json_object.h"
#include "client/record/recorder.h"

namespace memsim::cli {
namespace {

absl::StatusOr<ExitCode> Record(const Arguments& arguments, Session& session) {
  const std::string trace = *arguments.Get("output");
  const absl::StatusOr<record::Recording> recording = record::Record(arguments.positionals(), trace);
  if (!recording.ok()) return recording.status();
  for (const std::string& note : recording->notes) session.err() << "memsim: " << note << "\n";
  if (session.json()) {
    JsonObject object;
    object.Add("trace", trace).Add("program", recording->program).AddNumber("lines", recording->lines);
    session.out() << object.ToString() << "\n";
  } else {
    session.out() << "recorded " << recording->lines << " lines of " << recording->program << " in " << trace << "\n";
  }
  return ExitCode::kFine;
}

}  // namespace

Command RecordCommand() {
  CommandSpec spec{
      "record", "Calls from files", "Records what a program of this host asks of its kernel, for replay.", "", {}, {},
      {}};
  spec.description =
      "Runs a program of this host under strace and writes what it asks of the kernel, and what that answers, as a "
      "trace "
      "for memsim replay. The program has address-space randomisation off, a stack limit of 8 MiB and three "
      "environment "
      "variables, so that its addresses are the same each time. What strace cannot see is added: the sizes of the "
      "files "
      "that the program opens, and its mappings after each execve, for which every program that it executes is started "
      "once more and stopped before its first instruction. Needs strace, and no server. Exit code: 0 a trace was "
      "written, whatever the program's own exit code was; 1 it was not, and why.";
  spec.positionals = {
      {"PROGRAM", "A file, or a name to look up in PATH; behind --, so that its flags are its own.",
       Presence::kRequired, Repetition::kOnce, PositionalKind::kFileName},
      {"ARGUMENT", "The program's.", Presence::kOptional, Repetition::kMany, PositionalKind::kFileName}};
  FlagSpec output{"output", "FILE", "Where the trace is written.", Presence::kRequired};
  output.letter = 'o';
  spec.flags = {output};
  spec.examples = {"memsim record -o sort.strace -- /usr/bin/sort -n numbers.txt",
                   "memsim replay sort.strace --show 5"};
  return {spec, Record};
}

}  // namespace memsim::cli
