// The numbers that one CPU's page lists of one zone go by, in signed integers as mm/page_alloc.c has them: one long
// function after the other, with nothing simplified. A reference for kernel/physical/per_cpu_policy.

#ifndef MEMSIM_TESTS_MODEL_SLOW_PAGESET_H_
#define MEMSIM_TESTS_MODEL_SLOW_PAGESET_H_

#include <algorithm>
#include <cstdint>

namespace memsim {

struct SlowPageset {
  std::int64_t batch = 1;
  std::int64_t high_min = 4;
  std::int64_t high_max = 4;

  std::int64_t count = 0;
  std::int64_t high = 0;
  std::int64_t free_count = 0;
  int alloc_factor = 0;
  bool previous_free_high_order = false;

  // Blocks to fetch for an empty list of this order.
  std::int64_t Refill(int order, bool below_high) {
    high = std::clamp(high, high_min, high_max);
    std::int64_t number = batch;
    if (order == 0) number = batch << alloc_factor;
    if (high_min != high_max && !below_high) high = std::min(high + number, high_max);
    if (order == 0) {
      const std::int64_t most = std::max(high - count - batch, batch);
      if (number <= most && alloc_factor < 5) ++alloc_factor;
      number = std::min(number, most);
    }
    if (number > 1) number = std::max<std::int64_t>(number >> order, 2);
    return number;
  }

  // Pages to give back when a block of this order was freed and counted.
  std::int64_t Flush(int order, bool below_high, bool reclaim_active) {
    alloc_factor >>= 1;
    bool free_high = false;
    if (order >= 1 && order <= 3) {
      free_high = free_count >= batch + high_min / 2 && previous_free_high_order && count >= batch;
      previous_free_high_order = true;
    } else {
      previous_free_high_order = false;
    }
    if (free_count < (batch << 5)) free_count += std::int64_t{1} << order;

    high = std::clamp(high, high_min, high_max);
    std::int64_t limit = high;
    if (free_high) {
      high = std::max(high - (batch << 5), high_min);
      limit = 0;
    } else if (reclaim_active) {
      high = std::max(high - std::max(free_count, batch), high_min);
      limit = std::min(batch << 2, high);
    } else if (high_min == high_max) {
      limit = high;
    } else if (below_high) {
      high = std::max(high - std::max(free_count, batch), high_min);
      limit = std::max(count, high_min);
    } else if (count >= high) {
      const std::int64_t needed = free_count + batch;
      if (high < needed) high = std::clamp(needed, high_min, high_max);
    }
    if (count < limit) return 0;

    std::int64_t number = 0;
    if (free_high) {
      number = std::min(count, batch << 5);
    } else if (limit < batch) {
      number = 1;
    } else {
      number = std::clamp(free_count, batch, limit - batch);
    }
    return std::min(count, number);
  }

  // Pages to give back when a second has passed.
  std::int64_t Decay() {
    if (high > high_min) high = std::max({count - (batch << 5), high - (high >> 3), high_min});
    return std::max<std::int64_t>(count - high, 0);
  }
};

}  // namespace memsim

#endif  // MEMSIM_TESTS_MODEL_SLOW_PAGESET_H_
