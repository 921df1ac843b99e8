// memsim locks: who held the machine's locks, and who waited for them.

#include "absl/strings/str_cat.h"

#include "client/cli/command.h"
#include "client/cli/json_object.h"
#include "client/cli/lock_table.h"
#include "client/cli/quantities.h"
#include "client/cli/text_table.h"
#include "client/cli/usage_error.h"

namespace memsim::cli {
namespace {

void PrintTable(const std::vector<LockRow>& rows, Session& session) {
  TextTable table({Alignment::kLeft, Alignment::kRight, Alignment::kRight, Alignment::kRight, Alignment::kRight,
                   Alignment::kRight, Alignment::kRight, Alignment::kRight});
  table.AddRow({"LOCK", "TAKEN", "BOUNCED", "HELD", "LONGEST", "WAITED", "FOR", "LONGEST"});
  for (const LockRow& row : rows) {
    table.AddRow({row.name, absl::StrCat(row.holds.count), absl::StrCat(row.bounces),
                  FormatNanoseconds(row.holds.total_ns), FormatNanoseconds(row.holds.max_ns),
                  absl::StrCat(row.waits.count), FormatNanoseconds(row.waits.total_ns),
                  FormatNanoseconds(row.waits.max_ns)});
  }
  session.out() << table.ToString();
}

void PrintJson(const LockRow& row, Session& session) {
  JsonObject object;
  object.Add("lock", row.name).AddNumber("bounces", row.bounces);
  const auto add = [&object](const std::string& what, const LockTimes& times) {
    object.AddNumber(what + "_count", times.count)
        .AddNumber(what + "_min_ns", times.min_ns)
        .AddNumber(what + "_max_ns", times.max_ns)
        .AddNumber(what + "_total_ns", times.total_ns)
        .AddNumber(what + "_average_ns", times.average_ns);
  };
  add("wait", row.waits);
  add("hold", row.holds);
  session.out() << object.ToString() << "\n";
}

absl::StatusOr<ExitCode> ShowLocks(const Arguments& arguments, Session& session) {
  if (arguments.Has("raw") && session.json()) return UsageError("--raw is a text for people; leave out --json");
  const std::string& machine = arguments.positionals()[0];
  const absl::StatusOr<client::Client*> client = session.ConnectFor(machine);
  if (!client.ok()) return client.status();
  const char* const file = arguments.Has("instances") ? "lock_stat.instances" : "lock_stat";
  const auto text = (*client)->ReadProc(machine, file, session.call_options());
  if (!text.ok()) return text.status();
  if (arguments.Has("raw")) {
    session.out() << text->content();
    return ExitCode::kFine;
  }
  const std::vector<LockRow> rows = ParseLockStat(text->content());
  if (!session.json()) {
    PrintTable(rows, session);
    return ExitCode::kFine;
  }
  for (const LockRow& row : rows) PrintJson(row, session);
  return ExitCode::kFine;
}

}  // namespace

Command LocksCommand() {
  CommandSpec spec{"locks",
                   "Looking in",
                   "Shows who held the machine's locks and who waited for them, in virtual time.",
                   "A row for each class of locks, or for each lock. CPUs wait for each other only inside of a "
                   "concurrent. BOUNCED is how often another CPU had held the lock last. -R rows are of readers, -W "
                   "rows of writers, where a lock has both.",
                   {},
                   {},
                   {}};
  spec.positionals = {{"MACHINE", "The machine."}};
  spec.flags = {{"instances", "", "A row for each lock that is counted by itself, most waited for first."},
                {"raw", "", "Print /proc/lock_stat as it is."}};
  spec.examples = {"memsim locks demo", "memsim locks demo --instances", "memsim locks demo --raw"};
  return {spec, ShowLocks};
}

}  // namespace memsim::cli
