// One command a Call: memsim mmap, memsim touch, …

#include "client/cli/answer_text.h"
#include "client/cli/call_flags.h"
#include "client/cli/command.h"
#include "client/cli/quantities.h"
#include "client/cli/usage_error.h"
#include "proto/operations.h"

namespace memsim::cli {
namespace {

absl::StatusOr<ExitCode> RunCall(const Operation& operation, const Arguments& arguments, Session& session) {
  const absl::StatusOr<v1::Call> call = CallFromArguments(operation, arguments);
  if (!call.ok()) return call.status();
  const absl::StatusOr<std::string> machine = session.MachineName(arguments);
  if (!machine.ok()) return machine.status();
  client::CallOptions options = session.call_options();
  if (const auto text = arguments.Get("expected-sequence"); text.has_value()) {
    const absl::StatusOr<std::uint64_t> sequence = ParseUnsigned(*text);
    if (!sequence.ok()) return UsageError("--expected-sequence: ", sequence.status().message());
    options.expected_sequence = *sequence;
  }
  const absl::StatusOr<client::Client*> client = session.ConnectFor(*machine);
  if (!client.ok()) return client.status();
  const absl::StatusOr<v1::Answer> answer = (*client)->Call(*machine, *call, options);
  if (!answer.ok()) return answer.status();
  if (session.json()) {
    session.PrintJson(*answer);
  } else {
    session.out() << AnswerText(operation.name(), *answer) << "\n";
  }
  return Succeeded(*answer) ? ExitCode::kFine : ExitCode::kFailed;
}

}  // namespace

std::vector<Command> CallCommands() {
  std::vector<Command> commands;
  for (const Operation& operation : Operations()) {
    Command command;
    command.spec = CallCommandSpec(operation);
    command.spec.flags.insert(command.spec.flags.begin(),
                              {"machine", "MACHINE", "Which machine. Left out: the environment's MEMSIM_MACHINE."});
    command.spec.flags.push_back(
        {"expected-sequence", "NUMBER",
         "Run only if the machine has executed exactly this many calls, so that a retry never runs twice."});
    command.run = [&operation](const Arguments& arguments, Session& session) {
      return RunCall(operation, arguments, session);
    };
    commands.push_back(operation.name() == "explain" ? ExplainCommand(std::move(command)) : std::move(command));
  }
  return commands;
}

}  // namespace memsim::cli
