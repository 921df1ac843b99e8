#include "tests/conformance/differential/observation.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "client/library/linux_constants.h"

namespace memsim::differential {
namespace {

constexpr std::uint64_t kUserEnd = 1ULL << 47;
constexpr std::int64_t kLargestErrno = 4095;

// Reads hexadecimal digits from the front.
std::uint64_t TakeHex(absl::string_view& text) {
  std::uint64_t value = 0;
  std::size_t i = 0;
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (c >= '0' && c <= '9') {
      value = value * 16 + static_cast<std::uint64_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      value = value * 16 + static_cast<std::uint64_t>(c - 'a') + 10;
    } else {
      break;
    }
  }
  text.remove_prefix(i);
  return value;
}

void Skip(absl::string_view& text, std::size_t bytes) { text.remove_prefix(std::min(bytes, text.size())); }

// What follows the inode. A stack is whatever holds an address that the two sides need not agree about.
std::string NameOf(absl::string_view rest) {
  rest = absl::StripLeadingAsciiWhitespace(rest);
  if (rest == "[stack]") return "";
  absl::ConsumeSuffix(&rest, " (deleted)");
  if (const std::size_t slash = rest.rfind('/'); slash != absl::string_view::npos) rest.remove_prefix(slash + 1);
  return std::string(rest);
}

Mapping ParseLine(absl::string_view line) {
  Mapping mapping;
  mapping.start = TakeHex(line);
  Skip(line, 1);
  mapping.end = TakeHex(line);
  Skip(line, 1);
  mapping.permissions = std::string(line.substr(0, 4));
  Skip(line, 5);
  mapping.offset = TakeHex(line);
  Skip(line, 1);
  // The device, then the inode.
  Skip(line, line.find(' ') + 1);
  Skip(line, std::min(line.find(' '), line.size()));
  mapping.name = NameOf(line);
  return mapping;
}

std::string SignalText(const std::optional<SignalSeen>& signal) {
  if (!signal.has_value()) return "none";
  return absl::StrFormat("%s %s at 0x%x", client::SignalName(signal->number),
                         client::SignalCodeName(signal->number, signal->code), signal->address);
}

std::string MapsText(const std::vector<Mapping>& maps) {
  std::string text;
  for (const Mapping& mapping : maps) absl::StrAppend(&text, "\n      ", ToText(mapping));
  return text;
}

class Differences {
 public:
  template <typename T, typename Print>
  void Check(absl::string_view what, const T& kernel, const T& simulated, Print print) {
    if (kernel == simulated) return;
    absl::StrAppend(&text_, "  ", what, ": kernel ", print(kernel), ", simulated ", print(simulated), "\n");
  }
  void Check(absl::string_view what, std::uint64_t kernel, std::uint64_t simulated) {
    Check(what, kernel, simulated, [](std::uint64_t number) { return absl::StrCat(number); });
  }
  void Add(absl::string_view line) { absl::StrAppend(&text_, "  ", line, "\n"); }
  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
};

void CompareProcess(std::size_t number, const ProcessState& kernel, const ProcessState& simulated,
                    Differences& differences) {
  if (kernel == simulated) return;
  const std::string of = absl::StrCat(" of process ", number);
  differences.Check("maps" + of, kernel.maps, simulated.maps, MapsText);
  differences.Check("RssAnon kB" + of, kernel.rss_anon, simulated.rss_anon);
  differences.Check("RssFile kB" + of, kernel.rss_file, simulated.rss_file);
  differences.Check("RssShmem kB" + of, kernel.rss_shmem, simulated.rss_shmem);
  differences.Check("VmData kB" + of, kernel.vm_data, simulated.vm_data);
  differences.Check("VmLck kB" + of, kernel.vm_lck, simulated.vm_lck);
}

}  // namespace

std::string FileName(std::size_t file) { return absl::StrCat("f", file, ".dat"); }

std::string ToText(const Mapping& mapping) {
  return absl::StrFormat("%08x-%08x %s %08x%s%s", mapping.start, mapping.end, mapping.permissions, mapping.offset,
                         mapping.name.empty() ? "" : " ", mapping.name);
}

std::vector<Mapping> ParseMaps(absl::string_view text) {
  std::vector<Mapping> maps;
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    Mapping mapping = ParseLine(line);
    if (mapping.start == kRegionBase.value() || mapping.start >= kUserEnd) continue;
    maps.push_back(std::move(mapping));
  }
  return maps;
}

void ParseStatus(absl::string_view text, ProcessState& state) {
  const std::pair<absl::string_view, std::uint64_t*> rows[] = {{"VmLck:", &state.vm_lck},
                                                               {"RssAnon:", &state.rss_anon},
                                                               {"RssFile:", &state.rss_file},
                                                               {"RssShmem:", &state.rss_shmem},
                                                               {"VmData:", &state.vm_data}};
  std::size_t next = 0;
  // They come in this order.
  while (next < std::size(rows) && !text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    absl::string_view line = text.substr(0, end);
    Skip(text, end + 1);
    if (!absl::ConsumePrefix(&line, rows[next].first)) continue;
    absl::ConsumeSuffix(&line, " kB");
    if (!absl::SimpleAtoi(line, rows[next].second)) return;
    ++next;
  }
}

std::string ResultText(std::int64_t value) {
  if (value < 0 && value >= -kLargestErrno) return client::ErrorNumberName(static_cast<int>(-value));
  return absl::StrFormat("0x%x", static_cast<std::uint64_t>(value));
}

std::string Compare(const StepOutcome& kernel, const StepOutcome& simulated) {
  Differences differences;
  differences.Check("result", kernel.value, simulated.value, ResultText);
  differences.Check("signal", kernel.signal, simulated.signal, SignalText);
  differences.Check("minor faults", kernel.minor_faults, simulated.minor_faults);
  differences.Check("major faults", kernel.major_faults, simulated.major_faults);
  if (!kernel.incore.empty() && !simulated.incore.empty() && kernel.incore != simulated.incore) {
    differences.Add("incore of the arena:");
    differences.Add("  kernel    " + kernel.incore);
    differences.Add("  simulated " + simulated.incore);
  }
  for (std::size_t i = 0; i < kMaxProcesses; ++i) {
    const auto& on_kernel = kernel.processes[i];
    const auto& on_machine = simulated.processes[i];
    if (on_kernel.has_value() != on_machine.has_value()) {
      differences.Add(absl::StrCat("process ", i, ": lives only ", on_kernel.has_value() ? "on the kernel" : "here"));
    } else if (on_kernel.has_value()) {
      CompareProcess(i, *on_kernel, *on_machine, differences);
    }
  }
  return differences.Take();
}

}  // namespace memsim::differential
