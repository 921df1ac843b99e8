#include "server/kernel/procfs/pageset.h"

#include <algorithm>
#include <bit>

namespace memsim {
namespace {

constexpr std::uint64_t kMaxThreshold = 125;

}  // namespace

std::uint64_t VmStatThreshold(PageCount managed, std::uint32_t cpus) {
  const std::uint64_t units_of_128_mib = managed.value() >> 15;
  const std::uint64_t threshold = 2ULL * std::bit_width(cpus) * (1 + std::bit_width(units_of_128_mib));
  return std::min(threshold, kMaxThreshold);
}

}  // namespace memsim
