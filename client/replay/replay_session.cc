#include "client/replay/replay_session.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace memsim::replay {

ReplaySession::ReplaySession(const Trace& trace, ReplayMachine& machine, FirstProcess first_process)
    : trace_(trace),
      machine_(machine),
      first_process_(first_process),
      files_(trace),
      counted_(trace.events.size(), false) {
  report_.unknown_lines = trace.unknown_lines;
}

void ReplaySession::SetEvent(std::size_t index) { event_index_ = index; }

void ReplaySession::Compare(v1::Call call, std::string kernel, AnswerText text) {
  Enqueue(std::move(call), {Waiting::Purpose::kCompare, event_index_, std::move(kernel), text, 0});
}

void ReplaySession::Apply(v1::Call call, int forgiven_errno) {
  Enqueue(std::move(call), {Waiting::Purpose::kApply, event_index_, {}, nullptr, forgiven_errno});
}

void ReplaySession::Prepare(v1::Call call) {
  Enqueue(std::move(call), {Waiting::Purpose::kPrepare, event_index_, {}, nullptr, 0});
}

std::optional<v1::Answer> ReplaySession::Ask(const v1::Call& call) {
  Flush();
  if (!status_.ok()) return std::nullopt;
  absl::StatusOr<std::vector<v1::Answer>> answers = machine_.Execute({&call, 1});
  if (answers.ok() && answers->size() != 1) answers = absl::InternalError("the server answered no call of one");
  if (!answers.ok()) {
    status_ = answers.status();
    return std::nullopt;
  }
  if (answers->front().has_misuse()) {
    Skip(absl::StrCat("refused: ", answers->front().misuse().message()));
    return std::nullopt;
  }
  return std::move(answers->front());
}

std::optional<std::uint64_t> ReplaySession::Demand(const v1::Call& call, absl::string_view name) {
  const std::optional<v1::Answer> answer = Ask(call);
  if (!answer.has_value()) return std::nullopt;
  if (answer->error_number() != 0 || answer->has_signal()) {
    Skip(absl::StrCat(name, " answered ", ResultText(*answer)));
    return std::nullopt;
  }
  return answer->value();
}

std::optional<std::string> ReplaySession::ReadProc(const std::string& path) {
  std::optional<std::string> content = TryReadProc(path);
  if (!content.has_value() && status_.ok()) Skip(absl::StrCat("no /proc/PID/", path.substr(path.rfind('/') + 1)));
  return content;
}

std::optional<std::string> ReplaySession::TryReadProc(const std::string& path) {
  Flush();
  if (!status_.ok()) return std::nullopt;
  absl::StatusOr<std::string> content = machine_.ReadProc(path);
  if (content.ok()) return *std::move(content);
  if (!absl::IsNotFound(content.status())) status_ = content.status();
  return std::nullopt;
}

void ReplaySession::CompareTexts(const std::string& kernel, const std::string& ours) {
  CountComparison(event_index_, kernel, ours);
}

void ReplaySession::Skip(absl::string_view reason) { SkipEvent(event_index_, reason); }

void ReplaySession::NotUnderstood(absl::string_view reason) {
  if (counted_[event_index_]) return;
  counted_[event_index_] = true;
  report_.unknown_lines.push_back({event().line_number, std::string(reason)});
}

void ReplaySession::Flush() {
  if (calls_.empty() || !status_.ok()) return;
  absl::StatusOr<std::vector<v1::Answer>> answers = machine_.Execute(calls_);
  if (answers.ok() && answers->size() != calls_.size()) {
    answers =
        absl::InternalError(absl::StrCat("the server gave ", answers->size(), " answers to ", calls_.size(), " calls"));
  }
  if (!answers.ok()) {
    status_ = answers.status();
    return;
  }
  for (std::size_t i = 0; i < waiting_.size(); ++i) Settle(waiting_[i], (*answers)[i]);
  calls_.clear();
  waiting_.clear();
}

void ReplaySession::Enqueue(v1::Call call, Waiting waiting) {
  calls_.push_back(std::move(call));
  waiting_.push_back(std::move(waiting));
  if (calls_.size() >= kMaxReplayBatch) Flush();
}

void ReplaySession::Settle(const Waiting& waiting, const v1::Answer& answer) {
  if (waiting.purpose == Waiting::Purpose::kPrepare) return;
  if (answer.has_misuse()) {
    SkipEvent(waiting.event_index, absl::StrCat("refused: ", answer.misuse().message()));
    return;
  }
  if (waiting.purpose == Waiting::Purpose::kCompare) {
    CountComparison(waiting.event_index, waiting.kernel, waiting.text(answer));
    return;
  }
  const bool failed = answer.error_number() != 0 && answer.error_number() != waiting.forgiven_errno;
  if (failed || answer.has_signal()) {
    SkipEvent(waiting.event_index, absl::StrCat("answered ", ResultText(answer)));
  }
}

void ReplaySession::CountComparison(std::size_t event_index, const std::string& kernel, const std::string& ours) {
  if (counted_[event_index]) return;
  counted_[event_index] = true;
  const TraceEvent& event = trace_.events[event_index];
  if (kernel == ours) {
    ++report_.equal;
  } else {
    report_.differences.push_back({event.line_number, event.line.text, kernel, ours});
  }
}

void ReplaySession::SkipEvent(std::size_t event_index, absl::string_view reason) {
  if (counted_[event_index]) return;
  counted_[event_index] = true;
  const TraceEvent& event = trace_.events[event_index];
  report_.skips.push_back({event.line_number, event.line.name, std::string(reason)});
}

}  // namespace memsim::replay
