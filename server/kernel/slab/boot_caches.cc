#include "server/kernel/slab/boot_caches.h"

namespace memsim {

std::optional<KernelCache> FindBootCache(absl::string_view name) {
  for (std::size_t i = 0; i < kBootCaches.size(); ++i) {
    if (kBootCaches[i].name == name) return static_cast<KernelCache>(i);
  }
  for (const BootCacheAlias& alias : kBootCacheAliases) {
    if (alias.name == name) return alias.cache;
  }
  return std::nullopt;
}

}  // namespace memsim
