#include "client/replay/observations.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

#include "client/replay/answer_text.h"
#include "client/replay/argument_reader.h"
#include "client/replay/page_size.h"
#include "client/replay/proc_text.h"

namespace memsim::replay {
namespace {

std::string ProcPath(const TracedProcess& process, absl::string_view file) {
  return absl::StrCat(process.machine_pid, "/", file);
}

}  // namespace

void TranslateIncore(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  v1::Call call;
  v1::MincoreRequest& mincore = *call.mutable_mincore();
  mincore.set_pid(process.machine_pid);
  mincore.set_address(arguments.Number(0));
  mincore.set_length_bytes(arguments.Number(1) * kPageBytes);
  if (!arguments.ok()) return session.NotUnderstood(arguments.problem());
  // "-1 ENOMEM" is told as an error is, by its name.
  absl::string_view kernel = line.result.text;
  if (absl::ConsumePrefix(&kernel, "-1 ")) kernel = kernel.substr(0, kernel.find(' '));
  session.Compare(std::move(call), std::string(kernel), ResidencyText);
}

void TranslateTouch(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  v1::Call call;
  v1::TouchRequest& touch = *call.mutable_touch();
  touch.set_pid(process.machine_pid);
  touch.set_address(arguments.Number(0));
  touch.set_page_count(1);
  const std::string access = arguments.Find(1) != nullptr ? arguments.Find(1)->text : "";
  if (!arguments.ok() || (access != "R" && access != "W" && access != "X")) {
    session.NotUnderstood("@touch has no address, or no access that is R, W or X");
    return;
  }
  touch.set_access(access == "R"   ? v1::ACCESS_KIND_READ
                   : access == "W" ? v1::ACCESS_KIND_WRITE
                                   : v1::ACCESS_KIND_EXECUTE);
  session.Compare(std::move(call), line.result.text, FaultText);
}

void TranslateMaps(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  const std::uint64_t low = arguments.Number(0);
  const std::uint64_t high = arguments.Number(1);
  if (!arguments.ok()) {
    session.NotUnderstood(arguments.problem());
    return;
  }
  const std::optional<std::string> maps = session.ReadProc(ProcPath(process, "maps"));
  if (maps.has_value()) session.CompareTexts(line.result.text, MapsInside(*maps, low, high));
}

void TranslateStatus(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  const std::string field = arguments.String(0);
  if (!arguments.ok()) {
    session.NotUnderstood(arguments.problem());
    return;
  }
  const std::optional<std::string> status = session.ReadProc(ProcPath(process, "status"));
  if (status.has_value()) session.CompareTexts(line.result.text, FieldOf(*status, field));
}

void TranslateSmaps(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  const std::uint64_t address = arguments.Number(0);
  const std::string field = arguments.String(1);
  if (!arguments.ok()) {
    session.NotUnderstood(arguments.problem());
    return;
  }
  const std::optional<std::string> smaps = session.ReadProc(ProcPath(process, "smaps"));
  if (smaps.has_value()) session.CompareTexts(line.result.text, FieldOfMapping(*smaps, address, field));
}

void TranslateFaults(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  const std::pair<std::string, std::string> counters = absl::StrSplit(line.result.text, absl::MaxSplits(' ', 1));
  FaultCounters kernel;
  if (!absl::SimpleAtoi(counters.first, &kernel.minor) || !absl::SimpleAtoi(counters.second, &kernel.major)) {
    session.NotUnderstood("@faults has no two counters");
    return;
  }
  const std::optional<std::string> stat = session.ReadProc(ProcPath(process, "stat"));
  if (!stat.has_value()) return;
  const std::optional<FaultCounters> ours = FaultsInStat(*stat);
  if (!ours.has_value()) {
    session.Skip("/proc/PID/stat has no fault counters");
    return;
  }
  if (process.last_faults.has_value()) {
    const TracedProcess::Faults& last = *process.last_faults;
    session.CompareTexts(absl::StrCat("+", kernel.minor - last.kernel.minor, " +", kernel.major - last.kernel.major),
                         absl::StrCat("+", ours->minor - last.ours.minor, " +", ours->major - last.ours.major));
  }
  process.last_faults = TracedProcess::Faults{kernel, *ours};
}

}  // namespace memsim::replay
