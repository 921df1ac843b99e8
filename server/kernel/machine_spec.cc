#include "server/kernel/machine_spec.h"

#include "absl/strings/str_cat.h"

namespace memsim {
namespace {

template <typename... Parts>
absl::Status Invalid(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat(parts...));
}

absl::Status ValidateSysctls(const Sysctls& sysctls, ByteCount memory) {
  if (sysctls.overcommit_ratio < 0 || sysctls.overcommit_ratio > 1000) {
    return Invalid("spec.sysctls.overcommit_ratio is ", sysctls.overcommit_ratio, "; it must be 0 to 1000");
  }
  if (sysctls.max_map_count < 1 || sysctls.max_map_count > INT32_MAX) {
    return Invalid("spec.sysctls.max_map_count is ", sysctls.max_map_count, "; it must be 1 to 2147483647");
  }
  if (sysctls.mmap_min_addr.value() > (1ULL << 30)) {
    return Invalid("spec.sysctls.mmap_min_addr is ", sysctls.mmap_min_addr.value(), "; it must be at most 1 GiB");
  }
  if (sysctls.min_free_kbytes.value_or(0) > memory.value() / 4 / 1024) {
    return Invalid("spec.sysctls.min_free_kbytes is ", *sysctls.min_free_kbytes,
                   "; it must be at most a quarter of the memory, ", memory.value() / 4 / 1024);
  }
  if (sysctls.watermark_scale_factor < 1 || sysctls.watermark_scale_factor > 3000) {
    return Invalid("spec.sysctls.watermark_scale_factor is ", sysctls.watermark_scale_factor, "; it must be 1 to 3000");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status MachineSpec::Validate() const {
  if (cpu_count < 1 || cpu_count > kMaxCpus) {
    return Invalid("spec.cpu_count is ", cpu_count, "; it must be 1 to ", kMaxCpus);
  }
  if (memory < kMinMemory || memory > kMaxMemory || memory.value() % (1ULL << 20) != 0) {
    return Invalid("spec.memory_bytes is ", memory.value(), "; it must be 16 MiB to 4 TiB in whole MiB");
  }
  if (reserved.has_value()) {
    if (reserved->value() > memory.value() / 4 * 3 || reserved->value() % kPageSize.value() != 0) {
      return Invalid("spec.reserved_bytes is ", reserved->value(),
                     "; it must be whole pages and at most three quarters of memory_bytes");
    }
  }
  for (const CostInfo& info : kCostInfo) {
    if (costs.*info.field > CostTable::kMax) {
      return Invalid("spec.cost_ns.", info.name, " is ", (costs.*info.field).value(), "; it must be at most ",
                     CostTable::kMax.value());
    }
  }
  return ValidateSysctls(sysctls, memory);
}

void MachineSpec::DigestTo(Digest& digest) const {
  digest.Add(kModelVersion);
  digest.Add(cpu_count);
  digest.Add(memory);
  digest.Add(reserved.value_or(ByteCount(UINT64_MAX)));
  digest.Add(seed);
  digest.Add(static_cast<std::uint64_t>(address_randomization));
  digest.Add(static_cast<std::uint64_t>(transparent_huge_pages));
  digest.Add(static_cast<std::uint64_t>(huge_page_defrag));
  costs.DigestTo(digest);
  sysctls.DigestTo(digest);
}

void Sysctls::DigestTo(Digest& digest) const {
  digest.Add(static_cast<std::uint64_t>(overcommit_memory));
  digest.Add(static_cast<std::uint64_t>(static_cast<std::int64_t>(overcommit_ratio)));
  digest.Add(overcommit_kbytes);
  digest.Add(max_map_count);
  digest.Add(mmap_min_addr);
  digest.Add(min_free_kbytes.value_or(UINT64_MAX));
  digest.Add(watermark_scale_factor);
  digest.Add(user_reserve_kbytes.value_or(UINT64_MAX));
  digest.Add(admin_reserve_kbytes.value_or(UINT64_MAX));
  digest.Add(legacy_va_layout);
}

}  // namespace memsim
