// MachineTwin's mremap: by far the call with the most cases (mm/mremap.c of Linux 6.18).

#include <algorithm>

#include "server/kernel/vm/mman_flags.h"
#include "tests/model/machine_twin.h"

namespace memsim {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kTaskEnd = 0x7ffffffff000;

struct Request {
  // Bytes, as they were asked for.
  std::uint64_t address;
  std::uint64_t target;
  // Pages.
  std::uint64_t old_pages;
  std::uint64_t new_pages;
  std::uint64_t flags;

  bool Has(std::uint64_t flag) const { return (flags & flag) != 0; }
  bool names_place() const { return Has(kMremapFixed | kMremapDontUnmap); }
  bool grows() const { return new_pages > old_pages; }
  bool pure_move() const { return Has(kMremapFixed) && old_pages == new_pages; }
  std::uint64_t target_page() const { return target / kPage; }
  std::uint64_t first() const { return address / kPage; }
  std::uint64_t end() const { return first() + old_pages; }
};

bool Valid(const Request& r) {
  if ((r.flags & ~7ULL) != 0 || r.address % kPage != 0 || r.new_pages == 0) return false;
  if (r.new_pages > kTaskEnd / kPage) return false;
  if (!r.names_place()) return true;
  if (!r.Has(kMremapMayMove) || r.target % kPage != 0) return false;
  if (r.Has(kMremapDontUnmap) && r.old_pages != r.new_pages) return false;
  if (r.target > kTaskEnd - r.new_pages * kPage) return false;
  // The sums wrap in Linux too.
  return r.address + r.old_pages * kPage <= r.target || r.target + r.new_pages * kPage <= r.address;
}

// Where the mapping that holds the page ends, as the machine says: which neighbours are one mapping is not modelled.
std::uint64_t MappingEnd(const std::vector<SlowMapsLine>& lines, std::uint64_t page) {
  for (const SlowMapsLine& line : lines) {
    if (line.start <= page && page < line.end) return line.end;
  }
  return page;
}

// Moves the pages of the old range that are mapped, and lets the last one's kind fill what the new range has more.
void MovePages(SlowMemory& memory, const Request& r, std::uint64_t target) {
  std::map<std::uint64_t, SlowPage> moved;
  const SlowPage first = memory.pages.at(r.first());
  const std::uint64_t common = std::min(r.old_pages, r.new_pages);
  for (std::uint64_t i = 0; i < common; ++i) {
    const auto found = memory.pages.find(r.first() + i);
    if (found == memory.pages.end()) continue;
    moved.emplace(target + i, found->second);
    if (!r.Has(kMremapDontUnmap)) {
      memory.pages.erase(found);
      continue;
    }
    found->second.Forget();
  }
  if (!r.Has(kMremapDontUnmap)) memory.Unmap(r.first() + common, r.end());
  for (std::uint64_t i = common; i < r.new_pages; ++i) {
    SlowPage page = first;
    page.index += i;
    page.Forget();
    moved.emplace(target + i, page);
  }
  for (const auto& [number, page] : moved) memory.pages[number] = page;
}

// The answer, and for a growing mapping whether it stays where it is.
struct Forecast {
  Errno error = Errno::kOk;
  bool in_place = false;
  // It fails after the destination was unmapped.
  bool destination_lost = false;
};

Forecast ForecastOf(const Request& r, const SlowMemory& memory, std::uint64_t mapping_end, bool may_grow) {
  if (!Valid(r)) return {Errno::kInval};
  const SlowPage* page = memory.Find(r.first());
  if (page == nullptr) return {Errno::kFault};
  if (!r.grows() && !r.names_place()) {
    // A range that ends beyond the end of the world cannot be unmapped.
    const bool beyond = r.old_pages > r.new_pages && r.old_pages > kTaskEnd / kPage - r.first();
    return {beyond ? Errno::kInval : Errno::kOk};
  }
  if (r.old_pages == 0 && !page->shared) return {Errno::kInval};
  // A shrinking move takes along only what is left, and unmaps the rest wherever it lies: but first the destination.
  if (!r.pure_move() && std::min(r.old_pages, r.new_pages) > mapping_end - r.first()) return {Errno::kFault};
  // A duplicate right where the original is; or an old length so large that the overlap was not noticed.
  const bool covers_source = r.target_page() <= r.first() && r.first() < r.target_page() + r.new_pages;
  if (r.Has(kMremapFixed) && covers_source) return {Errno::kFault, false, true};
  if (r.old_pages > r.new_pages && r.old_pages > kTaskEnd / kPage - r.first()) return {Errno::kInval, false, true};
  if (!may_grow) return {Errno::kNoMem};
  if (!r.grows() || r.names_place()) return {};
  const bool in_place = r.old_pages != 0 && r.end() == mapping_end && r.first() + r.new_pages <= kTaskEnd / kPage &&
                        !memory.AnyMapped(r.end(), r.first() + r.new_pages);
  return {in_place || r.Has(kMremapMayMove) ? Errno::kOk : Errno::kNoMem, in_place};
}

void GrowInPlace(SlowMemory& memory, const Request& r) {
  for (std::uint64_t i = r.old_pages; i < r.new_pages; ++i) {
    SlowPage grown = memory.pages.at(r.first());
    grown.index += i;
    grown.Forget();
    memory.pages.emplace(r.first() + i, grown);
  }
}

// Does what the machine did, if it may have chosen this address.
std::string Apply(SlowMemory& memory, const Request& r, bool in_place, std::uint64_t chosen) {
  const bool stays = in_place || (!r.names_place() && !r.grows());
  if (stays && chosen != r.first()) return "mremap: moved for nothing";
  if (in_place) {
    GrowInPlace(memory, r);
    return "";
  }
  if (stays) {
    if (r.old_pages > r.new_pages) memory.Unmap(r.first() + r.new_pages, r.end());
    return "";
  }
  if (r.Has(kMremapFixed)) {
    if (chosen != r.target_page()) return "mremap: not at the fixed address";
    // Of several mappings each one clears its own destination, and the holes between them none.
    for (std::uint64_t i = 0; i < r.new_pages; ++i) {
      if (!r.pure_move() || memory.Find(r.first() + i) != nullptr) memory.Unmap(chosen + i, chosen + i + 1);
    }
  } else if (chosen == 0 || chosen > kTaskEnd / kPage - r.new_pages ||
             !memory.IsFreeForHint(chosen, chosen + r.new_pages)) {
    return absl::StrCat("mremap: page ", absl::Hex(chosen), " was taken");
  }
  MovePages(memory, r, chosen);
  return "";
}

bool IsMapped(const std::vector<SlowMapsLine>& lines, std::uint64_t page) { return MappingEnd(lines, page) != page; }

// A move that failed halfway: what is gone here and mapped there has moved.
void FollowHalfway(SlowMemory& memory, const Request& r, const std::vector<SlowMapsLine>& lines) {
  memory.ForgetPresence(0, UINT64_MAX);
  for (std::uint64_t i = 0; i < std::min(r.old_pages, r.new_pages); ++i) {
    const auto page = memory.pages.find(r.first() + i);
    if (page == memory.pages.end() || IsMapped(lines, page->first) || !IsMapped(lines, r.target_page() + i)) continue;
    memory.pages[r.target_page() + i] = page->second;
  }
}

}  // namespace

