#include "server/kernel/numa/mempolicies.h"

#include "server/base/check.h"

namespace memsim {

MempolicyId Mempolicies::Create(const Mempolicy& policy) {
  const VirtualAddress object = slabs_.Alloc(KernelCache::kNumaPolicy, kGfpKernel);
  if (object == kNoObject) return MempolicyId();
  // The lowest id that is free: machines have few policies.
  std::uint16_t free = 1;
  for (const auto& [id, entry] : policies_) {
    if (entry.policy == policy) {
      Entry& same = policies_.at(id);
      ++same.holders;
      ++holders_;
      same.objects.push_back(object);
      return id;
    }
    if (id.value() == free) ++free;
  }
  if (policies_.size() >= kMaxPolicies) {
    slabs_.Free(KernelCache::kNumaPolicy, object);
    return MempolicyId();
  }
  Entry& entry = policies_[MempolicyId(free)];
  entry.policy = policy;
  entry.holders = 1;
  ++holders_;
  entry.objects.push_back(object);
  return MempolicyId(free);
}

void Mempolicies::Get(MempolicyId id) {
  if (id == MempolicyId()) return;
  Entry& entry = policies_.at(id);
  ++entry.holders;
  ++holders_;
  while (entry.objects.size() < entry.holders) {
    const VirtualAddress object = slabs_.Alloc(KernelCache::kNumaPolicy, kGfpKernel);
    if (object == kNoObject) return;
    entry.objects.push_back(object);
  }
}

void Mempolicies::Put(MempolicyId id) {
  if (id == MempolicyId()) return;
  Entry& entry = policies_.at(id);
  MEMSIM_CHECK(entry.holders > 0, id.value());
  --entry.holders;
  --holders_;
  if (entry.objects.size() > entry.holders) {
    slabs_.Free(KernelCache::kNumaPolicy, entry.objects.back());
    entry.objects.pop_back();
  }
  if (entry.holders == 0) policies_.erase(id);
}

ByteCount Mempolicies::HostMemory() const {
  std::size_t objects = 0;
  for (const auto& [id, entry] : policies_) objects += entry.objects.capacity() * sizeof(VirtualAddress);
  // A map node is the pair and about four words of links.
  return ByteCount(objects + policies_.size() * (sizeof(std::pair<const MempolicyId, Entry>) + 32));
}

void Mempolicies::DigestTo(Digest& digest) const {
  for (const auto& [id, entry] : policies_) {
    digest.Add(id);
    entry.policy.DigestTo(digest);
    for (const VirtualAddress object : entry.objects) digest.Add(object);
  }
}

void Mempolicies::CheckInvariants() const {
  std::uint64_t holders = 0;
  for (const auto& [id, entry] : policies_) {
    MEMSIM_CHECK(id != MempolicyId() && entry.holders > 0, id.value(), entry.holders);
    MEMSIM_CHECK(entry.objects.size() <= entry.holders, id.value(), entry.objects.size());
    holders += entry.holders;
    for (auto other = policies_.upper_bound(id); other != policies_.end(); ++other) {
      MEMSIM_CHECK(!(other->second.policy == entry.policy), id.value(), other->first.value());
    }
  }
  MEMSIM_CHECK(holders == holders_, holders, holders_);
}

}  // namespace memsim
