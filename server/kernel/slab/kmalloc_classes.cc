#include "server/kernel/slab/kmalloc_classes.h"

#include <array>
#include <bit>

namespace memsim {
namespace {

// By the family, the caches in the order of their sizes.
#define MEMSIM_FAMILY(prefix)                                                                                  \
  {                                                                                                            \
    KernelCache::prefix##8, KernelCache::prefix##16, KernelCache::prefix##32, KernelCache::prefix##64,         \
        KernelCache::prefix##96, KernelCache::prefix##128, KernelCache::prefix##192, KernelCache::prefix##256, \
        KernelCache::prefix##512, KernelCache::prefix##1k, KernelCache::prefix##2k, KernelCache::prefix##4k,   \
        KernelCache::prefix##8k                                                                                \
  }
constexpr std::array<std::array<KernelCache, kKmallocClassCount>, 4> kCaches = {
    {MEMSIM_FAMILY(kKmalloc), MEMSIM_FAMILY(kKmallocRcl), MEMSIM_FAMILY(kDmaKmalloc), MEMSIM_FAMILY(kKmallocCg)}};
#undef MEMSIM_FAMILY

}  // namespace

KmallocFamily FamilyForGfp(GfpMask gfp) {
  if ((gfp & kGfpDma) != 0) return KmallocFamily::kDma;
  if ((gfp & kGfpReclaimable) != 0) return KmallocFamily::kReclaimable;
  return (gfp & kGfpAccount) != 0 ? KmallocFamily::kAccounted : KmallocFamily::kNormal;
}

std::uint32_t KmallocClass(ByteCount size) {
  if (size <= ByteCount(8)) return 0;
  // 16 is the first power of two after it; 96 and 192 stand between powers.
  const auto log = static_cast<std::uint32_t>(std::bit_width(size.value() - 1));
  if (size <= ByteCount(64)) return log - 3;
  if (size <= ByteCount(96)) return 4;
  if (size <= ByteCount(128)) return 5;
  return size <= ByteCount(192) ? 6 : log - 1;
}

ByteCount KmallocClassSize(std::uint32_t size_class) { return DefinitionOf(kCaches[0][size_class]).object_size; }

KernelCache KmallocCache(ByteCount size, GfpMask gfp) {
  return kCaches[static_cast<std::size_t>(FamilyForGfp(gfp))][KmallocClass(size)];
}

}  // namespace memsim
