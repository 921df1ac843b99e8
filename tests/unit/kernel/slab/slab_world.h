// A machine of pages, CPUs and one engine, for tests that look at the paths objects take.

#ifndef MEMSIM_TESTS_UNIT_KERNEL_SLAB_SLAB_WORLD_H_
#define MEMSIM_TESTS_UNIT_KERNEL_SLAB_SLAB_WORLD_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/kernel/cpu/cpus.h"
#include "server/kernel/cpu/locks.h"
#include "server/kernel/observe/counter.h"
#include "server/kernel/physical/page_allocator.h"
#include "server/kernel/slab/slub.h"

namespace memsim {

// The paths that were taken, by the name of their enumerator in the kernel.
using Paths = std::map<std::string, std::uint64_t>;

inline Paths PathsOf(const SlabPathCounts& counts) {
  Paths paths;
  for (std::size_t i = 0; i < kSlabPathCount; ++i) {
    if (counts[i] == 0) continue;
    std::string name(kSlabPathInfo[i].name.substr(5));
    for (char& c : name) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    paths[name] = counts[i];
  }
  return paths;
}

// One cache of a size, whose slabs have `objects` objects each. min_partial and the CPUs' partial lists are as asked
// for, so that scenarios stay short.
class SlabWorld {
 public:
  static constexpr CacheId kCache{1};
  static constexpr CacheId kSheaves{2};

  explicit SlabWorld(std::uint32_t objects = 4, std::uint32_t min_partial = 1, std::uint32_t cpu_partial_slabs = 2,
                     std::uint32_t sheaf_capacity = 0, std::uint64_t bytes = 64ULL << 20)
      : pages_(LayOutMemory(ByteCount(bytes), std::nullopt), {}, counters_, locks_), slub_(pages_, counters_, locks_) {
    EngineCache cache;
    cache.layout.object = {ByteCount(8), ByteCount(4096 / objects / 8 * 8), ByteCount(0)};
    cache.layout.objects = cache.layout.min_objects = objects;
    cache.layout.min_partial = min_partial;
    cache.layout.cpu_partial_slabs = cpu_partial_slabs;
    cache.sheaf_capacity = sheaf_capacity;
    cache.sheaf_cache = kSheaves;
    slub_.AddCache(kCache, cache);
    EngineCache sheaves;
    sheaves.layout.object = {ByteCount(8), ByteCount(64), ByteCount(0)};
    sheaves.layout.objects = sheaves.layout.min_objects = 64;
    sheaves.layout.min_partial = 5;
    sheaves.layout.cpu_partial_slabs = 1;
    slub_.AddCache(kSheaves, sheaves);
  }

  void On(std::uint16_t cpu) { cpus_.SwitchTo(CpuId(cpu)); }
  VirtualAddress Take(GfpMask gfp = kGfpKernel) {
    const VirtualAddress object = slub_.Alloc(kCache, gfp, ObjectOwner::kCaller);
    Check();
    return object;
  }
  std::vector<VirtualAddress> Take(int count) {
    std::vector<VirtualAddress> objects;
    for (int i = 0; i < count; ++i) objects.push_back(Take());
    return objects;
  }
  void Give(VirtualAddress object) {
    slub_.Free(kCache, object);
    Check();
  }
  void Give(const std::vector<VirtualAddress>& objects) {
    for (const VirtualAddress object : objects) Give(object);
  }
  // What was counted since this was asked last.
  Paths NewPaths() {
    SlabPathCounts now = {};
    for (const CacheUse::Cpu& cpu : slub_.Look(kCache).cpus) {
      for (std::size_t i = 0; i < kSlabPathCount; ++i) now[i] += cpu.paths[i];
    }
    SlabPathCounts difference = now;
    for (std::size_t i = 0; i < kSlabPathCount; ++i) difference[i] -= seen_[i];
    seen_ = now;
    return PathsOf(difference);
  }
  CacheUse Look() const { return slub_.Look(kCache); }
  void Check() const {
    slub_.CheckInvariants();
    pages_.CheckInvariants();
  }

  Slub& slub() { return slub_; }
  PageAllocator& pages() { return pages_; }
  Cpus& cpus() { return cpus_; }
  Locks& locks() { return locks_; }
  Counters& counters() { return counters_; }

 private:
  Counters counters_;
  Cpus cpus_{8, kDefaultCosts};
  Locks locks_{cpus_};
  PageAllocator pages_;
  Slub slub_;
  SlabPathCounts seen_ = {};
};

}  // namespace memsim

#endif  // MEMSIM_TESTS_UNIT_KERNEL_SLAB_SLAB_WORLD_H_
