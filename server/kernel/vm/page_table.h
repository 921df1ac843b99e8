// The page tables of one address space: four levels of 512 entries (x86-64).
//
// Every table is a frame of the simulated memory. Beside it stands what the simulator needs to follow the entries: leaf
// tables hold real entries, directories hold the number of the table below.
//
// Thread-compatible.
//
// Invariants (CheckInvariants verifies them):
//  1. A table other than the root hangs under exactly one directory entry.
//  2. used is the number of entries of a table that are not none.
//  3. A PMD has a leaf table, a huge entry or none at an index.

#ifndef MEMSIM_SERVER_KERNEL_VM_PAGE_TABLE_H_
#define MEMSIM_SERVER_KERNEL_VM_PAGE_TABLE_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/container/inlined_vector.h"
#include "absl/functional/function_ref.h"
#include "absl/types/span.h"

#include "server/base/digest.h"
#include "server/base/id_table.h"
#include "server/base/units.h"
#include "server/kernel/cpu/locks.h"
#include "server/kernel/observe/counter.h"
#include "server/kernel/physical/page_allocator.h"
#include "server/kernel/vm/layout.h"
#include "server/kernel/vm/pte.h"
#include "server/kernel/vm/virtual_range.h"

namespace memsim {

inline constexpr int kTableEntries = 512;

// A leaf table: 512 entries, 2 MiB of addresses.
struct LeafTable {
  PageFrameNumber frame;
  std::uint32_t used = 0;
  // The PTE lock: who changes entries holds it.
  SimulatedLock lock{LockClass::kPageTableLock};
  std::array<Pte, kTableEntries> entries;

  // Keeps used right. Every change of an entry between none and not none goes through here.
  void Set(int index, Pte pte) {
    used += static_cast<std::uint32_t>(!pte.none()) - static_cast<std::uint32_t>(!entries[index].none());
    entries[index] = pte;
  }
};

static_assert(kPmdSize.value() == kPageSize.value() * kTableEntries);
constexpr VirtualAddress PmdAlignDown(VirtualAddress address) {
  return VirtualAddress(address.value() & ~(kPmdSize.value() - 1));
}
constexpr bool IsPmdAligned(VirtualAddress address) { return address.value() % kPmdSize.value() == 0; }

// An entry of a PMD that maps 2 MiB itself (pmd_trans_huge).
struct HugeEntry {
  // Of the first of its pages; all have the same rights and history.
  Pte pte;
  // The table that takes its place when it is split (pgtable_trans_huge_deposit).
  PageFrameNumber deposit;
  // The PMD's: who changes the entry holds it.
  SimulatedLock* lock = nullptr;
  LockOwner lock_owner;

  // The entry that a table would have for one of its pages.
  Pte PageAt(int index) const { return pte.Next(PageCount(static_cast<std::uint64_t>(index))); }
};

class PageTables {
 public:
  // All must outlive the tables. owner: the address space, as records of locks call it.
  PageTables(PageAllocator& pages, Counters& counters, Locks& locks, LockOwner owner)
      : pages_(pages), counters_(counters), locks_(locks), owner_(owner) {}
  ~PageTables();
  PageTables(const PageTables&) = delete;
  PageTables& operator=(const PageTables&) = delete;

  static int LeafIndex(VirtualAddress address) {
    return static_cast<int>(address.value() >> kPageShift) & (kTableEntries - 1);
  }

  // mm->page_table_lock: who adds an upper table holds it, and who gives a mapping its anon_vma.
  SimulatedLock& lock() { return lock_; }

  // pgd_alloc. False: no memory. REQUIRES: there is no root yet.
  bool AllocateRoot();

  // The table with the entry of an address; null where there is none.
  LeafTable* Find(VirtualAddress address);
  const LeafTable* Find(VirtualAddress address) const;
  // As Find, but makes the missing tables. Null: no memory; tables made on the way stay, as in Linux. REQUIRES: the
  // root; no huge entry maps the address.
  LeafTable* FindOrAllocate(VirtualAddress address);

  // The entry of an address, by a huge entry too; none where there is nothing.
  Pte Get(VirtualAddress address) const;

  // An entry on the way to a page: of the root at level 4, of a leaf table at level 1.
  struct WalkEntry {
    int level;
    int index;
    // As Linux has them; 0 is none.
    std::uint64_t bits;

    friend bool operator==(const WalkEntry&, const WalkEntry&) = default;
  };
  // Calls visit from the root down, until there is no table or a huge entry maps the address.
  void VisitWalk(VirtualAddress address, absl::FunctionRef<void(const WalkEntry&)> visit) const;