std::string MachineTwin::Mremap(const MachineOperation& op, Caller caller) {
  SlowMemory& memory = caller.memory;
  // More pages than bytes can be counted of come round again.
  constexpr std::uint64_t kCountable = (1ULL << 52) - 1;
  const Request r{AddressOf(op.place, memory), AddressOf(op.b >> 8, memory), op.pages & kCountable, op.a & kCountable,
                  op.b & 0xff};
  const std::uint64_t looked_at = std::min<std::uint64_t>(std::max(r.old_pages, r.new_pages), 1000) + 1;
  // Linux unlocks more than it moves, and loses count; which mappings that hits is not modelled.
  if (r.Has(kMremapDontUnmap) && memory.AnyLocked(r.first(), r.first() + looked_at)) return "";
  // Whether the kernel's own mappings may be cut depends on where they begin and end.
  if (memory.AnySpecial(r.first(), r.first() + looked_at)) return "";
  if (memory.AnySpecial(r.target_page(), r.target_page() + looked_at)) return "";
  const SlowPage* page = memory.Find(r.first());
  const bool may_grow = !r.grows() || page == nullptr || MayExpand(caller, *page, r.new_pages - r.old_pages, 0);
  const Forecast forecast = ForecastOf(r, memory, MappingEnd(MapsOf(caller.pid), r.first()), may_grow);
  // The second copy that MREMAP_DONTUNMAP makes counts, once the destination is gone.
  const ResourceLimits& limits = *caller.process.limits;
  const bool copy_limited = r.Has(kMremapDontUnmap) && (limits[Resource::kAs].current != UINT64_MAX ||
                                                        limits[Resource::kData].current != UINT64_MAX);

  const ErrnoOr<VirtualAddress> answer =
      machine_.Mremap(caller.pid, VirtualAddress(r.address), ByteCount(r.old_pages * kPage),
                      ByteCount(r.new_pages * kPage), r.flags, VirtualAddress(r.target));
  const bool may_fail = MayFail(answer.error(), caller.pid) || (copy_limited && answer.error() == Errno::kNoMem);
  if (answer.error() != forecast.error && may_fail) {
    FollowHalfway(memory, r, MapsOf(caller.pid));
    Adopt(caller.pid, memory);
    return "";
  }
  if (answer.error() != forecast.error) {
    return absl::StrCat("mremap: ", ErrnoName(answer.error()), ", expected ", ErrnoName(forecast.error));
  }
  if (forecast.destination_lost) memory.Unmap(r.target_page(), r.target_page() + r.new_pages);
  if (!answer.ok()) return "";
  const std::uint64_t chosen = answer->value() / kPage;
  if (std::string error = Apply(memory, r, forecast.in_place, chosen); !error.empty()) return error;
  if (r.grows() && memory.pages.at(chosen).locked) {
    memory.Populate(chosen + r.old_pages, chosen + r.new_pages);
    if (MemoryIsShort()) memory.ForgetPresence(chosen + r.old_pages, chosen + r.new_pages);
  }
  return "";
}

}  // namespace memsim
