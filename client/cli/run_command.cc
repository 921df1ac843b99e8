// memsim run: a file of Calls, in batches over one stream.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <istream>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/types/span.h"

#include "client/cli/answer_text.h"
#include "client/cli/call_script.h"
#include "client/cli/command.h"
#include "client/cli/json_object.h"
#include "client/cli/quantities.h"
#include "client/cli/usage_error.h"
#include "client/library/json_text.h"
#include "client/library/nearest_name.h"
#include "proto/call_limits.h"

namespace memsim::cli {
namespace {

// Hides the network well, and its answers are seen soon.
constexpr std::uint64_t kDefaultBatch = 1000;
// How many batches may be sent and not answered, where nothing that is answered can stop the next one: one runs, one
// waits for its turn, and the rest hide the network. The server holds 8 of a stream at most.
constexpr std::size_t kMaxBatchesInFlight = 4;

// Everything, unless there is more of it than a script may have: /dev/zero has no end.
absl::StatusOr<std::string> ReadScript(std::istream& in, const std::string& name) {
  std::string text;
  std::vector<char> piece(std::size_t{1} << 16);
  do {
    in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    text.append(piece.data(), static_cast<std::size_t>(in.gcount()));
    if (text.size() > kMaxCallScriptBytes) {
      return UsageError("the file ", client::Printable(name), " is longer than ", FormatSize(kMaxCallScriptBytes),
                        "; split it");
    }
  } while (in);
  if (in.bad()) return UsageError("cannot read the file ", client::Printable(name));
  return text;
}

absl::StatusOr<std::string> ReadScriptFile(const std::string& path, Session& session) {
  if (path == "-") return ReadScript(session.in(), "stdin");
  // A directory opens as if it were a file, and then does not read.
  std::error_code error;
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path, error)) {
    return UsageError("cannot read the file ", client::Printable(path));
  }
  return ReadScript(file, path);
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
      return UsageError("--stop-on: \"", client::Printable(word), "\" is none of errno, signal, misuse, never",
                        client::DidYouMean(word, known));
    }
  }
  return stop;
}

bool MayStop(const v1::StopConditions& stop) { return stop.on_error_number() || stop.on_signal() || stop.on_misuse(); }

// Whether the rest must be left undone after this answer. The server sees to it within a batch only.
bool Stops(const v1::StopConditions& stop, const v1::Answer& answer) {
  return (stop.on_error_number() && answer.error_number() != 0) || (stop.on_signal() && answer.has_signal()) ||
         (stop.on_misuse() && answer.has_misuse());
}

// Prints answers, and remembers what they were.
class AnswerPrinter {
 public:
  explicit AnswerPrinter(Session& session) : session_(session) {}

  void Print(const ScriptCall& call, const v1::Answer& answer, std::size_t line_width) {
    if (!Succeeded(answer)) ++failed_;
    if (session_.json()) {
      JsonObject object;
      object.AddCount("line", call.line).Add("call", call.operation).AddFieldsOf(ToJson(answer));
      session_.out() << object.ToString() << "\n";
      return;
    }
    const std::string line = absl::StrCat(call.line);
    session_.out() << std::string(line_width - line.size(), ' ') << line << "  " << AnswerText(call.operation, answer)
                   << "\n";
  }

  void PrintStop(std::size_t not_run) {
    if (session_.json()) {
      session_.err() << JsonObject().AddObject("stopped", JsonObject().AddCount("calls_not_run", not_run)).ToString()
                     << "\n";
    } else {
      session_.err() << "memsim: stopped; " << FormatCount(not_run, "call") << " not run\n";
    }
  }

  std::size_t failed() const { return failed_; }

 private:
  Session& session_;
  std::size_t failed_ = 0;
};

// The calls, in batches over one stream. Where an answer may stop the run, a batch is sent when the one before it is
// answered, for a batch that is under way cannot be called back; else several are under way at once.
class StreamedRun {
 public:
  StreamedRun(client::ExecuteStream& stream, absl::Span<const ScriptCall> calls, std::uint64_t batch_size,
              v1::ExecuteBatchRequest empty_batch)
      : stream_(stream), calls_(calls), batch_size_(batch_size), empty_batch_(std::move(empty_batch)) {}

  // OK if every call was answered, or one stopped the run.
  // REQUIRES: there are calls.
  absl::Status Run(AnswerPrinter& printer) {
    const std::size_t line_width = absl::StrCat(calls_.back().line).size();
    while (answered_ < calls_.size()) {
      SendAhead();
      const std::optional<v1::ExecuteBatchResponse> response = stream_.Read();
      if (!response.has_value()) return EarlyEnd();
      --in_flight_;
      const absl::Span<const ScriptCall> batch = BatchFrom(answered_);
      const auto count = std::min(batch.size(), static_cast<std::size_t>(response->answers_size()));
      for (std::size_t i = 0; i < count; ++i)
        printer.Print(batch[i], response->answers(static_cast<int>(i)), line_width);
      answered_ += count;
      const bool stopped = count < batch.size() ||
                           (count > 0 && Stops(empty_batch_.stop(), response->answers(static_cast<int>(count) - 1)));
      if (!stopped) continue;
      if (answered_ < calls_.size()) printer.PrintStop(calls_.size() - answered_);
      break;
    }
    // What was asked is answered: however the stream ends now, as with a server that is told to end, changes nothing.
    stream_.Finish().IgnoreError();
    return absl::OkStatus();
  }

