// The slab caches that the kernel makes while it boots: one table for everybody who names or shows them.

#ifndef MEMSIM_SERVER_KERNEL_SLAB_BOOT_CACHES_H_
#define MEMSIM_SERVER_KERNEL_SLAB_BOOT_CACHES_H_

#include <array>
#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"

#include "server/kernel/slab/boot_cache_table.h"
#include "server/kernel/slab/cache_definition.h"

namespace memsim {

// A cache of the kernel's own.
enum class KernelCache : std::uint16_t {
#define MEMSIM_ENUMERATOR(symbol, ...) symbol,
  MEMSIM_BOOT_CACHES(MEMSIM_ENUMERATOR)
#undef MEMSIM_ENUMERATOR
      kCount,
#define MEMSIM_ENUMERATOR(symbol, name, cache) symbol = (cache),
  MEMSIM_BOOT_CACHE_ALIASES(MEMSIM_ENUMERATOR)
#undef MEMSIM_ENUMERATOR
};
inline constexpr std::size_t kKernelCacheCount = static_cast<std::size_t>(KernelCache::kCount);

// The rows, with the short names that they give to flags.
constexpr auto MakeBootCaches() {
  [[maybe_unused]] constexpr SlabFlags kAligned = kSlabHwcacheAlign;
  [[maybe_unused]] constexpr SlabFlags kDma = kSlabCacheDma;
  [[maybe_unused]] constexpr SlabFlags kRcu = kSlabTypesafeByRcu;
  [[maybe_unused]] constexpr SlabFlags kAlone = kSlabNoMerge;
  [[maybe_unused]] constexpr SlabFlags kAccount = kSlabAccount;
  [[maybe_unused]] constexpr SlabFlags kReclaim = kSlabReclaimAccount;
  // No flag of Linux: the free pointer lies inside the object although RCU readers may look at it.
  constexpr SlabFlags kInside = 1U << 31;
  return std::to_array<CacheDefinition>({
#define MEMSIM_DEFINITION(symbol, name, object_size, align, flags, user_size, sheaf_capacity, constructor) \
  CacheDefinition{name,                                                                                    \
                  ByteCount(object_size),                                                                  \
                  ByteCount(align),                                                                        \
                  (flags) & ~kInside,                                                                      \
                  ByteCount(user_size),                                                                    \
                  sheaf_capacity,                                                                          \
                  constructor,                                                                             \
                  ((flags)&kInside) != 0 ? FreePointer::kInside : FreePointer::kByRule},
      MEMSIM_BOOT_CACHES(MEMSIM_DEFINITION)
#undef MEMSIM_DEFINITION
  });
}
inline constexpr auto kBootCaches = MakeBootCaches();

struct BootCacheAlias {
  absl::string_view name;
  KernelCache cache;
};
inline constexpr auto kBootCacheAliases = std::to_array<BootCacheAlias>({
#define MEMSIM_ALIAS(symbol, name, cache) BootCacheAlias{name, KernelCache::cache},
    MEMSIM_BOOT_CACHE_ALIASES(MEMSIM_ALIAS)
#undef MEMSIM_ALIAS
});

// Boot caches have the first numbers.
constexpr CacheId IdOf(KernelCache cache) { return CacheId(static_cast<std::uint32_t>(cache) + 1); }
constexpr bool IsBootCache(CacheId id) { return id.value() - 1U < kKernelCacheCount; }

constexpr const CacheDefinition& DefinitionOf(KernelCache cache) {
  return kBootCaches[static_cast<std::size_t>(cache)];
}

// By its name or an alias.
std::optional<KernelCache> FindBootCache(absl::string_view name);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_SLAB_BOOT_CACHES_H_
