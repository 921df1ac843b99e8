// memsim proc, memsim counters: looking into a machine.

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "client/cli/command.h"
#include "client/cli/counter_text.h"
#include "client/cli/json_object.h"
#include "client/cli/not_found.h"
#include "client/cli/quantities.h"
#include "client/cli/text_table.h"
#include "client/cli/usage_error.h"

namespace memsim::cli {
namespace {

constexpr char kLookSection[] = "Looking in";

absl::StatusOr<ExitCode> Proc(const Arguments& arguments, Session& session) {
  const absl::StatusOr<std::uint64_t> offset = ParseSize(arguments.Get("offset").value_or("0"));
  if (!offset.ok()) return UsageError("--offset: ", offset.status().message());
  const absl::StatusOr<std::uint64_t> length = ParseSize(arguments.Get("length").value_or("0"));
  if (!length.ok()) return UsageError("--length: ", length.status().message());
  const absl::StatusOr<client::Client*> client = session.ConnectFor(arguments.positionals()[0]);
  if (!client.ok()) return client.status();
  for (std::size_t i = 1; i < arguments.positionals().size(); ++i) {
    const std::string& path = arguments.positionals()[i];
    const auto file =
        (*client)->ReadProcPart(arguments.positionals()[0], path, *offset, *length, session.call_options());
    if (!file.ok()) return NameNearestProcFile(file.status(), path);
    if (!session.json()) {
      session.out() << file->content();
      continue;
    }
    // Protobuf's JSON would write all bytes in base 64; the files of /proc are text, but for pagemap.
    JsonObject object;
    object.Add("path", path);
    if (absl::EndsWith(path, "/pagemap")) {
      object.Add("contentBase64", absl::Base64Escape(file->content()));
    } else {
      object.Add("content", file->content());
    }
    object.AddNumber("sequence", file->sequence());
    session.out() << object.ToString() << "\n";
  }
  return ExitCode::kFine;
}

absl::StatusOr<ExitCode> Counters(const Arguments& arguments, Session& session) {
  const absl::StatusOr<client::Client*> client = session.ConnectFor(arguments.positionals()[0]);
  if (!client.ok()) return client.status();
  const auto state = (*client)->GetCounters(arguments.positionals()[0], session.call_options());
  if (!state.ok()) return state.status();
  const std::vector<std::string> names(arguments.positionals().begin() + 1, arguments.positionals().end());
  if (absl::Status status = CheckCounterNames(names, *state); !status.ok()) return status;
  TextTable table({Alignment::kLeft, Alignment::kRight, Alignment::kLeft, Alignment::kLeft});
  table.AddRow({"COUNTER", "VALUE", "UNIT", "MEANING"});
  for (const v1::Counter& counter : state->counters()) {
    if (!names.empty() && std::count(names.begin(), names.end(), counter.name()) == 0) continue;
    if (session.json()) session.PrintJson(counter);
    table.AddRow({CounterLabel(counter), absl::StrCat(counter.value()), counter.unit(), counter.help()});
  }
  if (!session.json()) session.out() << table.ToString();
  return ExitCode::kFine;
}

}  // namespace

std::vector<Command> LookCommands() {
  CommandSpec proc{
      "proc", kLookSection, "Prints files of the machine's /proc, byte for byte as Linux would.", "", {}, {}, {}};
  proc.positionals = {
      {"MACHINE", "The machine."},
      {"PATH", "Below /proc: meminfo, buddyinfo, vmstat, zoneinfo, 1/maps, 1/smaps, sys/vm/max_map_count.",
       Presence::kRequired, Repetition::kMany}};
  proc.flags = {{"offset", "SIZE", "Where to begin in the file. Left out: at its beginning."},
                {"length", "SIZE", "How much to read. Left out: to the end; of PID/pagemap that is too much."}};
  proc.examples = {"memsim proc demo meminfo", "memsim proc demo 1/maps 1/status",
                   "memsim proc demo 1/pagemap --offset 0x2aaaaaaaa8 --length 96 | od -A d -t x8"};
  CommandSpec counters{"counters", kLookSection, "Prints every counter of the machine, or those named.", "", {}, {},
                       {}};
  counters.positionals = {
      {"MACHINE", "The machine."},
      {"COUNTER", "Names as /proc/vmstat has them. Left out: all.", Presence::kOptional, Repetition::kMany}};
  counters.examples = {"memsim counters demo", "memsim counters demo pgfault nr_free_pages --json"};
  return {{proc, Proc}, {counters, Counters}};
}

}  // namespace memsim::cli
