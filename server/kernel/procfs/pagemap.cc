#include "server/kernel/procfs/pagemap.h"

#include <algorithm>
#include <cstdint>

#include "server/kernel/vm/layout.h"

namespace memsim {
namespace {

// PM_MMAP_EXCLUSIVE, PM_FILE and PM_PRESENT.
constexpr std::uint64_t kMappedOnce = 1ULL << 56;
constexpr std::uint64_t kFile = 1ULL << 61;
constexpr std::uint64_t kPresent = 1ULL << 63;
// A guard region's entry: PM_GUARD_REGION and PM_SWAP, with a swap entry that is a marker (SWP_PTE_MARKER, the 4 of
// PTE_MARKER_GUARD) where others have the frame.
constexpr std::uint64_t kGuardEntry = 1ULL << 58 | 1ULL << 62 | 4U << 5 | 31U;

// pte_to_pagemap_entry. The zero page is nobody's, so nothing more is told of it.
// whole_map_count: of the huge page that it is part of.
std::uint64_t EntryOf(const ProcView& view, Pte pte, std::uint32_t whole_map_count) {
  if (pte.guard()) return kGuardEntry;
  if (!pte.present()) return 0;
  std::uint64_t entry = kPresent | pte.frame().value();
  if (pte.special()) return entry;
  const PageFrame& page = view.pages.frame(pte.frame());
  if (page.owner != PageOwner::kAnonymous) entry |= kFile;
  if (page.map_count + whole_map_count == 1) entry |= kMappedOnce;
  return entry;
}

void Put(std::uint64_t entry, std::uint64_t place, std::string& bytes) {
  for (std::uint64_t i = 0; i < kPagemapEntryBytes; ++i) {
    bytes[place * kPagemapEntryBytes + i] = static_cast<char>(entry >> (8 * i) & 0xff);
  }
}

}  // namespace

ErrnoOr<std::string> ReadPagemap(const ProcView& view, const AddressSpace& space, ByteCount offset, ByteCount length) {
  if (offset.value() % kPagemapEntryBytes != 0 || length.value() % kPagemapEntryBytes != 0) return Errno::kInval;
  const std::uint64_t all_pages = kTaskSize.value() >> kPageShift;
  const std::uint64_t first_page = offset.value() / kPagemapEntryBytes;
  if (first_page >= all_pages) return std::string();
  const std::uint64_t count = std::min(length.value() / kPagemapEntryBytes, all_pages - first_page);
  std::string bytes(count * kPagemapEntryBytes, '\0');
  const VirtualAddress start(first_page << kPageShift);
  const VirtualRange range = RangeOf(start, ToBytes(PageCount(count)));
  const HugePages& huge_pages = space.environment().huge;
  const auto put = [&](VirtualAddress address, Pte pte) {
    const bool page = pte.present() && !pte.special();
    const bool large = page && (view.pages.frame(pte.frame()).flags & kFrameLarge) != 0;
    const std::uint32_t whole = large ? huge_pages.entire_mapcount(HugePages::HeadOf(pte.frame())) : 0;
    Put(EntryOf(view, pte, whole), ToPages(address - start).value(), bytes);
  };
  const auto put_leaf = [&](VirtualAddress base, const LeafTable& table, int first, int last) {
    for (int i = first; i < last; ++i) {
      put(base + ToBytes(PageCount(static_cast<std::uint64_t>(i))), table.entries[i]);
    }
  };
  // pagemap_pmd_range: each page as if an entry of its own mapped it.
  const auto put_huge = [&](VirtualAddress base, const HugeEntry& /*entry*/) {
    const VirtualRange part = RangeOf(base, kPmdSize).Intersection(range);
    for (VirtualAddress at = part.start; at < part.end; at += kPageSize) put(at, space.page_tables().Get(at));
  };
  space.page_tables().VisitEntries(range, put_leaf, put_huge);
  return bytes;
}

}  // namespace memsim
