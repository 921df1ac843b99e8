// memsim run: a file of Calls, in batches.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/types/span.h"

#include "client/cli/answer_text.h"
#include "client/cli/call_script.h"
#include "client/cli/command.h"
#include "client/cli/quantities.h"
#include "client/cli/usage_error.h"
#include "client/library/nearest_name.h"

namespace memsim::cli {
namespace {

// Hides the network well, and its answers are seen soon.
constexpr std::uint64_t kDefaultBatch = 1000;
// The most calls that a server takes at once (ExecuteBatchRequest.calls).
constexpr std::uint64_t kMaxBatch = 10000;

absl::StatusOr<std::string> ReadFile(const std::string& path, Session& session) {
  std::ostringstream text;
  if (path == "-") {
    text << session.in().rdbuf();
    return text.str();
  }
  // A directory opens as if it were a file, and then does not read.
  std::error_code error;
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path, error)) return UsageError("cannot read the file ", path);
  text << file.rdbuf();
  return text.str();
}

absl::StatusOr<v1::StopConditions> ParseStop(const Arguments& arguments) {
  v1::StopConditions stop;
  // A call that could not be executed is a mistake in the file; an errno or a signal may be what the file wants to
  // show.
  const std::string text = arguments.Get("stop-on").value_or("misuse");
  const std::vector<std::string> known = {"errno", "signal", "misuse", "never"};
  for (const std::string& word : std::vector<std::string>(absl::StrSplit(text, ','))) {
    if (word == "errno") {
      stop.set_on_error_number(true);
    } else if (word == "signal") {
      stop.set_on_signal(true);
    } else if (word == "misuse") {
      stop.set_on_misuse(true);
    } else if (word != "never") {
      return UsageError("--stop-on: \"", word, "\" is none of errno, signal, misuse, never",
                        client::DidYouMean(word, known));
    }
  }
  return stop;
}

// Prints answers, and remembers what they were.
class AnswerPrinter {
 public:
  explicit AnswerPrinter(Session& session) : session_(session) {}

  void Print(const ScriptCall& call, const v1::Answer& answer, std::size_t line_width) {
    if (!Succeeded(answer)) ++failed_;
    if (session_.json()) return session_.PrintJson(answer);
    const std::string line = absl::StrCat(call.line);
    session_.out() << std::string(line_width - line.size(), ' ') << line << "  " << AnswerText(call.operation, answer)
                   << "\n";
  }
  std::size_t failed() const { return failed_; }

 private:
  Session& session_;
  std::size_t failed_ = 0;
};

absl::StatusOr<ExitCode> RunCalls(const std::string& machine, absl::Span<const ScriptCall> calls,
                                  std::uint64_t batch_size, const v1::StopConditions& stop, Session& session) {
  const absl::StatusOr<client::Client*> client = session.ConnectFor(machine);
  if (!client.ok()) return client.status();
  AnswerPrinter printer(session);
  const std::size_t line_width = calls.empty() ? 0 : absl::StrCat(calls.back().line).size();
  for (std::size_t begin = 0; begin < calls.size();) {
    const absl::Span<const ScriptCall> batch = calls.subspan(begin, batch_size);
    v1::ExecuteBatchRequest request;
    request.set_machine(machine);
    *request.mutable_stop() = stop;
    for (const ScriptCall& call : batch) *request.add_calls() = call.call;
    const absl::StatusOr<v1::ExecuteBatchResponse> response = (*client)->ExecuteBatch(request, session.call_options());
    if (!response.ok()) return response.status();
    const auto answered = std::min(batch.size(), static_cast<std::size_t>(response->answers_size()));
    for (std::size_t i = 0; i < answered; ++i)
      printer.Print(batch[i], response->answers(static_cast<int>(i)), line_width);
    begin += answered;
    // Fewer answers than calls: a stop condition was met.
    if (answered < batch.size()) {
      session.err() << "memsim: stopped; " << FormatCount(calls.size() - begin, "call") << " not run\n";
      break;
    }
  }
  return printer.failed() == 0 ? ExitCode::kFine : ExitCode::kFailed;
}

absl::StatusOr<ExitCode> Run(const Arguments& arguments, Session& session) {
  const std::string& machine = arguments.positionals()[0];
  const std::string& path = arguments.positionals()[1];
  const absl::StatusOr<std::uint64_t> batch =
      ParseUnsigned(arguments.Get("batch").value_or(absl::StrCat(kDefaultBatch)));
  if (!batch.ok()) return UsageError("--batch: ", batch.status().message());
  if (*batch < 1 || *batch > kMaxBatch) return UsageError("--batch: ", *batch, " is not 1 to ", kMaxBatch);
  const absl::StatusOr<v1::StopConditions> stop = ParseStop(arguments);
  if (!stop.ok()) return stop.status();
  const absl::StatusOr<std::string> text = ReadFile(path, session);
  if (!text.ok()) return text.status();
  // The whole file is read before the first call runs: a typing error on the last line must not leave half of it done.
  const absl::StatusOr<std::vector<ScriptCall>> calls = ParseCallScript(path == "-" ? "stdin" : path, *text);
  if (!calls.ok()) return calls.status();
  return RunCalls(machine, *calls, *batch, *stop, session);
}

}  // namespace

Command RunCommand() {
  CommandSpec spec{"run",
                   "Calls from files",
                   "Runs a file of calls on a machine and prints each answer with its line number.",
                   "",
                   {},
                   {},
                   {}};
  spec.description =
      "Runs a file of calls on a machine and prints each answer with its line number. A line has the words of a call's "
      "command without "
      "\"memsim\" and --machine, as in: touch --address $1 --page-count 16 --access write. Or it is a Call as JSON. # "
      "begins a comment.";
  spec.positionals = {{"MACHINE", "The machine."}, {"FILE", "The file, or - for the standard input."}};
  spec.flags = {
      {"batch", "NUMBER",
       absl::StrCat("How many calls to send at a time, 1 to ", kMaxBatch, ". Left out: ", kDefaultBatch, ".")},
      {"stop-on", "WHAT",
       "Leave the rest undone after an errno, a signal or misuse (a call that could not be run); several joined by "
       "commas, or "
       "never. Left out: misuse."}};
  spec.examples = {"memsim run demo calls.txt", "memsim run demo - --stop-on errno,signal --json < calls.txt"};
  return {spec, Run};
}

}  // namespace memsim::cli
