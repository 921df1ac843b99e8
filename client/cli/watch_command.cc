// memsim watch: the counters as they change, or the events as they happen.

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "client/cli/command.h"
#include "client/cli/counter_text.h"
#include "client/cli/event_lines.h"
#include "client/cli/field_value.h"
#include "client/cli/quantities.h"
#include "client/cli/text_table.h"
#include "client/cli/usage_error.h"
#include "client/library/json_text.h"

namespace memsim::cli {
namespace {

// Prints what has changed between one state and the next.
class StatePrinter {
 public:
  StatePrinter(std::vector<std::string> names, Session& session) : names_(std::move(names)), session_(session) {}

  void Print(const v1::WatchMachineResponse& response) {
    if (session_.json()) return PrintJson(response);
    TextTable table({Alignment::kLeft, Alignment::kRight, Alignment::kRight});
    for (const v1::Counter& counter : response.state().counters()) {
      if (!Wanted(counter)) continue;
      const std::string label = CounterLabel(counter);
      const auto before = values_.find(label);
      const std::int64_t change = before == values_.end() ? 0 : counter.value() - before->second;
      values_[label] = counter.value();
      // Counters that were asked for are shown always; of all the rest, those that move.
      if (names_.empty() && change == 0) continue;
      table.AddRow({"  " + label, absl::StrCat(counter.value()), change == 0 ? "" : absl::StrFormat("%+d", change)});
    }
    session_.out() << FormatCount(response.state().sequence(), "call") << ", "
                   << FormatNanoseconds(response.state().virtual_time_ns()) << " of virtual time"
                   << (response.dropped_count() == 0
                           ? ""
                           : absl::StrCat(", ", FormatCount(response.dropped_count(), "state"), " missed"))
                   << "\n"
                   << table.ToString() << std::flush;
  }

 private:
  bool Wanted(const v1::Counter& counter) const {
    return names_.empty() || std::count(names_.begin(), names_.end(), counter.name()) != 0;
  }

  void PrintJson(v1::WatchMachineResponse response) {
    if (!names_.empty()) {
      auto& counters = *response.mutable_state()->mutable_counters();
      counters.erase(std::remove_if(counters.begin(), counters.end(),
                                    [&](const v1::Counter& counter) { return !Wanted(counter); }),
                     counters.end());
    }
    session_.PrintJson(response);
    session_.out().flush();
  }

  const std::vector<std::string> names_;
  Session& session_;
  std::map<std::string, std::int64_t> values_;
};

// Prints a response's events, at most so many. Tells of losses on the side, for whoever reads the lines by program.
class EventPrinter {
 public:
  // limit 0: none.
  EventPrinter(std::size_t name_width, std::uint64_t limit, Session& session)
      : name_width_(name_width), limit_(limit), session_(session) {}

  // Whether it wants more.
  bool Print(const v1::WatchEventsResponse& response) {
    for (const v1::Event& event : response.events()) {
      if (session_.json()) {
        session_.PrintJson(event);
      } else {
        session_.out() << EventLine(event, name_width_);
      }
      if (++count_ == limit_) break;
    }
    session_.out().flush();
    if (response.lost_count() > lost_) {
      session_.err() << "memsim: lost " << FormatCount(response.lost_count() - lost_, "event") << "\n" << std::flush;
      lost_ = response.lost_count();
    }
    return (limit_ == 0 || count_ < limit_) && session_.out().good();
  }