  // --- Huge entries. base: PMD-aligned.
  // Whether there are any.
  bool has_huge() const { return huge_.size() != 0; }
  // The huge entry that maps an address; null: none does. A reference holds until the next one is set.
  HugeEntry* FindHuge(VirtualAddress address);
  const HugeEntry* FindHuge(VirtualAddress address) const;
  // mm_find_pmd: whether there is all above the entry of an address.
  bool HasDirectories(VirtualAddress address) const { return PmdOf(address) != kNoTable; }
  // p4d_alloc to pmd_alloc: all above the entry of an address. False: no memory, and what was made on the way stays.
  bool AllocateDirectories(VirtualAddress address);
  // pte_alloc_one: a table to deposit. nullopt: no memory.
  std::optional<PageFrameNumber> AllocateDeposit();
  // Gives such a table back.
  void FreeDeposit(PageFrameNumber deposit) {
    --tables_;
    FreeFrames({&deposit, 1});
  }
  // REQUIRES: the directories are there, and there is neither a table nor a huge entry.
  void SetHuge(VirtualAddress base, Pte pte, PageFrameNumber deposit);
  // Empties the entry, and gives its deposit back (zap_deposited_table). REQUIRES: there is a huge entry.
  void RemoveHuge(VirtualAddress base);
  // The deposit takes the entry's place, with no entry yet (pgtable_trans_huge_withdraw). REQUIRES: there is a huge
  // entry.
  LeafTable& WithdrawDeposit(VirtualAddress base);
  // A huge entry takes the place of a table, which is its deposit from now on. REQUIRES: there is a table, and all its
  // entries are none.
  void ReplaceByHuge(VirtualAddress base, Pte pte);
  // Moves what a PMD has for `from`, a table or a huge entry, to `to` (move_normal_pmd, move_huge_pmd). False: there is
  // something already. REQUIRES: there is something to move, and the directories of `to`.
  bool MovePmd(VirtualAddress from, VirtualAddress to);
  // Takes a table out that has no entries any more. nullopt: there is no such table.
  std::optional<PageFrameNumber> UnhookEmpty(VirtualAddress base);

  using LeafVisitor = absl::FunctionRef<void(VirtualAddress, LeafTable&, int, int)>;
  using ConstLeafVisitor = absl::FunctionRef<void(VirtualAddress, const LeafTable&, int, int)>;
  // Calls visit(base, table, first, last) for each leaf table that overlaps the range, upwards: entries first..last - 1
  // lie in it, and base is the address of entry 0. visit may change entries but neither make nor free tables. Huge
  // entries are passed over.
  void VisitLeaves(VirtualRange range, LeafVisitor visit);
  void VisitLeaves(VirtualRange range, ConstLeafVisitor visit) const;
  using HugeVisitor = absl::FunctionRef<void(VirtualAddress, HugeEntry&)>;
  using ConstHugeVisitor = absl::FunctionRef<void(VirtualAddress, const HugeEntry&)>;
  // The same with huge entries, by the address of their first page. huge may remove the entry.
  void VisitEntries(VirtualRange range, LeafVisitor visit, HugeVisitor huge);
  void VisitEntries(VirtualRange range, ConstLeafVisitor visit, ConstHugeVisitor huge) const;

  // What was taken out of the tables: frames that the CPUs may still walk through.
  struct Unhooked {
    // From the first page of the range under the first table to that under the last, that page included.
    VirtualRange first_pages;
    absl::InlinedVector<PageFrameNumber, 4> frames;
  };
  // free_pgd_range: takes out the tables under the range that serve nothing in [floor, ceiling) outside of it; floor
  // and ceiling are where the neighbouring mappings end and start (ceiling 0: nothing above). The caller gives their
  // frames back. REQUIRES: every entry that such a table holds is none.
  [[nodiscard]] Unhooked UnhookRange(VirtualRange range, VirtualAddress floor, VirtualAddress ceiling);
  // Gives frames of tables back that were taken out.
  void FreeFrames(absl::Span<const PageFrameNumber> frames);
  // Takes out and frees all tables, the root included. REQUIRES: every entry is none.
  void FreeAll();

  // pgd. REQUIRES: the root.
  PageFrameNumber root_frame() const { return directory(root_).frame; }
  // mm_pgtables_bytes: leaf, middle and upper tables, and deposits; the root is not counted.
  ByteCount table_bytes() const { return ByteCount(kPageSize.value() * (tables_ - (root_ != kNoTable ? 1 : 0))); }
  // All tables, the root included.
  PageCount table_pages() const { return PageCount(tables_); }

