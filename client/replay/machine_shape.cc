#include "client/replay/machine_shape.h"

#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "client/replay/page_size.h"
#include "client/replay/trace_value.h"
#include "proto/machine_limits.h"

namespace memsim::replay {
namespace {

constexpr std::uint64_t kKibibyte = 1024;
constexpr std::uint64_t kGibibyte = std::uint64_t{1} << 30;
constexpr std::uint64_t kSmallModule = std::uint64_t{64} << 20;

// nullopt also for what no machine can be: a header that says so is garbage, and a machine of the default size answers
// better than none.
template <typename Number>
std::optional<Number> ParseNumber(absl::string_view text, Number most) {
  Number number = 0;
  return absl::SimpleAtoi(text, &number) && number <= most ? std::optional<Number>(number) : std::nullopt;
}

// "24684084 kB" or "24 GiB".
std::optional<std::uint64_t> ParseMemory(absl::string_view text) {
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(text, absl::MaxSplits(' ', 1));
  const std::optional<std::uint64_t> number = ParseNumber(parts.first, kMaxMemoryBytes);
  if (!number.has_value()) return std::nullopt;
  const std::uint64_t unit = parts.second == "kB"    ? kKibibyte
                             : parts.second == "MiB" ? kKibibyte * kKibibyte
                             : parts.second == "GiB" ? kGibibyte
                                                     : 0;
  if (unit == 0 || *number > kMaxMemoryBytes / unit) return std::nullopt;
  const std::uint64_t bytes = *number * unit / kPageBytes * kPageBytes;
  return bytes >= kMinMemoryBytes ? std::optional<std::uint64_t>(bytes) : std::nullopt;
}

void AddMemoryItem(absl::string_view item, MachineShape& shape) {
  if (absl::ConsumeSuffix(&item, " CPUs") || absl::ConsumeSuffix(&item, " CPU")) {
    shape.cpu_count = ParseNumber(item, kMaxCpuCount);
  } else if (absl::ConsumePrefix(&item, "overcommit_memory=")) {
    shape.overcommit_memory = ParseNumber(item, kMaxOvercommitMemory);
  } else if (absl::ConsumePrefix(&item, "overcommit_ratio=")) {
    shape.overcommit_ratio = ParseNumber(item, kMaxOvercommitRatio);
  } else if (absl::ConsumePrefix(&item, "max_map_count=")) {
    shape.max_map_count = ParseNumber(item, kMaxMaxMapCount);
  } else if (absl::ConsumePrefix(&item, "mmap_min_addr=")) {
    shape.mmap_min_addr = ParseNumber(item, kMaxMmapMinAddr);
  } else if (!absl::StrContains(item, "=") && !shape.memory_bytes.has_value()) {
    shape.memory_bytes = ParseMemory(item);
  }
}

void AddHugePageItem(absl::string_view item, MachineShape& shape) {
  if (absl::ConsumePrefix(&item, "THP=")) {
    if (item == "never") shape.transparent_huge_pages = v1::TRANSPARENT_HUGE_PAGES_NEVER;
    if (item == "madvise") shape.transparent_huge_pages = v1::TRANSPARENT_HUGE_PAGES_MADVISE;
    if (item == "always") shape.transparent_huge_pages = v1::TRANSPARENT_HUGE_PAGES_ALWAYS;
  } else if (absl::ConsumePrefix(&item, "defrag=")) {
    if (item == "never") shape.huge_page_defrag = v1::HUGE_PAGE_DEFRAG_NEVER;
    if (item == "madvise") shape.huge_page_defrag = v1::HUGE_PAGE_DEFRAG_MADVISE;
    if (item == "defer+madvise") shape.huge_page_defrag = v1::HUGE_PAGE_DEFRAG_DEFER_MADVISE;
    if (item == "defer") shape.huge_page_defrag = v1::HUGE_PAGE_DEFRAG_DEFER;
    if (item == "always") shape.huge_page_defrag = v1::HUGE_PAGE_DEFRAG_ALWAYS;
  }
}

void AddLimitItem(absl::string_view item, MachineShape& shape) {
  if (absl::ConsumePrefix(&item, "STACK ")) {
    shape.stack_limit = ParseNumber(item, ~std::uint64_t{0});
  } else if (absl::ConsumePrefix(&item, "MEMLOCK ")) {
    shape.memlock_limit = ParseNumber(item, ~std::uint64_t{0});
  }
}

// "0, every capability but CAP_SYS_RESOURCE CAP_SYS_NICE".
void AddUser(absl::string_view text, MachineShape& shape) {
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(text, absl::MaxSplits(',', 1));
  shape.uid = ParseNumber(absl::StripAsciiWhitespace(parts.first), ~std::uint32_t{0} - 1);
  absl::string_view capabilities = absl::StripAsciiWhitespace(parts.second);
  if (!absl::ConsumePrefix(&capabilities, "every capability but ")) return;
  for (const absl::string_view name : absl::StrSplit(capabilities, absl::ByAnyChar(" ,"), absl::SkipEmpty())) {
    const std::optional<std::uint64_t> number = EvaluateTraceNumber(name);
    if (number.has_value()) shape.missing_capabilities.push_back(*number);
  }
}

}  // namespace

void MachineShape::AddHeader(absl::string_view text) {
  if (absl::ConsumePrefix(&text, "uid:")) return AddUser(text, *this);
  auto* add = absl::ConsumePrefix(&text, "limits:")   ? AddLimitItem
              : absl::ConsumePrefix(&text, "memory:") ? AddMemoryItem
              : absl::StartsWith(text, "THP=")        ? AddHugePageItem
                                                      : nullptr;
  if (add == nullptr) return;
  for (const absl::string_view part : absl::StrSplit(text, absl::ByAnyChar(",;"))) {
    add(absl::StripAsciiWhitespace(part), *this);
  }
}

v1::MachineSpec MachineShape::ToSpec() const {
  v1::MachineSpec spec;
  spec.set_address_randomization(v1::ADDRESS_RANDOMIZATION_OFF);
  if (cpu_count.value_or(0) != 0) spec.set_cpu_count(*cpu_count);
  if (memory_bytes.has_value()) {
    // Smaller machines come in smaller modules; and the rest may not be more than three quarters.
    const std::uint64_t module = *memory_bytes < kGibibyte ? kSmallModule : kGibibyte;
    const std::uint64_t installed = (*memory_bytes + module - 1) / module * module;
    spec.set_memory_bytes(installed);
    // 0 would mean the machine's own estimate; then nothing better is known.
    spec.set_reserved_bytes(installed - *memory_bytes);
  }
  if (transparent_huge_pages.has_value()) spec.set_transparent_huge_pages(*transparent_huge_pages);
  if (huge_page_defrag.has_value()) spec.set_huge_page_defrag(*huge_page_defrag);
  v1::Sysctls& sysctls = *spec.mutable_sysctls();
  if (overcommit_memory.has_value()) sysctls.set_overcommit_memory(*overcommit_memory);
  if (overcommit_ratio.has_value()) sysctls.set_overcommit_ratio(*overcommit_ratio);
  if (max_map_count.value_or(0) != 0) sysctls.set_max_map_count(*max_map_count);
  if (mmap_min_addr.has_value()) sysctls.set_mmap_min_addr(*mmap_min_addr);
  return spec;
}

}  // namespace memsim::replay