 private:
  const std::size_t name_width_;
  const std::uint64_t limit_;
  Session& session_;
  std::uint64_t count_ = 0;
  std::uint64_t lost_ = 0;
};

absl::StatusOr<ExitCode> WatchEvents(const Arguments& arguments, std::uint64_t limit, Session& session) {
  if (arguments.positionals().size() > 1 || arguments.Has("interval")) {
    return UsageError("--events shows events, and counters and --interval are of a watch without it");
  }
  const std::string& machine = arguments.positionals()[0];
  const absl::StatusOr<client::Client*> client = session.ConnectFor(machine);
  if (!client.ok()) return client.status();
  v1::WatchEventsRequest request;
  request.set_name(machine);
  request.set_with_fields(session.json());
  for (std::string& pattern : arguments.GetAll("events")) request.add_patterns(std::move(pattern));
  const auto tracepoints = (*client)->GetTracepoints(arguments.GetAll("events"), session.call_options());
  if (!tracepoints.ok()) return tracepoints.status();
  std::size_t name_width = 0;
  for (const v1::Tracepoint& each : tracepoints->tracepoints()) name_width = std::max(name_width, each.name().size());
  EventPrinter printer(name_width, limit, session);
  bool begun = false;
  const auto on_events = [&](const v1::WatchEventsResponse& response) {
    begun = true;
    return printer.Print(response);
  };
  const absl::Status status = (*client)->WatchEvents(request, on_events, session.call_options());
  const bool over = absl::IsDeadlineExceeded(status) && begun;
  if (!status.ok() && !over) return status;
  return ExitCode::kFine;
}

absl::StatusOr<ExitCode> Watch(const Arguments& arguments, Session& session) {
  const absl::StatusOr<std::uint64_t> limit = ParseUnsigned(arguments.Get("count").value_or("0"));
  if (!limit.ok()) return UsageError("--count: ", limit.status().message());
  if (arguments.Has("events")) return WatchEvents(arguments, *limit, session);
  absl::Duration interval;
  const std::string interval_text = arguments.Get("interval").value_or("1s");
  if (!absl::ParseDuration(interval_text, &interval) || interval < absl::Milliseconds(1)) {
    return UsageError("--interval: \"", client::Printable(interval_text), "\" is no duration; write 100ms, 1s or 1m");
  }
  const absl::StatusOr<client::Client*> client = session.ConnectFor(arguments.positionals()[0]);
  if (!client.ok()) return client.status();

  const std::vector<std::string> names(arguments.positionals().begin() + 1, arguments.positionals().end());
  StatePrinter printer(names, session);
  std::uint64_t count = 0;
  absl::Status misnamed;
  const auto on_state = [&](const v1::WatchMachineResponse& response) {
    if (count == 0) misnamed = CheckCounterNames(names, response.state());
    if (!misnamed.ok()) return false;
    printer.Print(response);
    // With nowhere to print to, nobody is watching.
    return ++count != *limit && session.out().good();
  };
  const absl::Status status = (*client)->Watch(arguments.positionals()[0], interval, on_state, session.call_options());
  if (!misnamed.ok()) return misnamed;
  // A watch has no other end than its deadline; only one that has shown nothing has waited in vain.
  const bool over = absl::IsDeadlineExceeded(status) && count > 0;
  if (!status.ok() && !over) return status;
  return ExitCode::kFine;
}

}  // namespace

Command WatchCommand() {
  CommandSpec spec{
      "watch", "Looking in", "Prints the counters that change, or those named, again and again; or events.", "", {}, {},
      {}};
  spec.description =
      "With --events it prints what happens in the machine, event by event, as perf script does: the command and pid "
      "that it happened to, the CPU, the virtual time in seconds, and the text of Linux's tracepoint. \"memsim "
      "tracepoints\" lists them. What the machine has to tell faster than it can be read is lost, and counted.";
  spec.positionals = {{"MACHINE", "The machine."},
                      {"COUNTER", "Names as /proc/vmstat has them. Left out: those that change.", Presence::kOptional,
                       Repetition::kMany}};
  const std::string interval = HelpOf(*v1::WatchMachineRequest::descriptor()->FindFieldByName("interval_ms"));
  spec.flags = {
      {"interval", "DURATION", absl::StrCat(interval, " Write it with its unit: 200ms, 1m.")},
      {"count", "NUMBER", "Stop after so many states, or events. Left out: never; --timeout ends a watch too."},
      {"events", "PATTERN", "Events in place of counters: a name, or a pattern such as \"kmem:*\".",
       Presence::kOptional, Repetition::kMany}};
  spec.examples = {"memsim watch demo", "memsim watch demo nr_free_pages pgfault --interval 200ms --count 10",
                   "memsim watch demo --events 'kmem:*' --events 'exceptions:*'"};
  return {spec, Watch};
}

}  // namespace memsim::cli