  ByteCount HostMemory() const;
  void DigestTo(Digest& digest) const;
  void CheckInvariants() const;

 private:
  using TableNumber = Unit<struct TableNumberTag, std::uint32_t>;
  static constexpr TableNumber kNoTable{0};
  // Of an entry of a PMD: the number is that of a huge entry.
  static constexpr std::uint32_t kHugeBit = 1U << 31;
  static constexpr bool IsHuge(TableNumber number) { return (number.value() & kHugeBit) != 0; }
  static constexpr TableNumber HugeNumber(TableNumber number) { return TableNumber(number.value() & ~kHugeBit); }
  // PGD 4, PUD 3, PMD 2; the leaves are level 1.
  static constexpr int kRootLevel = 4;

  // Entries of an upper table, for which there is room only where some of them are used: most of a small process's
  // tables have one or two.
  static constexpr int kPartEntries = 64;
  using DirectoryPart = std::array<TableNumber, kPartEntries>;

  struct Directory {
    PageFrameNumber frame;
    std::uint32_t used = 0;
    // Of a PMD: who adds a leaf holds it. The upper ones share the address space's.
    SimulatedLock lock{LockClass::kPageTableLock};
    std::array<std::unique_ptr<DirectoryPart>, kTableEntries / kPartEntries> parts;

    TableNumber Below(int index) const {
      const auto& part = parts[index / kPartEntries];
      return part == nullptr ? kNoTable : (*part)[index % kPartEntries];
    }
    // REQUIRES: the entry has a part.
    TableNumber& Slot(int index) { return (*parts[index / kPartEntries])[index % kPartEntries]; }
    // The first entry from index on that is used, or last + 1.
    int NextUsed(int index, int last) const;
  };

  static constexpr int Shift(int level) { return static_cast<int>(kPageShift) + 9 * (level - 1); }
  static int Index(VirtualAddress address, int level) {
    return static_cast<int>(address.value() >> Shift(level)) & (kTableEntries - 1);
  }
  Directory& directory(TableNumber number) { return *directories_[number]; }
  const Directory& directory(TableNumber number) const { return *directories_[number]; }
  LeafTable& leaf(TableNumber number) { return *leaves_[number]; }
  const LeafTable& leaf(TableNumber number) const { return *leaves_[number]; }

  bool AllocateFrame(PageFrameNumber& frame);
  TableNumber AllocateDirectory();
  TableNumber AllocateLeaf();
  // pud_populate and the like. level: of the table that gets an entry.
  void Install(TableNumber number, int level, int index, TableNumber below);
  // Takes a table out; its frame goes to unhooked.
  void Unhook(TableNumber number, int level, Unhooked& unhooked);
  // The PMD with the entry of an address. kNoTable: there is none.
  TableNumber PmdOf(VirtualAddress address) const;
  // What it has there: a leaf's number, or a huge entry's.
  TableNumber BelowPmdOf(VirtualAddress address) const;
  void ForgetCached(const LeafTable& table) {
    if (cached_leaf_ != &table) return;
    cached_leaf_ = nullptr;
    cached_span_ = UINT64_MAX;
  }
  // The same walk for tables that may change and for those that may not.
  template <typename Tables, typename Visitor, typename OfHuge>
  static void VisitDirectory(Tables& tables, TableNumber number, int level, VirtualAddress base, VirtualRange range,
                             Visitor visit, OfHuge huge);
  void UnhookBelow(TableNumber number, int level, VirtualAddress base, VirtualRange range, VirtualRange free,
                   Unhooked& unhooked);
  void DigestDirectory(TableNumber number, int level, Digest& digest) const;
  std::uint64_t CheckDirectory(TableNumber number, int level) const;

  PageAllocator& pages_;
  Counters& counters_;
  Locks& locks_;
  const LockOwner owner_;
  SimulatedLock lock_{LockClass::kMmPageTableLock};
  TableNumber root_ = kNoTable;
  std::uint64_t tables_ = 0;
  std::uint64_t parts_ = 0;
  // Each table by itself: it must not move, as cached_leaf_ points to one, and is given back when it is freed.
  IdTable<TableNumber, std::unique_ptr<Directory>> directories_;
  IdTable<TableNumber, std::unique_ptr<LeafTable>> leaves_;
  IdTable<TableNumber, HugeEntry> huge_;
  // The leaf found last, and address >> 21 of it: accesses come in rows.
  std::uint64_t cached_span_ = UINT64_MAX;
  LeafTable* cached_leaf_ = nullptr;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_PAGE_TABLE_H_
