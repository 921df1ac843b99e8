#include "server/kernel/slab/cache_merging.h"

#include "absl/strings/str_format.h"

#include "server/kernel/slab/slab_layout.h"

namespace memsim {
namespace {

constexpr SlabFlags kNeverMerge = kSlabDebugFlags & ~kSlabConsistencyChecks;
// SLAB_NEVER_MERGE and SLAB_MERGE_SAME.
constexpr SlabFlags kKeepsApart = kNeverMerge | kSlabTypesafeByRcu | kSlabNoLeakTrace | kSlabNoMerge;
constexpr SlabFlags kMustAgree = kSlabReclaimAccount | kSlabCacheDma | kSlabCacheDma32 | kSlabAccount;

}  // namespace

bool IsMergeable(const CacheDefinition& definition) {
  return (definition.flags & kKeepsApart) == 0 && definition.constructor.empty() &&
         definition.user_size == ByteCount(0) && definition.sheaf_capacity == 0;
}

bool CanMergeInto(const CacheDefinition& added, const CacheDefinition& old) {
  if (!IsMergeable(added) || !IsMergeable(old)) return false;
  if (((added.flags ^ old.flags) & kMustAgree) != 0) return false;
  const ByteCount word_size = AlignUp(added.object_size, kWord);
  const ByteCount align = ObjectAlign(added.flags, added.align, word_size);
  const ByteCount size = AlignUp(word_size, align);
  const ByteCount old_size = LayOutObject(old).size;
  return size <= old_size && old_size - size < kWord && old_size.value() % align.value() == 0;
}

std::string UniqueId(const CacheDefinition& definition) {
  std::string id = ":";
  if ((definition.flags & kSlabCacheDma) != 0) id += 'd';
  if ((definition.flags & kSlabCacheDma32) != 0) id += 'D';
  if ((definition.flags & kSlabReclaimAccount) != 0) id += 'a';
  if ((definition.flags & kSlabAccount) != 0) id += 'A';
  if (id.size() > 1) id += '-';
  absl::StrAppendFormat(&id, "%07d", LayOutObject(definition).size.value());
  return id;
}

}  // namespace memsim
