#include "client/replay/trace.h"

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "client/replay/trace_pids.h"

namespace memsim::replay {
namespace {

bool MakesProcess(absl::string_view name) {
  return name == "fork" || name == "vfork" || name == "clone" || name == "clone3";
}

class TraceReader {
 public:
  void AddLine(absl::string_view text) {
    ++lines_read_;
    if (broken_.empty()) line_number_ = lines_read_;
    if (const std::optional<AttachRemark> remark = FindAttachRemark(text); remark.has_value()) {
      pids_.AddChild(remark->pid);
      absl::StrAppend(&broken_, remark->before);
    } else if (broken_.empty()) {
      AddWholeLine(text);
    } else {
      AddWholeLine(absl::StrCat(broken_, text));
      broken_.clear();
    }
  }

  Trace Finish() {
    if (!broken_.empty()) AddWholeLine(broken_);
    for (auto& [pid, call] : open_) Place(call, EndTraceLine(call.line), pid, call.line_number);
    // What is left of line number 0 are places of calls that turned out not to parse.
    std::vector<TraceEvent> kept;
    kept.reserve(trace_.events.size());
    for (TraceEvent& event : trace_.events) {
      if (event.line_number > 0) kept.push_back(std::move(event));
    }
    trace_.events = std::move(kept);
    return std::move(trace_);
  }

 private:
  struct OpenCall {
    TraceLine line;
    int line_number = 0;
    // Where the event of a call that makes a process will stand.
    std::optional<std::size_t> place;
  };

  void AddWholeLine(absl::string_view text) {
    TraceLine line = ParseTraceLine(text);
    switch (line.kind) {
      case TraceLine::Kind::kNothing:
        break;
      case TraceLine::Kind::kHeader:
        trace_.shape.AddHeader(line.text);
        break;
      case TraceLine::Kind::kUnknown:
        AddUnknown(line_number_, line.text);
        break;
      default:
        AddProcessLine(PidOf(line), line);
    }
  }

  void AddProcessLine(std::uint64_t pid, TraceLine& line) {
    if (line.kind == TraceLine::Kind::kUnfinished) {
      Begin(pid, std::move(line));
    } else if (line.kind == TraceLine::Kind::kResumed) {
      Resume(pid, line);
    } else {
      AddEvent(line_number_, pid, std::move(line));
    }
  }

  std::uint64_t PidOf(const TraceLine& line) {
    if (!line.pid.has_value()) return pids_.WithoutPid();
    // A process that is in a call can say nothing but how the call ends.
    const auto in_call = open_.find(0);
    const bool is_end =
        in_call != open_.end() && line.kind == TraceLine::Kind::kResumed && line.name == in_call->second.line.name;
    if ((in_call == open_.end() || is_end) && pids_.NamesFirst(*line.pid)) NameFirst(*line.pid);
    return *line.pid;
  }

  // What stands under 0 turns out to be this process's.
  void NameFirst(std::uint64_t pid) {
    for (TraceEvent& event : trace_.events) {
      if (event.pid == 0) event.pid = pid;
    }
    if (auto unnamed = open_.extract(0); !unnamed.empty()) {
      unnamed.key() = pid;
      open_.insert(std::move(unnamed));
    }
  }

  void AddUnknown(int line_number, absl::string_view reason) {
    trace_.unknown_lines.push_back({line_number, std::string(reason)});
  }

  void AddEvent(int line_number, std::uint64_t pid, TraceLine line) {
    NoteLife(pid, line);
    trace_.events.push_back({line_number, pid, std::move(line)});
  }

  void NoteLife(std::uint64_t pid, const TraceLine& line) {
    const bool ends = line.kind == TraceLine::Kind::kExited || line.kind == TraceLine::Kind::kKilled;
    if (ends) pids_.End(pid);
    if (MakesProcess(line.name) && line.result.Succeeded()) pids_.AddChild(line.result.value);
  }

  void Begin(std::uint64_t pid, TraceLine line) {
    if (open_.count(pid) != 0) AddUnknown(open_[pid].line_number, "the call is neither resumed nor finished");
    OpenCall call;
    call.line_number = line_number_;
    if (MakesProcess(line.name)) {
      call.place = trace_.events.size();
      AddEvent(0, pid, TraceLine());
    }
    call.line = std::move(line);
    open_[pid] = std::move(call);
  }

  void Resume(std::uint64_t pid, const TraceLine& resumed) {
    const auto found = open_.find(pid);
    if (found == open_.end() || found->second.line.name != resumed.name) {
      AddUnknown(line_number_, absl::StrCat("process ", pid, " has no unfinished ", resumed.name));
      return;
    }
    const OpenCall call = std::move(found->second);
    open_.erase(found);
    Place(call, JoinTraceLine(call.line, resumed), pid, line_number_);
  }

  void Place(const OpenCall& call, TraceLine joined, std::uint64_t pid, int end_line_number) {
    if (joined.kind == TraceLine::Kind::kUnknown) {
      AddUnknown(call.line_number, joined.text);
      return;
    }
    if (call.place.has_value()) {
      NoteLife(pid, joined);
      trace_.events[*call.place] = {call.line_number, pid, std::move(joined)};
    } else {
      AddEvent(end_line_number, pid, std::move(joined));
    }
  }

  Trace trace_;
  TracePids pids_;
  int lines_read_ = 0;
  // Of the line at hand: where it began.
  int line_number_ = 0;
  // A line that a remark of strace broke off, up to there. Empty: none.
  std::string broken_;
  // By pid: calls whose end has not come. Ordered, so that the same text gives the same trace.
  std::map<std::uint64_t, OpenCall> open_;
};

}  // namespace

Trace ParseTrace(absl::string_view text) {
  TraceReader reader;
  absl::ConsumePrefix(&text, "\xef\xbb\xbf");
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    reader.AddLine(text.substr(0, end));
    if (end == absl::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return reader.Finish();
}

absl::StatusOr<Trace> ReadTraceFile(const std::string& path) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) {
    return absl::NotFoundError(absl::StrCat("there is no trace file ", path, "; give the path of a strace log"));
  }
  if (!std::filesystem::is_regular_file(status)) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is no regular file; give the path of a strace log"));
  }
  if (std::filesystem::file_size(path, error) > kMaxTraceFileBytes) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is longer than 1 GiB; split it"));
  }
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  if (!file) return absl::InvalidArgumentError(absl::StrCat(path, " cannot be read"));
  return ParseTrace(content.str());
}

}  // namespace memsim::replay
