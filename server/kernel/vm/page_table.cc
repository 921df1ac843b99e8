#include "server/kernel/vm/page_table.h"

#include <algorithm>
#include <utility>

#include "server/base/check.h"
#include "server/kernel/cpu/lock_scope.h"
#include "server/kernel/physical/gfp.h"

namespace memsim {
namespace {

// GFP_PGTABLE_USER.
constexpr GfpMask kTableGfp = kGfpKernelAccount | kGfpZero | kGfpComp;

}  // namespace

PageTables::~PageTables() {
  MEMSIM_CHECK(tables_ == 0, tables_);
  locks_.Retire(lock_);
}

bool PageTables::AllocateFrame(PageFrameNumber& frame) {
  const std::optional<PageFrameNumber> taken = pages_.AllocPages(kTableGfp, Order(0), PageOwner::kPageTable);
  if (!taken.has_value()) return false;
  frame = *taken;
  ++tables_;
  counters_.Add(Counter::kNrPageTablePages, 1);
  return true;
}

void PageTables::FreeFrames(absl::Span<const PageFrameNumber> frames) {
  for (const PageFrameNumber frame : frames) pages_.FreePages(frame, Order(0));
  counters_.Add(Counter::kNrPageTablePages, -static_cast<std::int64_t>(frames.size()));
}

PageTables::TableNumber PageTables::AllocateDirectory() {
  PageFrameNumber frame;
  if (!AllocateFrame(frame)) return kNoTable;
  auto table = std::make_unique<Directory>();
  table->frame = frame;
  return directories_.Add(std::move(table));
}

PageTables::TableNumber PageTables::AllocateLeaf() {
  PageFrameNumber frame;
  if (!AllocateFrame(frame)) return kNoTable;
  auto table = std::make_unique<LeafTable>();
  table->frame = frame;
  return leaves_.Add(std::move(table));
}

void PageTables::Unhook(TableNumber number, int level, Unhooked& unhooked) {
  --tables_;
  if (level == 1) {
    MEMSIM_CHECK(!IsHuge(number), number.value());
    MEMSIM_CHECK(leaf(number).used == 0, leaf(number).used);
    ForgetCached(leaf(number));
    unhooked.frames.push_back(leaf(number).frame);
    locks_.Retire(leaf(number).lock);
    leaves_[number].reset();
    leaves_.Remove(number);
    return;
  }
  MEMSIM_CHECK(directory(number).used == 0, directory(number).used);
  unhooked.frames.push_back(directory(number).frame);
  locks_.Retire(directory(number).lock);
  const auto& parts = directory(number).parts;
  parts_ -= static_cast<std::uint64_t>(parts.size()) -
            static_cast<std::uint64_t>(std::count(parts.begin(), parts.end(), nullptr));
  directories_[number].reset();
  directories_.Remove(number);
}

bool PageTables::AllocateRoot() {
  MEMSIM_CHECK(root_ == kNoTable, root_.value());
  root_ = AllocateDirectory();
  return root_ != kNoTable;
}

PageTables::TableNumber PageTables::PmdOf(VirtualAddress address) const {
  TableNumber number = root_;
  for (int level = kRootLevel; level > 2 && number != kNoTable; --level) {
    number = directory(number).Below(Index(address, level));
  }
  return number;
}

PageTables::TableNumber PageTables::BelowPmdOf(VirtualAddress address) const {
  const TableNumber pmd = PmdOf(address);
  return pmd == kNoTable ? kNoTable : directory(pmd).Below(Index(address, 2));
}

LeafTable* PageTables::Find(VirtualAddress address) {
  const std::uint64_t span = address.value() >> Shift(2);
  if (span == cached_span_) return cached_leaf_;
  const TableNumber number = BelowPmdOf(address);
  if (number == kNoTable || IsHuge(number)) return nullptr;
  cached_span_ = span;
  cached_leaf_ = &leaf(number);
  return cached_leaf_;
}

const LeafTable* PageTables::Find(VirtualAddress address) const {
  if (address.value() >> Shift(2) == cached_span_) return cached_leaf_;
  const TableNumber number = BelowPmdOf(address);
  return number == kNoTable || IsHuge(number) ? nullptr : &leaf(number);
}

void PageTables::Install(TableNumber number, int level, int index, TableNumber below) {
  Directory& table = directory(number);
  const bool has_lock = level == 2;
  const LockScope lock(locks_, has_lock ? table.lock : lock_, LockMode::kExclusive,
                       has_lock ? LockOwner{table.frame.value(), 0} : owner_);
  auto& part = table.parts[index / kPartEntries];
  if (part == nullptr) {
    part = std::make_unique<DirectoryPart>();
    ++parts_;
  }
  (*part)[index % kPartEntries] = below;
  ++table.used;
}

LeafTable* PageTables::FindOrAllocate(VirtualAddress address) {
  if (LeafTable* found = Find(address)) return found;
  TableNumber number = root_;
  for (int level = kRootLevel; level > 1; --level) {
    const int index = Index(address, level);
    TableNumber below = directory(number).Below(index);
    if (below == kNoTable) {
      below = level == 2 ? AllocateLeaf() : AllocateDirectory();
      if (below == kNoTable) return nullptr;
      Install(number, level, index, below);
    }
    number = below;
  }
  MEMSIM_CHECK(!IsHuge(number), address.value());
  return &leaf(number);
}

Pte PageTables::Get(VirtualAddress address) const {
  if (const LeafTable* table = Find(address)) return table->entries[LeafIndex(address)];
  const HugeEntry* huge = has_huge() ? FindHuge(address) : nullptr;
  return huge == nullptr ? Pte() : huge->PageAt(LeafIndex(address));
}

int PageTables::Directory::NextUsed(int index, int last) const {
  for (; index <= last; ++index) {
    if (parts[index / kPartEntries] == nullptr) {
      index |= kPartEntries - 1;
    } else if (Below(index) != kNoTable) {
      return index;
    }
  }
  return last + 1;
}

void PageTables::VisitLeaves(VirtualRange range, LeafVisitor visit) {
  VisitEntries(range, visit, [](VirtualAddress, HugeEntry&) {});
}

void PageTables::VisitLeaves(VirtualRange range, ConstLeafVisitor visit) const {
  VisitEntries(range, visit, [](VirtualAddress, const HugeEntry&) {});
}

void PageTables::VisitEntries(VirtualRange range, LeafVisitor visit, HugeVisitor huge) {
  if (root_ == kNoTable || range.start >= range.end) return;
  VisitDirectory(*this, root_, kRootLevel, VirtualAddress(0), range, visit, huge);
}

void PageTables::VisitEntries(VirtualRange range, ConstLeafVisitor visit, ConstHugeVisitor huge) const {
  if (root_ == kNoTable || range.start >= range.end) return;
  VisitDirectory(*this, root_, kRootLevel, VirtualAddress(0), range, visit, huge);
}

template <typename Tables, typename Visitor, typename OfHuge>
void PageTables::VisitDirectory(Tables& tables, TableNumber number, int level, VirtualAddress base, VirtualRange range,
                                Visitor visit, OfHuge huge) {
  const int first = Index(range.start, level);
  const int last = Index(range.end - ByteCount(1), level);
  const auto next = [&](int i) { return tables.directory(number).NextUsed(i, last); };
  for (int i = next(first); i <= last; i = next(i + 1)) {
    const TableNumber below = tables.directory(number).Below(i);
    const VirtualAddress below_base = base + ByteCount(static_cast<std::uint64_t>(i) << Shift(level));
    const ByteCount span(1ULL << Shift(level));
    const VirtualRange part{std::max(range.start, below_base), std::min(range.end, below_base + span)};
    if (level > 2) {
      VisitDirectory(tables, below, level - 1, below_base, part, visit, huge);
    } else if (IsHuge(below)) {
      huge(below_base, tables.huge_[HugeNumber(below)]);
    } else {
      const auto entry = [below_base](VirtualAddress a) { return static_cast<int>(ToPages(a - below_base).value()); };
      visit(below_base, tables.leaf(below), entry(part.start), entry(part.end));
    }
  }
}

PageTables::Unhooked PageTables::UnhookRange(VirtualRange range, VirtualAddress floor, VirtualAddress ceiling) {
  Unhooked unhooked;
  if (root_ == kNoTable || range.start >= range.end) return unhooked;
  // Most often a neighbour needs the only leaf table at either end.
  constexpr std::uint64_t kSpan = 1ULL << Shift(2);
  std::uint64_t first = range.start.value() & ~(kSpan - 1);
  std::uint64_t end = (range.end.value() + kSpan - 1) & ~(kSpan - 1);
  if (first < floor.value()) first += kSpan;
  if (ceiling != VirtualAddress(0) && end > ceiling.value()) end -= kSpan;
  if (first >= end) return unhooked;
  const VirtualRange free{floor, ceiling != VirtualAddress(0) ? ceiling : VirtualAddress(UINT64_MAX)};
  UnhookBelow(root_, kRootLevel, VirtualAddress(0), {VirtualAddress(first), VirtualAddress(end)}, free, unhooked);
  return unhooked;
}

// A table goes when the whole span that it serves is free: nobody else's entries can be in it.
void PageTables::UnhookBelow(TableNumber number, int level, VirtualAddress base, VirtualRange range, VirtualRange free,
                             Unhooked& unhooked) {
  const ByteCount span(1ULL << Shift(level));
  const int first = Index(range.start, level);
  const int last = Index(range.end - ByteCount(1), level);
  const auto next = [&](int i) { return directory(number).NextUsed(i, last); };
  for (int i = next(first); i <= last; i = next(i + 1)) {
    const TableNumber below = directory(number).Below(i);
    const VirtualAddress start = base + ByteCount(static_cast<std::uint64_t>(i) << Shift(level));
    const VirtualRange served{start, start + span};
    const VirtualRange part = range.Intersection(served);
    if (level > 2) UnhookBelow(below, level - 1, start, part, free, unhooked);
    if (!free.Contains(served)) continue;
    Unhook(below, level - 1, unhooked);
    VirtualRange& first_pages = unhooked.first_pages;
    if (first_pages.empty()) first_pages.start = part.start;
    first_pages.end = std::max(first_pages.end, part.start + kPageSize);
    directory(number).Slot(i) = kNoTable;
    --directory(number).used;
  }
}

void PageTables::FreeAll() {
  if (root_ == kNoTable) return;
  const VirtualRange everything{VirtualAddress(0), VirtualAddress(1ULL << 48)};
  Unhooked unhooked = UnhookRange(everything, VirtualAddress(0), VirtualAddress(0));
  Unhook(root_, kRootLevel, unhooked);
  root_ = kNoTable;
  FreeFrames(unhooked.frames);
}

ByteCount PageTables::HostMemory() const {
  return ByteCount(directories_.size() * sizeof(Directory) + parts_ * sizeof(DirectoryPart) +
                   leaves_.size() * sizeof(LeafTable) + sizeof(*this)) +
         directories_.HostMemory() + leaves_.HostMemory() + huge_.HostMemory();
}

void PageTables::DigestTo(Digest& digest) const {
  digest.Add(tables_);
  lock_.DigestTo(digest);
  if (root_ != kNoTable) DigestDirectory(root_, kRootLevel, digest);
}

void PageTables::DigestDirectory(TableNumber number, int level, Digest& digest) const {
  digest.Add(directory(number).frame);
  directory(number).lock.DigestTo(digest);
  for (int i = 0; i < kTableEntries; ++i) {
    const TableNumber below = directory(number).Below(i);
    if (below == kNoTable) continue;
    digest.Add(static_cast<std::uint64_t>(i));
    if (level > 2) {
      DigestDirectory(below, level - 1, digest);
      continue;
    }
    if (IsHuge(below)) {
      digest.Add(huge_[HugeNumber(below)].pte.bits());
      digest.Add(huge_[HugeNumber(below)].deposit);
      continue;
    }
    digest.Add(leaf(below).frame);
    leaf(below).lock.DigestTo(digest);
    for (int entry = 0; entry < kTableEntries; ++entry) {
      if (leaf(below).entries[entry].none()) continue;
      digest.Add(static_cast<std::uint64_t>(entry));
      digest.Add(leaf(below).entries[entry].bits());
    }
  }
}

void PageTables::CheckInvariants() const {
  directories_.CheckInvariants();
  leaves_.CheckInvariants();
  huge_.CheckInvariants();
  MEMSIM_CHECK(directories_.size() + leaves_.size() + huge_.size() == tables_, directories_.size(), leaves_.size());
  const std::uint64_t reachable = root_ == kNoTable ? 0 : CheckDirectory(root_, kRootLevel);
  MEMSIM_CHECK(reachable == tables_, reachable, tables_);
}

std::uint64_t PageTables::CheckDirectory(TableNumber number, int level) const {
  std::uint64_t tables = 1;
  std::uint32_t used = 0;
  for (int i = 0; i < kTableEntries; ++i) {
    const TableNumber below = directory(number).Below(i);
    if (below == kNoTable) continue;
    ++used;
    if (level > 2) {
      tables += CheckDirectory(below, level - 1);
      continue;
    }
    ++tables;
    if (IsHuge(below)) {
      const HugeEntry& huge = huge_[HugeNumber(below)];
      MEMSIM_CHECK(!huge.pte.none() && huge.lock == &directory(number).lock, huge.pte.bits());
      continue;
    }
    std::uint32_t entries = 0;
    for (const Pte pte : leaf(below).entries) entries += pte.none() ? 0 : 1;
    MEMSIM_CHECK(entries == leaf(below).used, entries, leaf(below).used);
  }
  MEMSIM_CHECK(used == directory(number).used, used, directory(number).used);
  return tables;
}

}  // namespace memsim
