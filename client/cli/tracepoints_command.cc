// memsim tracepoints: the events that memsim watch --events can show.

#include "absl/strings/str_join.h"

#include "client/cli/command.h"
#include "client/cli/text_table.h"

namespace memsim::cli {
namespace {

absl::StatusOr<ExitCode> Tracepoints(const Arguments& arguments, Session& session) {
  const absl::StatusOr<client::Client*> client = session.Connect();
  if (!client.ok()) return client.status();
  const auto response = (*client)->GetTracepoints(arguments.positionals(), session.call_options());
  if (!response.ok()) return response.status();
  TextTable table({Alignment::kLeft, Alignment::kLeft});
  for (const v1::Tracepoint& tracepoint : response->tracepoints()) {
    if (session.json()) session.PrintJson(tracepoint);
    table.AddRow({tracepoint.name(), tracepoint.help()});
    if (tracepoint.fields_size() > 0) table.AddRow({"", absl::StrJoin(tracepoint.fields(), " ")});
  }
  if (!session.json()) session.out() << table.ToString();
  return ExitCode::kFine;
}

}  // namespace

Command TracepointsCommand() {
  CommandSpec spec{"tracepoints",
                   "Help",
                   "Lists the events that \"memsim watch --events\" can show, with their fields.",
                   "",
                   {},
                   {},
                   {}};
  spec.positionals = {{"PATTERN", "As \"kmem:*\": * stands for any letters, ? for any one. Left out: all.",
                       Presence::kOptional, Repetition::kMany}};
  spec.examples = {"memsim tracepoints", "memsim tracepoints 'kmem:*'"};
  return {spec, Tracepoints};
}

}  // namespace memsim::cli
