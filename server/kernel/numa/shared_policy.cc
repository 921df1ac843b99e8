#include "server/kernel/numa/shared_policy.h"

#include <iterator>

namespace memsim {

MempolicyId SharedPolicy::At(PageOffset page) const {
  const auto after = ranges_.upper_bound(page);
  if (after == ranges_.begin()) return MempolicyId();
  const Range& range = std::prev(after)->second;
  return page < range.end ? range.policy : MempolicyId();
}

bool SharedPolicy::CutAt(PageOffset page, Mempolicies& policies, SlabCaches& slabs) {
  const auto after = ranges_.lower_bound(page);
  if (after == ranges_.begin()) return true;
  Range& below = std::prev(after)->second;
  if (below.end <= page) return true;
  const VirtualAddress object = slabs.Alloc(KernelCache::kSharedPolicyNode, kGfpKernel);
  if (object == kNoObject) return false;
  policies.Get(below.policy);
  ranges_.emplace(page, Range{below.end, below.policy, object});
  below.end = page;
  return true;
}

Errno SharedPolicy::Set(PageOffset first, PageOffset end, MempolicyId policy, Mempolicies& policies,
                        SlabCaches& slabs) {
  VirtualAddress object = kNoObject;
  if (policy != MempolicyId()) {
    object = slabs.Alloc(KernelCache::kSharedPolicyNode, kGfpKernel);
    if (object == kNoObject) return Errno::kNoMem;
  }
  if (!CutAt(first, policies, slabs) || !CutAt(end, policies, slabs)) {
    if (object != kNoObject) slabs.Free(KernelCache::kSharedPolicyNode, object);
    return Errno::kNoMem;
  }
  policies.Get(policy);
  for (auto it = ranges_.lower_bound(first); it != ranges_.end() && it->first < end; it = ranges_.erase(it)) {
    policies.Put(it->second.policy);
    slabs.Free(KernelCache::kSharedPolicyNode, it->second.object);
  }
  if (policy != MempolicyId()) ranges_.emplace(first, Range{end, policy, object});
  return Errno::kOk;
}

void SharedPolicy::Clear(Mempolicies& policies, SlabCaches& slabs) {
  for (const auto& [first, range] : ranges_) {
    policies.Put(range.policy);
    slabs.Free(KernelCache::kSharedPolicyNode, range.object);
  }
  ranges_.clear();
}

void SharedPolicy::DigestTo(Digest& digest) const {
  for (const auto& [first, range] : ranges_) {
    digest.Add(first);
    digest.Add(range.end);
    digest.Add(range.policy);
    digest.Add(range.object);
  }
}

}  // namespace memsim
