// /proc/PID/oom_score and oom_score_adj (proc_oom_score and oom_score_adj_write of fs/proc/base.c).

#include <charconv>
#include <cstdint>
#include <optional>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "server/kernel/procfs/proc_files.h"
#include "server/kernel/reclaim/oom_victim.h"

namespace memsim {

std::string PidOomScore(const ProcView& view, const Task& task) {
  // What cannot be killed has none: init, and who is dead already.
  if (task.tgid == kInitPid || task.mm == AddressSpaceId()) return "0\n";
  const PageCount total = view.pages.managed_pages();
  const std::optional<std::int64_t> points = OomCandidate::Of(view.tasks, task).Badness(total);
  if (!points.has_value()) return "0\n";
  return absl::StrCat((1000 + *points * 1000 / static_cast<std::int64_t>(total.value())) * 2 / 3, "\n");
}

std::string PidOomScoreAdj(const ProcView& view, const Task& task) {
  return absl::StrCat(view.tasks.LeaderOf(task).oom_score_adj, "\n");
}

ErrnoOr<OomScoreAdjText> ParseOomScoreAdj(absl::string_view text) {
  // PROC_NUMBUF without the zero: the rest is another write's.
  constexpr std::size_t kMostBytes = 12;
  text = text.substr(0, kMostBytes);
  absl::string_view number = absl::StripAsciiWhitespace(text);
  const bool negative = absl::ConsumePrefix(&number, "-");
  if (!negative) absl::ConsumePrefix(&number, "+");
  // kstrtoint: after 0x hexadecimal, after 0 octal.
  int base = 10;
  if (absl::StartsWithIgnoreCase(number, "0x")) {
    base = 16;
    number.remove_prefix(2);
  } else if (absl::StartsWith(number, "0")) {
    base = 8;
  }
  std::int64_t value = 0;
  const auto [end, problem] = std::from_chars(number.data(), number.data() + number.size(), value, base);
  const bool whole = end == number.data() + number.size() && !number.empty() && number.front() != '-';
  if (!whole || problem == std::errc::invalid_argument) return Errno::kInval;
  if (negative) value = -value;
  if (value < INT32_MIN || value > INT32_MAX) return Errno::kRange;
  if (value < kOomScoreAdjMin || value > kOomScoreAdjMax) return Errno::kInval;
  return OomScoreAdjText{static_cast<std::int16_t>(value), ByteCount(text.size())};
}

}  // namespace memsim
