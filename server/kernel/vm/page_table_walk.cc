// The walk of the hardware through the tables, for whoever wants to see it.

#include "server/kernel/vm/page_table.h"

namespace memsim {

namespace {

// _PAGE_TABLE: present, writable, user, accessed, dirty.
constexpr std::uint64_t kTableBits = 0x67;
// _PAGE_PSE.
constexpr std::uint64_t kHugePageBit = 0x80;

}  // namespace

void PageTables::VisitWalk(VirtualAddress address, absl::FunctionRef<void(const WalkEntry&)> visit) const {
  TableNumber number = root_;
  for (int level = kRootLevel; level > 1 && number != kNoTable; --level) {
    const int index = Index(address, level);
    const TableNumber below = directory(number).Below(index);
    if (below == kNoTable) return visit({level, index, 0});
    if (IsHuge(below)) return visit({level, index, huge_[HugeNumber(below)].pte.LinuxBits() | kHugePageBit});
    const PageFrameNumber frame = level == 2 ? leaf(below).frame : directory(below).frame;
    visit({level, index, frame.value() << kPageShift | kTableBits});
    number = below;
  }
  if (number != kNoTable) visit({1, LeafIndex(address), leaf(number).entries[LeafIndex(address)].LinuxBits()});
}

}  // namespace memsim
