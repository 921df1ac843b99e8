// memsim free: the machine's memory, as free(1) would show it there.

#include "absl/strings/str_cat.h"

#include "client/cli/command.h"
#include "client/cli/json_object.h"
#include "client/cli/memory_summary.h"
#include "client/cli/quantities.h"
#include "client/cli/text_table.h"

namespace memsim::cli {
namespace {

void PrintTable(const MemorySummary& memory, bool human, Session& session) {
  const auto cell = [&](std::uint64_t kibibytes) {
    return human ? FormatSize(kibibytes * 1024) : absl::StrCat(kibibytes);
  };
  TextTable table({Alignment::kLeft, Alignment::kRight, Alignment::kRight, Alignment::kRight, Alignment::kRight,
                   Alignment::kRight, Alignment::kRight});
  table.AddRow({"", "total", "used", "free", "shared", "buff/cache", "available"});
  table.AddRow({"Mem:", cell(memory.total), cell(memory.used), cell(memory.free), cell(memory.shared),
                cell(memory.buffers_and_cache), cell(memory.available)});
  table.AddRow({"Swap:", cell(memory.swap_total), cell(memory.swap_total - memory.swap_free), cell(memory.swap_free)});
  session.out() << table.ToString();
}

void PrintJson(const MemorySummary& memory, Session& session) {
  JsonObject object;
  const auto add = [&](const char* name, std::uint64_t kibibytes) { object.AddNumber(name, kibibytes * 1024); };
  add("total_bytes", memory.total);
  add("used_bytes", memory.used);
  add("free_bytes", memory.free);
  add("shared_bytes", memory.shared);
  add("buffers_and_cache_bytes", memory.buffers_and_cache);
  add("available_bytes", memory.available);
  add("swap_total_bytes", memory.swap_total);
  add("swap_free_bytes", memory.swap_free);
  session.out() << object.ToString() << "\n";
}

absl::StatusOr<ExitCode> Free(const Arguments& arguments, Session& session) {
  const absl::StatusOr<client::Client*> client = session.ConnectFor(arguments.positionals()[0]);
  if (!client.ok()) return client.status();
  const auto meminfo = (*client)->ReadProc(arguments.positionals()[0], "meminfo", session.call_options());
  if (!meminfo.ok()) return meminfo.status();
  const MemorySummary memory = SummarizeMeminfo(meminfo->content());
  if (session.json()) {
    PrintJson(memory, session);
  } else {
    PrintTable(memory, !arguments.Has("kibi"), session);
  }
  return ExitCode::kFine;
}

}  // namespace

Command FreeCommand() {
  CommandSpec spec{"free", "Looking in", "Shows the machine's memory, as free(1) does.", "", {}, {}, {}};
  spec.positionals = {{"MACHINE", "The machine."}};
  spec.flags = {{"kibi", "", "Print plain numbers of KiB, as free(1) does by itself."}};
  spec.examples = {"memsim free demo"};
  return {spec, Free};
}

}  // namespace memsim::cli
