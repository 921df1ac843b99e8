// memsim replay: traces of real programs.

#include "client/replay/replay_command.h"

#include <csignal>

#include "client/cli/command.h"
#include "client/cli/interruption.h"
#include "client/cli/quantities.h"
#include "client/cli/usage_error.h"

namespace memsim::cli {
namespace {

ExitCode ExitCodeOf(replay::ReplayEnd end) {
  switch (end) {
    case replay::ReplayEnd::kEqual:
      return ExitCode::kFine;
    case replay::ReplayEnd::kDifferent:
    case replay::ReplayEnd::kFailed:
      return ExitCode::kFailed;
    case replay::ReplayEnd::kInterrupted:
      return InterruptingSignal() == SIGTERM ? ExitCode::kTerminated : ExitCode::kInterrupted;
    case replay::ReplayEnd::kUnreadable:
      break;
  }
  return ExitCode::kUsage;
}

absl::StatusOr<ExitCode> Replay(const Arguments& arguments, Session& session) {
  replay::ReplayCommandOptions options;
  options.files = arguments.positionals();
  options.machine = arguments.Get("machine").value_or("");
  const absl::StatusOr<std::uint64_t> show = ParseUnsigned(arguments.Get("show").value_or("0"));
  if (!show.ok()) return UsageError("--show: ", show.status().message());
  options.show = *show;
  options.json = session.json();
  options.groups = arguments.Has("groups");
  options.call_options = session.call_options();
  options.interrupted = [] { return InterruptingSignal() != 0; };
  if (arguments.Has("keep-process")) {
    if (options.machine.empty()) return UsageError("--keep-process needs --machine, as other machines are deleted");
    options.first_process = replay::FirstProcess::kStays;
  }
  const auto client = options.machine.empty() ? session.Connect() : session.ConnectFor(options.machine);
  if (!client.ok()) return client.status();
  NoteInterruption();
  return ExitCodeOf(replay::RunReplay(**client, options, session.out(), session.err()));
}

}  // namespace

Command ReplayCommand() {
  CommandSpec spec{"replay",
                   "Calls from files",
                   "Replays strace logs of real programs and compares each answer with the kernel's.",
                   "",
                   {},
                   {},
                   {}};
  spec.description =
      "Replays strace logs of real programs and compares each answer with the kernel's. Prints a line for each trace "
      "and the totals. Exit code: 0 in each trace something was compared, all of it equal, and every line understood; "
      "1 "
      "not so, or the server refused or did not answer; 2 a file could not be read. To record a trace: "
      "memsim record -o FILE -- PROGRAM, or setarch -R strace -f -y -e "
      "trace=%memory,%process,%desc,%file,prlimit64,setrlimit,prctl -o FILE PROGRAM. Addresses are compared, so they "
      "must not be random; and without -o the program's own output stands between the lines.";
  spec.positionals = {{"FILE", "A trace of memsim record, or a log of strace -f -y.", Presence::kRequired,
                       Repetition::kMany, PositionalKind::kFileName}};
  spec.flags = {
      {"machine", "MACHINE",
       "Run all traces on this machine. Left out: each gets a new machine of the recorded shape, "
       "whatever MEMSIM_MACHINE is."},
      {"show", "NUMBER",
       "Print the first differences of each trace: line, call, the kernel's answer and ours. --json has all of them."},
      {"groups", "", "Print what the differences of all traces have in common, the most frequent first."},
      {"keep-process", "",
       "With --machine: the first process of a trace does not exit, so that its maps can be read afterwards."}};
  spec.examples = {"memsim replay trace.strace --show 10", "memsim replay traces/*.strace --server local --json"};
  return {spec, Replay};
}

}  // namespace memsim::cli
