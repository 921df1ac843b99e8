// MachineTwin's frames: who has each of them.

#include <algorithm>
#include <bit>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

#include "tests/model/machine_twin.h"

namespace memsim {
namespace {

constexpr std::uint64_t kPage = 4096;
// In pages.
constexpr std::int64_t kHugePage = 512;

// Pages that somebody has, as the machine counts them.
std::int64_t CountedPages(const CounterSample& sample) {
  const absl::string_view name = sample.info->name;
  if (!sample.zone.empty()) return name == "nr_free_pages" || name == "pcp_pages" ? sample.value : 0;
  if (name == "nr_kernel_stack") return sample.value / 4;
  for (const char* owner :
       {"nr_anon_pages", "nr_file_pages", "nr_page_table_pages", "nr_slab_reclaimable", "nr_slab_unreclaimable"}) {
    if (name == owner) return sample.value;
  }
  return 0;
}

// The pages of all slabs, by the rows of /proc/slabinfo.
std::int64_t PagesOfSlabs(const std::string& slabinfo) {
  std::int64_t pages = 0;
  for (const absl::string_view row : absl::StrSplit(slabinfo, '\n', absl::SkipEmpty())) {
    const std::vector<absl::string_view> columns = absl::StrSplit(row, ' ', absl::SkipEmpty());
    constexpr std::size_t kPagesPerSlab = 5;
    constexpr std::size_t kSlabs = 14;
    std::int64_t pages_per_slab = 0;
    std::int64_t slabs = 0;
    // Not so the two lines of the head.
    if (columns.size() <= kSlabs || !absl::SimpleAtoi(columns[kPagesPerSlab], &pages_per_slab)) continue;
    if (absl::SimpleAtoi(columns[kSlabs], &slabs)) pages += pages_per_slab * slabs;
  }
  return pages;
}

}  // namespace

std::int64_t MachineTwin::PagesOfLargeObjects() const {
  std::int64_t pages = 0;
  for (const auto& [address, held] : objects_.held()) {
    if (held.cache == CacheId()) pages += static_cast<std::int64_t>(std::bit_ceil((held.size + kPage - 1) / kPage));
  }
  return pages;
}

std::string MachineTwin::MapFrames(std::map<std::uint64_t, std::string>& holders) const {
  for (const SlowBlock& block : blocks_) {
    if (!block.taken) continue;
    for (std::uint64_t frame = block.frame; frame < block.frame + (1ULL << block.order); ++frame) {
      if (!holders.emplace(frame, "a call").second) return absl::StrCat("frame ", frame, " was given twice");
    }
  }
  for (const auto& [address, held] : objects_.held()) {
    // A slab's frames are of one cache, those of a large kmalloc of that alone.
    const std::string holder = held.cache == CacheId() ? absl::StrCat("kmalloc of ", absl::Hex(address.value()))
                                                       : absl::StrCat("cache ", held.cache.value());
    for (std::uint64_t at = address.value() / kPage; at <= (address.value() + held.size - 1) / kPage; ++at) {
      const auto frame = machine_.machine().DirectMapFrame(VirtualAddress(at * kPage));
      if (!frame.has_value()) return absl::StrCat("an object of ", holder, " lies in no frame");
      const auto [entry, is_new] = holders.emplace(frame->value(), holder);
      if (entry->second != holder) {
        return absl::StrCat("frame ", frame->value(), " is of ", entry->second, " and of ", holder);
      }
    }
  }
  return "";
}

std::string MachineTwin::CompareFrames() const {
  std::map<std::uint64_t, std::string> holders;
  if (std::string error = MapFrames(holders); !error.empty()) return error;
  const auto of_calls =
      std::count_if(holders.begin(), holders.end(), [](const auto& h) { return h.second == "a call"; });
  // The page that all read faults map is nobody's.
  std::int64_t sum = 1 + of_calls;
  std::int64_t managed = 0;
  std::int64_t slabs = 0;
  std::int64_t small_slabs = 0;
  // Huge pages that are mapped in part have the rest of their frames still.
  std::int64_t most_unmapped = 0;
  for (const CounterSample& sample : machine_.machine().ReadCounters()) {
    sum += CountedPages(sample);
    if (sample.info->name == "thp_zero_page_alloc") sum += kHugePage * sample.value;
    if (sample.info->name == "thp_deferred_split_page") most_unmapped += (kHugePage - 1) * sample.value;
    if (sample.info->name == "managed") managed += sample.value;
    if (absl::StartsWith(sample.info->name, "nr_slab_")) slabs += sample.value;
    if (sample.info->name == "slub_order_fallback") small_slabs += sample.value;
  }
  if (sum > managed || sum + most_unmapped < managed)
    return absl::StrCat(sum, " pages are free or somebody's, of ", managed);
  const std::int64_t of_slabs = PagesOfSlabs(machine_.machine().ReadProc("slabinfo").value_or(""));
  const std::int64_t large = PagesOfLargeObjects();
  // slabinfo counts slabs of the smallest order, made for want of larger blocks, like the others.
  if (slabs == of_slabs + large || (small_slabs != 0 && slabs < of_slabs + large)) return "";
  return absl::StrCat(slabs, " pages are counted as slabs; slabs have ", of_slabs, ", large objects ", large);
}

}  // namespace memsim
