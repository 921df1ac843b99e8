// What a machine is made of.

#ifndef MEMSIM_SERVER_KERNEL_MACHINE_SPEC_H_
#define MEMSIM_SERVER_KERNEL_MACHINE_SPEC_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"

#include "server/base/digest.h"
#include "server/base/units.h"
#include "server/kernel/cpu/cost_table.h"

namespace memsim {

// Raised whenever a rule of the simulated kernel changes an answer: digests are comparable within a version only.
inline constexpr std::uint32_t kModelVersion = 2;

enum class AddressRandomization : std::uint8_t { kOff, kOn };

enum class OvercommitPolicy : std::uint8_t { kHeuristic = 0, kAlways = 1, kNever = 2 };

// /sys/kernel/mm/transparent_hugepage/enabled: who gets huge pages of anonymous memory.
enum class TransparentHugePages : std::uint8_t { kNever, kMadvise, kAlways };

// …/defrag: what an allocation of a huge page may wait for. kDeferMadvise: "defer+madvise".
enum class HugePageDefrag : std::uint8_t { kNever, kMadvise, kDeferMadvise, kDefer, kAlways };

// /proc/sys/vm, with Linux's defaults. What is absent follows a formula that needs the machine's zones; 0 is a number
// like any other.
struct Sysctls {
  OvercommitPolicy overcommit_memory = OvercommitPolicy::kHeuristic;
  // As proc_dointvec takes it, and so any number; a spec's is not negative.
  std::int32_t overcommit_ratio = 50;
  std::uint64_t overcommit_kbytes = 0;
  std::uint32_t max_map_count = 65530;
  ByteCount mmap_min_addr{4096};
  std::optional<std::uint64_t> min_free_kbytes;
  std::uint32_t watermark_scale_factor = 10;
  std::optional<std::uint64_t> user_reserve_kbytes;
  std::optional<std::uint64_t> admin_reserve_kbytes;
  // Not 0: mappings are placed upwards from a third of the address space, from the next execve on.
  std::uint32_t legacy_va_layout = 0;

  void DigestTo(Digest& digest) const;
};

struct MachineSpec {
  static constexpr std::uint32_t kMaxCpus = 256;
  // Room for a kernel, its boot caches and init.
  static constexpr ByteCount kMinMemory{16ULL << 20};
  // 2^30 frames: what 32-bit frame links and Linux's 4-level physical limit comfortably hold.
  static constexpr ByteCount kMaxMemory{4ULL << 40};

  std::uint32_t cpu_count = 2;
  ByteCount memory{4ULL << 30};
  // What the kernel keeps from boot. Absent: by the formula of physical/reserved_memory.h.
  std::optional<ByteCount> reserved;
  std::uint64_t seed = 0;
  AddressRandomization address_randomization = AddressRandomization::kOn;
  Sysctls sysctls;
  TransparentHugePages transparent_huge_pages = TransparentHugePages::kMadvise;
  HugePageDefrag huge_page_defrag = HugePageDefrag::kMadvise;
  // How long everything takes.
  CostTable costs;

  // INVALID_ARGUMENT, naming the field as the API spells it and its range.
  absl::Status Validate() const;

  void DigestTo(Digest& digest) const;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_MACHINE_SPEC_H_
