// All memory policies of a machine.
//
// Thread-compatible.
//
// Invariants (CheckInvariants verifies them):
//  1. No two policies are equal, and each is held by somebody.
//  2. A policy has no more objects than holders.

#ifndef MEMSIM_SERVER_KERNEL_NUMA_MEMPOLICIES_H_
#define MEMSIM_SERVER_KERNEL_NUMA_MEMPOLICIES_H_

#include <cstdint>
#include <map>
#include <vector>

#include "server/base/digest.h"
#include "server/base/units.h"
#include "server/kernel/numa/mempolicy.h"
#include "server/kernel/slab/slab_caches.h"

namespace memsim {

// Equal policies have equal ids. 0: none, the default. Each mapping has one, so it is small.
using MempolicyId = Unit<struct MempolicyIdTag, std::uint16_t>;

class Mempolicies {
 public:
  // Policies that differ. More than programs ask for on purpose: all ids but 0.
  static constexpr std::size_t kMaxPolicies = UINT16_MAX;

  // The slabs must outlive the policies.
  explicit Mempolicies(SlabCaches& slabs) : slabs_(slabs) {}

  // mpol_new, with the caller as a holder. 0: no memory, or kMaxPolicies others.
  MempolicyId Create(const Mempolicy& policy);
  // One holder more (mpol_dup), one less (mpol_put). With id 0 nothing happens. Where there is no memory for the new
  // holder's object, the next one makes up for it.
  void Get(MempolicyId id);
  void Put(MempolicyId id);
  // REQUIRES: somebody holds it.
  const Mempolicy& operator[](MempolicyId id) const { return policies_.at(id).policy; }
  // Of all policies. For CheckInvariants of who holds them.
  std::uint64_t holders() const { return holders_; }

  ByteCount HostMemory() const;
  void DigestTo(Digest& digest) const;
  void CheckInvariants() const;

 private:
  struct Entry {
    Mempolicy policy;
    std::uint32_t holders = 0;
    // Each holder's, as objects of a slab cache.
    std::vector<VirtualAddress> objects;
  };

  SlabCaches& slabs_;
  std::map<MempolicyId, Entry> policies_;
  std::uint64_t holders_ = 0;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_NUMA_MEMPOLICIES_H_
