#include "server/calls/spec_conversion.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "server/base/quoted.h"
#include "server/calls/misuse.h"

namespace memsim {
namespace {

absl::StatusOr<AddressRandomization> RandomizationFromMessage(v1::AddressRandomization value) {
  switch (value) {
    case v1::ADDRESS_RANDOMIZATION_UNSPECIFIED:
    case v1::ADDRESS_RANDOMIZATION_ON:
      return AddressRandomization::kOn;
    case v1::ADDRESS_RANDOMIZATION_OFF:
      return AddressRandomization::kOff;
    default:
      return MisuseStatus(v1::ERROR_REASON_SPEC_INVALID,
                          absl::StrCat("spec.address_randomization is ", static_cast<int>(value), "; it must be ",
                                       "ADDRESS_RANDOMIZATION_ON or ADDRESS_RANDOMIZATION_OFF"));
  }
}

absl::StatusOr<TransparentHugePages> HugePagesFromMessage(v1::TransparentHugePages value) {
  switch (value) {
    case v1::TRANSPARENT_HUGE_PAGES_NEVER:
      return TransparentHugePages::kNever;
    case v1::TRANSPARENT_HUGE_PAGES_UNSPECIFIED:
    case v1::TRANSPARENT_HUGE_PAGES_MADVISE:
      return TransparentHugePages::kMadvise;
    case v1::TRANSPARENT_HUGE_PAGES_ALWAYS:
      return TransparentHugePages::kAlways;
    default:
      return MisuseStatus(v1::ERROR_REASON_SPEC_INVALID,
                          absl::StrCat("spec.transparent_huge_pages is ", static_cast<int>(value),
                                       "; it must be one of the values that TransparentHugePages names"));
  }
}

// In the order of HugePageDefrag.
constexpr v1::HugePageDefrag kDefragValues[] = {v1::HUGE_PAGE_DEFRAG_NEVER, v1::HUGE_PAGE_DEFRAG_MADVISE,
                                                v1::HUGE_PAGE_DEFRAG_DEFER_MADVISE, v1::HUGE_PAGE_DEFRAG_DEFER,
                                                v1::HUGE_PAGE_DEFRAG_ALWAYS};

absl::StatusOr<HugePageDefrag> DefragFromMessage(v1::HugePageDefrag value) {
  if (value == v1::HUGE_PAGE_DEFRAG_UNSPECIFIED) return HugePageDefrag::kMadvise;
  const auto* const found = std::find(std::begin(kDefragValues), std::end(kDefragValues), value);
  if (found != std::end(kDefragValues)) return static_cast<HugePageDefrag>(found - std::begin(kDefragValues));
  return MisuseStatus(v1::ERROR_REASON_SPEC_INVALID,
                      absl::StrCat("spec.huge_page_defrag is ", static_cast<int>(value),
                                   "; it must be one of the values that HugePageDefrag names"));
}

absl::StatusOr<Sysctls> SysctlsFromMessage(const v1::Sysctls& message) {
  Sysctls sysctls;
  if (message.overcommit_memory() > static_cast<std::uint32_t>(OvercommitPolicy::kNever)) {
    return MisuseStatus(
        v1::ERROR_REASON_SPEC_INVALID,
        absl::StrCat("spec.sysctls.overcommit_memory is ", message.overcommit_memory(), "; it must be 0, 1 or 2"));
  }
  sysctls.overcommit_memory = static_cast<OvercommitPolicy>(message.overcommit_memory());
  if (message.has_overcommit_ratio()) {
    // What no number of 32 bits with sign is refused by the spec too.
    sysctls.overcommit_ratio =
        static_cast<std::int32_t>(std::min<std::uint32_t>(message.overcommit_ratio(), INT32_MAX));
  }
  sysctls.overcommit_kbytes = message.overcommit_kbytes();
  if (message.has_max_map_count()) sysctls.max_map_count = message.max_map_count();
  if (message.has_mmap_min_addr()) sysctls.mmap_min_addr = ByteCount(message.mmap_min_addr());
  // The API's 0 is "by formula", as with cpu_count; a machine's own 0 would be a number.
  if (message.min_free_kbytes() != 0) sysctls.min_free_kbytes = message.min_free_kbytes();
  if (message.has_watermark_scale_factor()) sysctls.watermark_scale_factor = message.watermark_scale_factor();
  if (message.has_user_reserve_kbytes()) sysctls.user_reserve_kbytes = message.user_reserve_kbytes();
  if (message.has_admin_reserve_kbytes()) sysctls.admin_reserve_kbytes = message.admin_reserve_kbytes();
  return sysctls;
}

void SysctlsToMessage(const Sysctls& sysctls, v1::Sysctls& message) {
  message.set_overcommit_memory(static_cast<std::uint32_t>(sysctls.overcommit_memory));
  message.set_overcommit_ratio(static_cast<std::uint32_t>(sysctls.overcommit_ratio));
  message.set_overcommit_kbytes(sysctls.overcommit_kbytes);
  message.set_max_map_count(sysctls.max_map_count);
  message.set_mmap_min_addr(sysctls.mmap_min_addr.value());
  message.set_min_free_kbytes(*sysctls.min_free_kbytes);
  message.set_watermark_scale_factor(sysctls.watermark_scale_factor);
  message.set_user_reserve_kbytes(*sysctls.user_reserve_kbytes);
  message.set_admin_reserve_kbytes(*sysctls.admin_reserve_kbytes);
}

absl::StatusOr<CostTable> CostsFromMessage(const google::protobuf::Map<std::string, std::uint64_t>& message) {
  CostTable costs;
  // A map has no order of its own, and of several mistakes always the same one is to be told.
  for (const auto& [name, nanoseconds] : std::map<std::string, std::uint64_t>(message.begin(), message.end())) {
    const auto info = std::find_if(kCostInfo.begin(), kCostInfo.end(),
                                   [&name = name](const CostInfo& cost) { return cost.name == name; });
    if (info == kCostInfo.end()) {
      const auto add_name = [](std::string* text, const CostInfo& cost) { absl::StrAppend(text, cost.name); };
      return MisuseStatus(v1::ERROR_REASON_SPEC_INVALID,
                          absl::StrCat("spec.cost_ns has ", Quoted(name), ", which is no cost; costs are ",
                                       absl::StrJoin(kCostInfo, ", ", add_name)));
    }
    costs.*info->field = Nanoseconds(nanoseconds);
  }
  return costs;
}

}  // namespace

absl::StatusOr<MachineSpec> SpecFromMessage(const v1::MachineSpec& message) {
  MachineSpec spec;
  if (message.cpu_count() != 0) spec.cpu_count = message.cpu_count();
  if (message.memory_bytes() != 0) spec.memory = ByteCount(message.memory_bytes());
  if (message.reserved_bytes() != 0) spec.reserved = ByteCount(message.reserved_bytes());
  spec.seed = message.seed();
  const absl::StatusOr<AddressRandomization> randomization = RandomizationFromMessage(message.address_randomization());
  if (!randomization.ok()) return randomization.status();
  spec.address_randomization = *randomization;
  const absl::StatusOr<Sysctls> sysctls = SysctlsFromMessage(message.sysctls());
  if (!sysctls.ok()) return sysctls.status();
  spec.sysctls = *sysctls;
  const absl::StatusOr<TransparentHugePages> huge_pages = HugePagesFromMessage(message.transparent_huge_pages());
  if (!huge_pages.ok()) return huge_pages.status();
  spec.transparent_huge_pages = *huge_pages;
  const absl::StatusOr<HugePageDefrag> defrag = DefragFromMessage(message.huge_page_defrag());
  if (!defrag.ok()) return defrag.status();
  spec.huge_page_defrag = *defrag;
  const absl::StatusOr<CostTable> costs = CostsFromMessage(message.cost_ns());
  if (!costs.ok()) return costs.status();
  spec.costs = *costs;
  const absl::Status status = spec.Validate();
  if (!status.ok()) return MisuseStatus(v1::ERROR_REASON_SPEC_INVALID, status.message());
  return spec;
}

void SpecToMessage(const MachineSpec& spec, v1::MachineSpec& message) {
  message.set_cpu_count(spec.cpu_count);
  message.set_memory_bytes(spec.memory.value());
  message.set_reserved_bytes(spec.reserved->value());
  message.set_seed(spec.seed);
  message.set_address_randomization(spec.address_randomization == AddressRandomization::kOn
                                        ? v1::ADDRESS_RANDOMIZATION_ON
                                        : v1::ADDRESS_RANDOMIZATION_OFF);
  SysctlsToMessage(spec.sysctls, *message.mutable_sysctls());
  message.set_transparent_huge_pages(
      spec.transparent_huge_pages == TransparentHugePages::kNever    ? v1::TRANSPARENT_HUGE_PAGES_NEVER
      : spec.transparent_huge_pages == TransparentHugePages::kAlways ? v1::TRANSPARENT_HUGE_PAGES_ALWAYS
                                                                     : v1::TRANSPARENT_HUGE_PAGES_MADVISE);
  message.set_huge_page_defrag(kDefragValues[static_cast<std::size_t>(spec.huge_page_defrag)]);
  for (const CostInfo& info : kCostInfo) {
    if (spec.costs.*info.field == kDefaultCosts.*info.field) continue;
    (*message.mutable_cost_ns())[std::string(info.name)] = (spec.costs.*info.field).value();
  }
  message.set_model_version(kModelVersion);
}

}  // namespace memsim