 private:
  // The calls of a batch: as many as were asked for, but with those of their lanes no more than the server takes.
  absl::Span<const ScriptCall> BatchFrom(std::size_t first) const {
    const absl::Span<const ScriptCall> most = calls_.subspan(first, batch_size_);
    std::size_t calls = 0;
    std::size_t count = 0;
    for (; count < most.size(); ++count) {
      ++calls;
      for (const v1::Lane& lane : most[count].call.concurrent().lanes())
        calls += static_cast<std::size_t>(lane.calls_size());
      if (count > 0 && calls > kMaxBatchCalls) break;
    }
    return most.first(count);
  }

  void SendAhead() {
    const std::size_t window = MayStop(empty_batch_.stop()) ? 1 : kMaxBatchesInFlight;
    while (!broken_ && sent_ < calls_.size() && in_flight_ < window) {
      v1::ExecuteBatchRequest request = empty_batch_;
      const absl::Span<const ScriptCall> batch = BatchFrom(sent_);
      for (const ScriptCall& call : batch) *request.add_calls() = call.call;
      // Of a broken stream the answers that came before are still to be read, and then why it broke.
      broken_ = !stream_.Write(request);
      if (broken_) return;
      sent_ += batch.size();
      ++in_flight_;
      if (sent_ == calls_.size()) stream_.WritesDone();
    }
  }

  absl::Status EarlyEnd() {
    absl::Status status = stream_.Finish();
    return status.ok() ? absl::InternalError("the server ended the stream before it had answered every batch") : status;
  }

  client::ExecuteStream& stream_;
  const absl::Span<const ScriptCall> calls_;
  const std::uint64_t batch_size_;
  const v1::ExecuteBatchRequest empty_batch_;
  std::size_t sent_ = 0;
  std::size_t answered_ = 0;
  std::size_t in_flight_ = 0;
  bool broken_ = false;
};

absl::StatusOr<ExitCode> RunCalls(const std::string& machine, absl::Span<const ScriptCall> calls,
                                  std::uint64_t batch_size, const v1::StopConditions& stop, Session& session) {
  const absl::StatusOr<client::Client*> client = session.ConnectFor(machine);
  if (!client.ok()) return client.status();
  if (calls.empty()) return ExitCode::kFine;
  v1::ExecuteBatchRequest empty_batch;
  empty_batch.set_machine(machine);
  *empty_batch.mutable_stop() = stop;
  client::StreamOptions options;
  options.step_deadline = session.call_options().deadline.value_or(client::ClientOptions().default_deadline);
  const std::unique_ptr<client::ExecuteStream> stream = (*client)->Stream(options);
  AnswerPrinter printer(session);
  const absl::Status status = StreamedRun(*stream, calls, batch_size, std::move(empty_batch)).Run(printer);
  if (!status.ok()) return status;
  return printer.failed() == 0 ? ExitCode::kFine : ExitCode::kFailed;
}

absl::StatusOr<ExitCode> Run(const Arguments& arguments, Session& session) {
  const std::string& machine = arguments.positionals()[0];
  const std::string& path = arguments.positionals()[1];
  const absl::StatusOr<std::uint64_t> batch =
      ParseUnsigned(arguments.Get("batch").value_or(absl::StrCat(kDefaultBatch)));
  if (!batch.ok()) return UsageError("--batch: ", batch.status().message());
  if (*batch < 1 || *batch > kMaxBatchCalls) return UsageError("--batch: ", *batch, " is not 1 to ", kMaxBatchCalls);
  const absl::StatusOr<v1::StopConditions> stop = ParseStop(arguments);
  if (!stop.ok()) return stop.status();
  const absl::StatusOr<std::string> text = ReadScriptFile(path, session);
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
      "command without \"memsim\" and --machine, as in: touch --address $1 --page-count 16 --access write. Or it is a "
      "Call as JSON, to which no defaults apply: {\"store_as\": 1, \"mmap\": {\"pid\": 1, \"length_bytes\": 65536, "
      "\"prot\": 3, \"flags\": 34, \"fd\": -1}}, and then {\"touch\": {\"pid\": 1, \"address_slot\": 1, "
      "\"page_count\": 16}}. Fields are named as in proto/memsim/v1, and numbers are decimal. # begins a comment.";
  spec.positionals = {{"MACHINE", "The machine."},
                      {"FILE", "The file, or - for the standard input.", Presence::kRequired, Repetition::kOnce,
                       PositionalKind::kFileName}};
  spec.flags = {
      {"batch", "NUMBER",
       absl::StrCat("How many calls to send at a time, 1 to ", kMaxBatchCalls, ". Left out: ", kDefaultBatch, ".")},
      {"stop-on", "WHAT",
       "Leave the rest undone after an errno, a signal or misuse (a call that could not be run); several joined by "
       "commas, or never, with which batches are sent ahead of the answers. Left out: misuse."}};
  spec.examples = {"memsim run demo calls.txt", "memsim run demo - --stop-on errno,signal --json < calls.txt"};
  return {spec, Run};
}

}  // namespace memsim::cli
