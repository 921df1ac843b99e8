// PageTables and entries of a PMD that map 2 MiB themselves.

#include <utility>

#include "server/base/check.h"
#include "server/kernel/vm/page_table.h"

namespace memsim {

HugeEntry* PageTables::FindHuge(VirtualAddress address) {
  const TableNumber number = BelowPmdOf(address);
  return IsHuge(number) ? &huge_[HugeNumber(number)] : nullptr;
}

const HugeEntry* PageTables::FindHuge(VirtualAddress address) const {
  const TableNumber number = BelowPmdOf(address);
  return IsHuge(number) ? &huge_[HugeNumber(number)] : nullptr;
}

bool PageTables::AllocateDirectories(VirtualAddress address) {
  TableNumber number = root_;
  for (int level = kRootLevel; level > 2; --level) {
    const int index = Index(address, level);
    TableNumber below = directory(number).Below(index);
    if (below == kNoTable) {
      below = AllocateDirectory();
      if (below == kNoTable) return false;
      Install(number, level, index, below);
    }
    number = below;
  }
  return true;
}

std::optional<PageFrameNumber> PageTables::AllocateDeposit() {
  PageFrameNumber frame;
  return AllocateFrame(frame) ? std::optional<PageFrameNumber>(frame) : std::nullopt;
}

void PageTables::SetHuge(VirtualAddress base, Pte pte, PageFrameNumber deposit) {
  const TableNumber pmd = PmdOf(base);
  const int index = Index(base, 2);
  MEMSIM_CHECK(pmd != kNoTable && IsPmdAligned(base), base.value());
  MEMSIM_CHECK(directory(pmd).Below(index) == kNoTable, base.value());
  Directory& table = directory(pmd);
  const TableNumber number = huge_.Add({pte, deposit, &table.lock, {table.frame.value(), 0}});
  Install(pmd, 2, index, TableNumber(number.value() | kHugeBit));
}

void PageTables::RemoveHuge(VirtualAddress base) {
  const TableNumber pmd = PmdOf(base);
  TableNumber& slot = directory(pmd).Slot(Index(base, 2));
  const PageFrameNumber deposit = huge_[HugeNumber(slot)].deposit;
  huge_.Remove(HugeNumber(slot));
  slot = kNoTable;
  --directory(pmd).used;
  FreeDeposit(deposit);
}

LeafTable& PageTables::WithdrawDeposit(VirtualAddress base) {
  TableNumber& slot = directory(PmdOf(base)).Slot(Index(base, 2));
  auto table = std::make_unique<LeafTable>();
  table->frame = huge_[HugeNumber(slot)].deposit;
  huge_.Remove(HugeNumber(slot));
  slot = leaves_.Add(std::move(table));
  return leaf(slot);
}

void PageTables::ReplaceByHuge(VirtualAddress base, Pte pte) {
  Directory& table = directory(PmdOf(base));
  TableNumber& slot = table.Slot(Index(base, 2));
  LeafTable& old = leaf(slot);
  MEMSIM_CHECK(old.used == 0, old.used);
  ForgetCached(old);
  const PageFrameNumber deposit = old.frame;
  locks_.Retire(old.lock);
  leaves_[slot].reset();
  leaves_.Remove(slot);
  slot = TableNumber(huge_.Add({pte, deposit, &table.lock, {table.frame.value(), 0}}).value() | kHugeBit);
}

bool PageTables::MovePmd(VirtualAddress from, VirtualAddress to) {
  const TableNumber target = PmdOf(to);
  if (directory(target).Below(Index(to, 2)) != kNoTable) return false;
  const TableNumber source = PmdOf(from);
  TableNumber& slot = directory(source).Slot(Index(from, 2));
  const TableNumber moved = std::exchange(slot, kNoTable);
  --directory(source).used;
  if (IsHuge(moved)) {
    HugeEntry& entry = huge_[HugeNumber(moved)];
    entry.lock = &directory(target).lock;
    entry.lock_owner = {directory(target).frame.value(), 0};
  } else {
    ForgetCached(leaf(moved));
  }
  Install(target, 2, Index(to, 2), moved);
  return true;
}

std::optional<PageFrameNumber> PageTables::UnhookEmpty(VirtualAddress base) {
  const TableNumber number = BelowPmdOf(base);
  if (number == kNoTable || IsHuge(number) || leaf(number).used != 0) return std::nullopt;
  Unhooked unhooked;
  Unhook(number, 1, unhooked);
  Directory& pmd = directory(PmdOf(base));
  pmd.Slot(Index(base, 2)) = kNoTable;
  --pmd.used;
  return unhooked.frames.front();
}

}  // namespace memsim
