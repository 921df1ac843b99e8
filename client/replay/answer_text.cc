#include "client/replay/answer_text.h"

#include <limits>

#include "absl/strings/str_cat.h"

#include "client/library/linux_constants.h"

namespace memsim::replay {
namespace {

// Smaller numbers are counts, ids and descriptors; larger ones are addresses.
constexpr std::uint64_t kFirstAddress = 0x10000;

std::string NumberText(std::uint64_t value) {
  return value < kFirstAddress ? absl::StrCat(value) : absl::StrCat("0x", absl::Hex(value));
}

std::string SignalText(const v1::Signal& signal) {
  return absl::StrCat(client::SignalName(signal.number()), " ", client::SignalCodeName(signal.number(), signal.code()));
}

std::string LimitNumber(std::uint64_t limit) {
  return limit == std::numeric_limits<std::uint64_t>::max() ? "unlimited" : absl::StrCat(limit);
}

}  // namespace

std::string KernelResultText(const TraceResult& result) {
  return result.kind == TraceResult::Kind::kError ? client::ErrorNumberName(result.error_number)
                                                  : NumberText(result.value);
}

std::string ResultText(const v1::Answer& answer) {
  if (answer.has_signal()) return SignalText(answer.signal());
  return answer.error_number() != 0 ? client::ErrorNumberName(answer.error_number()) : NumberText(answer.value());
}

std::string FaultText(const v1::Answer& answer) {
  if (answer.has_signal() || answer.error_number() != 0) return ResultText(answer);
  if (!answer.has_fault_counts()) return absl::StrCat(answer.value());
  const v1::FaultCounts& counts = answer.fault_counts();
  return counts.major_faults() == 0 ? absl::StrCat(counts.minor_faults())
                                    : absl::StrCat(counts.minor_faults(), " +", counts.major_faults(), " major");
}

std::string ResidencyText(const v1::Answer& answer) {
  if (answer.has_signal() || answer.error_number() != 0) return ResultText(answer);
  std::string digits;
  for (const char page : answer.residency()) digits.push_back(page == 0 ? '0' : '1');
  return digits;
}

std::string LimitText(std::uint64_t current, std::uint64_t maximum) {
  return absl::StrCat("0 {", LimitNumber(current), ", ", LimitNumber(maximum), "}");
}

std::string LimitText(const v1::Answer& answer) {
  if (answer.has_signal() || answer.error_number() != 0 || !answer.has_resource_limit()) return ResultText(answer);
  return LimitText(answer.resource_limit().current(), answer.resource_limit().maximum());
}

}  // namespace memsim::replay
