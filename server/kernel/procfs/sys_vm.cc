#include "server/kernel/procfs/sys_vm.h"

#include <array>
#include <cstdint>
#include <iterator>

#include "absl/strings/str_cat.h"

#include "server/kernel/procfs/sysctl_number.h"

namespace memsim {
namespace {

constexpr std::int64_t kMostInt = INT32_MAX;

// proc_dointvec_minmax: a signed number of 32 bits.
struct IntSysctl {
  absl::string_view path;
  std::int64_t least;
  std::int64_t most;
  std::int64_t (*get)(const Sysctls& sysctls);
  void (*set)(Sysctls& sysctls, std::int64_t value);
};

constexpr std::array<IntSysctl, 6> kIntSysctls = {{
    {"sys/vm/legacy_va_layout", 0, kMostInt, [](const Sysctls& s) -> std::int64_t { return s.legacy_va_layout; },
     [](Sysctls& s, std::int64_t value) { s.legacy_va_layout = static_cast<std::uint32_t>(value); }},
    {"sys/vm/max_map_count", 0, kMostInt, [](const Sysctls& s) -> std::int64_t { return s.max_map_count; },
     [](Sysctls& s, std::int64_t value) { s.max_map_count = static_cast<std::uint32_t>(value); }},
    {"sys/vm/min_free_kbytes", 0, kMostInt,
     [](const Sysctls& s) { return static_cast<std::int64_t>(s.min_free_kbytes.value_or(0)); },
     [](Sysctls& s, std::int64_t value) { s.min_free_kbytes = static_cast<std::uint64_t>(value); }},
    {"sys/vm/overcommit_memory", 0, 2, [](const Sysctls& s) { return static_cast<std::int64_t>(s.overcommit_memory); },
     [](Sysctls& s, std::int64_t value) { s.overcommit_memory = static_cast<OvercommitPolicy>(value); }},
    // overcommit_ratio_handler: of ratio and kbytes, what was set last counts.
    {"sys/vm/overcommit_ratio", INT32_MIN, kMostInt,
     [](const Sysctls& s) -> std::int64_t { return s.overcommit_ratio; },
     [](Sysctls& s, std::int64_t value) {
       s.overcommit_ratio = static_cast<std::int32_t>(value);
       s.overcommit_kbytes = 0;
     }},
    {"sys/vm/watermark_scale_factor", 1, 3000,
     [](const Sysctls& s) -> std::int64_t { return s.watermark_scale_factor; },
     [](Sysctls& s, std::int64_t value) { s.watermark_scale_factor = static_cast<std::uint32_t>(value); }},
}};

// proc_doulongvec_minmax: any number of 64 bits.
struct LongSysctl {
  absl::string_view path;
  std::uint64_t (*get)(const Sysctls& sysctls);
  void (*set)(Sysctls& sysctls, std::uint64_t value);
  // Who writes it needs this.
  std::optional<Capability> capability;
};

constexpr std::array<LongSysctl, 4> kLongSysctls = {{
    {"sys/vm/admin_reserve_kbytes", [](const Sysctls& s) { return s.admin_reserve_kbytes.value_or(0); },
     [](Sysctls& s, std::uint64_t value) { s.admin_reserve_kbytes = value; }, std::nullopt},
    {"sys/vm/mmap_min_addr", [](const Sysctls& s) { return s.mmap_min_addr.value(); },
     [](Sysctls& s, std::uint64_t value) { s.mmap_min_addr = ByteCount(value); }, Capability::kSysRawio},
    // overcommit_kbytes_handler.
    {"sys/vm/overcommit_kbytes", [](const Sysctls& s) { return s.overcommit_kbytes; },
     [](Sysctls& s, std::uint64_t value) {
       s.overcommit_kbytes = value;
       s.overcommit_ratio = 0;
     },
     std::nullopt},
    {"sys/vm/user_reserve_kbytes", [](const Sysctls& s) { return s.user_reserve_kbytes.value_or(0); },
     [](Sysctls& s, std::uint64_t value) { s.user_reserve_kbytes = value; }, std::nullopt},
}};

template <typename Table>
const typename Table::value_type* FindIn(const Table& table, absl::string_view path) {
  for (const auto& sysctl : table) {
    if (sysctl.path == path) return &sysctl;
  }
  return nullptr;
}

ErrnoOr<ByteCount> Write(const IntSysctl& sysctl, Sysctls& sysctls, absl::string_view text) {
  const std::optional<SysctlNumber> number = ParseSysctlNumber(text);
  if (!number.has_value() || number->magnitude > 1ULL << 31) return Errno::kInval;
  const auto magnitude = static_cast<std::int64_t>(number->magnitude);
  const std::int64_t value = number->negative ? -magnitude : magnitude;
  if (value < sysctl.least || value > sysctl.most) return Errno::kInval;
  sysctl.set(sysctls, value);
  return number->taken;
}

ErrnoOr<ByteCount> Write(const LongSysctl& sysctl, Sysctls& sysctls, absl::string_view text) {
  const std::optional<SysctlNumber> number = ParseSysctlNumber(text);
  if (!number.has_value() || number->negative) return Errno::kInval;
  sysctl.set(sysctls, number->magnitude);
  return number->taken;
}

}  // namespace

std::vector<absl::string_view> SysVmFiles() {
  std::vector<absl::string_view> paths;
  paths.reserve(std::size(kIntSysctls) + std::size(kLongSysctls));
  for (const IntSysctl& sysctl : kIntSysctls) paths.push_back(sysctl.path);
  for (const LongSysctl& sysctl : kLongSysctls) paths.push_back(sysctl.path);
  return paths;
}

std::optional<std::string> ReadSysVm(const Sysctls& sysctls, absl::string_view path) {
  if (const IntSysctl* found = FindIn(kIntSysctls, path)) return absl::StrCat(found->get(sysctls), "\n");
  if (const LongSysctl* found = FindIn(kLongSysctls, path)) return absl::StrCat(found->get(sysctls), "\n");
  return std::nullopt;
}

ErrnoOr<ByteCount> WriteSysVm(Sysctls& sysctls, absl::string_view path, absl::string_view text,
                              CapabilitySet capabilities) {
  if (const IntSysctl* found = FindIn(kIntSysctls, path)) {
    return text.empty() ? ErrnoOr<ByteCount>(ByteCount(0)) : Write(*found, sysctls, text);
  }
  const LongSysctl* found = FindIn(kLongSysctls, path);
  if (found == nullptr) return Errno::kNoEnt;
  if (found->capability.has_value() && !capabilities.Has(*found->capability)) return Errno::kPerm;
  return text.empty() ? ErrnoOr<ByteCount>(ByteCount(0)) : Write(*found, sysctls, text);
}

}  // namespace memsim
