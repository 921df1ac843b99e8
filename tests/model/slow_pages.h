// The page allocator with its zones and its CPUs' own lists, written down slowly and obviously, as a reference for
// PageAllocator: every list stands in full, every number is an integer, and nothing is left out because it is rare.

#ifndef MEMSIM_TESTS_MODEL_SLOW_PAGES_H_
#define MEMSIM_TESTS_MODEL_SLOW_PAGES_H_

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "server/kernel/physical/gfp.h"
#include "server/kernel/physical/watermarks.h"
#include "server/kernel/physical/zone_layout.h"
#include "tests/model/slow_buddy.h"
#include "tests/model/slow_pageset.h"

namespace memsim {

// What one CPU keeps of one zone.
struct SlowLists {
  SlowPageset numbers;
  std::array<std::deque<std::uint64_t>, 14> blocks;
  std::uint64_t hits = 0;
  std::uint64_t refills = 0;
  std::uint64_t refilled = 0;
  std::uint64_t flushes = 0;
  std::uint64_t flushed = 0;
};

class SlowPages {
 public:
  // Watermarks, protection and sizes of the lists are taken as they are: other tests are for those.
  SlowPages(const MemoryLayout& layout, const PerZone<ZoneWatermarks>& watermarks, const LowmemReserve& reserve,
            std::uint32_t cpus);

  std::optional<std::uint64_t> Alloc(std::uint32_t cpu, GfpMask gfp, int order, bool movable);
  void Free(std::uint32_t cpu, std::uint64_t pfn);
  void DrainAll();
  void DecayAll();

  // The blocks that somebody has, by their first frame, and their order.
  const std::map<std::uint64_t, int>& taken() const { return taken_; }
  SlowBuddy& buddy(int zone) { return zones_[static_cast<std::size_t>(zone)].buddy; }
  // Made when it is asked for.
  SlowLists& lists(std::uint32_t cpu, int zone);
  std::int64_t on_lists(int zone) const;

  static constexpr int kZones = 3;

 private:
  struct Zone {
    SlowBuddy buddy;
    // It has memory, though perhaps none that is managed.
    bool populated;
    std::int64_t min;
    std::int64_t low;
    std::int64_t high;
    std::array<std::int64_t, 5> reserve;
    SlowPageset fresh;
    bool below_high = false;
  };
  enum class Level { kNone, kMin, kLow, kHigh };
  struct Rules {
    Level level;
    // __GFP_HIGH; ALLOC_NON_BLOCK; both and several pages: ALLOC_HIGHATOMIC.
    bool high;
    bool non_blocking;
    bool may_mix;
  };

  std::optional<std::uint64_t> TryZones(std::uint32_t cpu, GfpMask gfp, int order, Rules rules, bool movable);
  bool IsAbove(Zone& zone, int order, int highest, Level level, Rules rules);
  std::optional<std::uint64_t> Take(std::uint32_t cpu, int zone, int order, int type, Rules rules, bool movable);
  std::optional<std::uint64_t> AllocSlowly(std::uint32_t cpu, GfpMask gfp, int order, bool movable);
  bool ReturnHighAtomic(GfpMask gfp);
  void FreeBulk(int zone, SlowLists& lists, std::int64_t pages, int first);
  int Preferred(GfpMask gfp) const;

  std::vector<Zone> zones_;
  std::uint32_t cpus_;
  std::map<std::pair<std::uint32_t, int>, SlowLists> lists_;
  std::map<std::uint64_t, int> taken_;
};

}  // namespace memsim

#endif  // MEMSIM_TESTS_MODEL_SLOW_PAGES_H_
