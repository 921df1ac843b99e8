// rlimits (include/uapi/asm-generic/resource.h).

#ifndef MEMSIM_SERVER_KERNEL_VM_RESOURCE_LIMITS_H_
#define MEMSIM_SERVER_KERNEL_VM_RESOURCE_LIMITS_H_

#include <array>
#include <cstdint>

#include "server/base/digest.h"

namespace memsim {

inline constexpr std::uint64_t kRlimInfinity = UINT64_MAX;

struct ResourceLimit {
  std::uint64_t current = kRlimInfinity;
  std::uint64_t maximum = kRlimInfinity;

  friend bool operator==(const ResourceLimit&, const ResourceLimit&) = default;
};

enum class Resource : std::uint8_t {
  kCpu = 0,
  kFsize = 1,
  kData = 2,
  kStack = 3,
  kCore = 4,
  kRss = 5,
  kNproc = 6,
  kNofile = 7,
  kMemlock = 8,
  kAs = 9,
  kLocks = 10,
  kSigpending = 11,
  kMsgqueue = 12,
  kNice = 13,
  kRtprio = 14,
  kRttime = 15,
};
inline constexpr std::uint32_t kResourceCount = 16;

// The limits that init starts with (include/asm-generic/resource.h): a stack of 8 MiB, 8 MiB of locked memory, 1024
// files, 800 KiB of message queues, no priority.
class ResourceLimits {
 public:
  ResourceLimits() {
    (*this)[Resource::kStack] = {8ULL << 20, kRlimInfinity};
    (*this)[Resource::kCore] = {0, kRlimInfinity};
    (*this)[Resource::kNofile] = {1024, 4096};
    (*this)[Resource::kMemlock] = {8ULL << 20, 8ULL << 20};
    (*this)[Resource::kMsgqueue] = {800ULL << 10, 800ULL << 10};
    (*this)[Resource::kNice] = {0, 0};
    (*this)[Resource::kRtprio] = {0, 0};
  }

  ResourceLimit& operator[](Resource resource) { return limits_[static_cast<std::size_t>(resource)]; }
  const ResourceLimit& operator[](Resource resource) const { return limits_[static_cast<std::size_t>(resource)]; }

  void DigestTo(Digest& digest) const {
    for (const ResourceLimit& limit : limits_) {
      digest.Add(limit.current);
      digest.Add(limit.maximum);
    }
  }

 private:
  std::array<ResourceLimit, kResourceCount> limits_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_RESOURCE_LIMITS_H_
