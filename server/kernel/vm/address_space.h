// mm_struct: one address space, as its mappings, its page tables and its books.
//
// This class keeps the three consistent; what the system calls do with them stands in one file a call (mmap.cc,
// munmap.cc, …), and what an access does in page_fault.cc.
//
// Thread-compatible.
//
// Invariants (CheckInvariants verifies them):
//  1. The tree and the pool hold the same mappings, between Allocate and Link but one.
//  2. The statistics are the sums over the mappings and the page tables; only locked_vm keeps what MREMAP_DONTUNMAP
//  unlocked without counting it out.
//  3. An entry that is not none lies in a mapping.
//  4. The machine's index of file mappings has those of this address space, at their starts.

#ifndef MEMSIM_SERVER_KERNEL_VM_ADDRESS_SPACE_H_
#define MEMSIM_SERVER_KERNEL_VM_ADDRESS_SPACE_H_

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/functional/function_ref.h"

#include "server/base/digest.h"
#include "server/base/errno.h"
#include "server/base/units.h"
#include "server/kernel/cpu/tlb_flush.h"
#include "server/kernel/vm/mm_flags.h"
#include "server/kernel/vm/mmap_writer.h"
#include "server/kernel/vm/page_table.h"
#include "server/kernel/vm/protection_keys.h"
#include "server/kernel/vm/vm_environment.h"
#include "server/kernel/vm/vma.h"
#include "server/kernel/vm/vma_pool.h"
#include "server/kernel/vm/vma_tree.h"

namespace memsim {

// 0: none.
using AddressSpaceId = Unit<struct AddressSpaceIdTag, std::uint32_t>;

// How a resident page counts (enum of mm_types_task.h).
enum class RssKind : std::uint8_t { kFile, kAnonymous, kShmem };
inline constexpr int kRssKindCount = 3;

// Elf64_auxv_t.
struct AuxvEntry {
  std::uint64_t type;
  std::uint64_t value;

  friend bool operator==(const AuxvEntry&, const AuxvEntry&) = default;
};

// Where exec put things.
struct AddressLayout {
  VirtualAddress start_code;
  VirtualAddress end_code;
  VirtualAddress start_data;
  VirtualAddress end_data;
  VirtualAddress start_brk;
  VirtualAddress brk;
  VirtualAddress start_stack;
  // Where exec left argv[0] to argv[argc - 1] as texts, and the environment's right behind them.
  VirtualAddress arg_start;
  VirtualAddress arg_end;
  VirtualAddress env_start;
  VirtualAddress env_end;
  // Where the search for room starts: downwards, or upwards in the legacy layout (no MMF_TOPDOWN).
  VirtualAddress mmap_base;
  bool legacy = false;
  // saved_auxv: what exec told the program, by AT_*; of what only bytes of the image could say nothing is here.
  std::vector<AuxvEntry> auxv;
};

struct AddressSpaceStatistics {
  PageCount total_vm;
  PageCount data_vm;
  PageCount exec_vm;
  PageCount stack_vm;
  PageCount locked_vm;
  std::array<PageCount, kRssKindCount> rss;
  // The largest total_vm and resident size so far.
  PageCount peak_total_vm;
  PageCount peak_rss;

  PageCount resident() const { return rss[0] + rss[1] + rss[2]; }
  // The one of exec_vm, stack_vm and data_vm that a mapping of these flags counts to. Null: none.
  PageCount* OfKind(VmFlags flags);

  friend bool operator==(const AddressSpaceStatistics&, const AddressSpaceStatistics&) = default;
};

class AddressSpace {
 public:
  explicit AddressSpace(VmEnvironment& environment);
  // Gives everything back (exit_mmap).
  ~AddressSpace();
  AddressSpace(const AddressSpace&) = delete;
  AddressSpace& operator=(const AddressSpace&) = delete;

  VmEnvironment& environment() { return environment_; }
  const VmEnvironment& environment() const { return environment_; }
  PageTables& page_tables() { return page_tables_; }
  const PageTables& page_tables() const { return page_tables_; }
  const AddressSpaceStatistics& statistics() const { return statistics_; }

  // --- Locks. mmap_lock.h holds them.
  SimulatedLock& mmap_lock() { return mmap_lock_; }
  MmapWriter& writer() { return writer_; }
  // Its number among all that the machine ever had: what lock records call it by.
  AddressSpaceNumber number() const { return number_; }
  // The writer of mmap_lock leaves it, and every mapping that it changed.
  void EndWrite() { writer_.End(environment_.locks); }
  // vma_start_write: the writer of the address space changes a mapping.
  void MarkWritten(Vma& vma) { writer_.Mark(environment_.locks, vma, number_); }
  // The writer holds every mapping, as fork does.
  void MarkAllWritten();

  // --- TLBs: flush_tlb_mm, and flush_tlb_range for entries of so many bytes (cpu/tlb_flush.h).
  void FlushTlb() { memsim::FlushTlb(environment_.cpus, environment_.counters, number_); }
  void FlushTlbRange(ByteCount length, TlbStride stride = TlbStride::kPage) {
    memsim::FlushTlbRange(environment_.cpus, environment_.counters, number_, length, stride);
  }

  AddressLayout layout;
  // Added to the flags of every new mapping: what mlockall and prctl set.
  VmFlags def_flags = 0;
  MmFlags mm_flags = 0;
  ProtectionKeys keys;

  // --- Finding. Null where there is none; a pointer stays good until its mapping is removed.
  // The first mapping that ends above address (find_vma).
  Vma* Find(VirtualAddress address) { return VmaOf(tree_.FindId(address)); }
  const Vma* Find(VirtualAddress address) const { return VmaOf(tree_.FindId(address)); }
  // The mapping that holds address (vma_lookup).
  Vma* Lookup(VirtualAddress address) {
    Vma* const vma = Find(address);
    return vma != nullptr && vma->range.Contains(address) ? vma : nullptr;
  }
  Vma* FindIntersection(VirtualRange range) {
    Vma* const vma = Find(range.start);
    return vma != nullptr && vma->range.Overlaps(range) ? vma : nullptr;
  }
  // The last mapping that starts below address.
  Vma* FindBefore(VirtualAddress address) { return VmaOf(tree_.FindIdBefore(address)); }
  // The mappings right below and above a stretch of addresses, whatever it holds. REQUIRES: it is not empty, and
  // neither of its ends is inside of a mapping.
  struct Neighbours {
    Vma* below;
    Vma* above;
  };
  Neighbours NeighboursOf(VirtualRange stretch) {
    const VmaTree::Neighbours ids = tree_.NeighboursOf(stretch);
    return {VmaOf(ids.below), VmaOf(ids.above)};
  }
  Vma* Next(const Vma& vma) { return Find(vma.range.end); }
  Vma* Previous(const Vma& vma) { return FindBefore(vma.range.start); }
  void ForEachVma(absl::FunctionRef<void(const Vma&)> visit) const;
  // The nodes of the index that a search for an address passes.
  void VisitPath(VirtualAddress address, absl::FunctionRef<void(const VmaTree::PathNode&)> visit) const {
    tree_.VisitPath(address, visit);
  }
  // REQUIRES: the mapping exists.
  const Vma& ById(VmaId id) const { return pool_[id]; }
  Vma& ById(VmaId id) { return pool_[id]; }
  std::uint64_t map_count() const { return tree_.size(); }
  // The end of the highest mapping; 0: there is none.
  VirtualAddress HighestEnd() const {
    const VmaId last = tree_.FindIdBefore(VirtualAddress(UINT64_MAX));
    return last == kNoVma ? VirtualAddress(0) : pool_[last].range.end;
  }
  // See VmaTree. Guard gaps are the caller's business.
  std::optional<VmaTree::Gap> HighestGap(VirtualRange window, ByteCount size) { return tree_.HighestGap(window, size); }
  std::optional<VmaTree::Gap> LowestGap(VirtualRange window, ByteCount size) { return tree_.LowestGap(window, size); }

  // --- Changing the set of mappings. The page tables are the caller's business.
  // A mapping that nobody finds yet (vm_area_alloc): its maker fills it in, and links it or frees it. kNoVma: no
  // memory.
  VmaId Allocate();
  // Its file is the maker's business. REQUIRES: it is not linked, and has no anon_vmas.
  void Free(VmaId id);
  // From now on it is found, and its references (its file, its anon_vmas) go with it (vma_link). REQUIRES: its range is
  // free.
  Vma& Link(VmaId id);
  // Takes a mapping out, and drops its references.
  void Remove(Vma& vma);
  // Cuts a mapping in two at an address inside it (__split_vma); returns the upper part. The lower part is vma itself.
  // Null: no memory.
  Vma* Split(Vma& vma, VirtualAddress address);
  // As Split, but answers ENOMEM when max_map_count is reached (split_vma), and EINVAL for mappings of the kernel's
  // own.
  Errno SplitWithinLimit(Vma& vma, VirtualAddress address);
  // Moves the mapping's ends; the place of its first byte in the file moves along.
  // REQUIRES: the new range overlaps no other mapping.
  void Resize(Vma& vma, VirtualRange range);
  void SetFlags(Vma& vma, VmFlags flags);
  void SetPolicy(Vma& vma, MempolicyId policy);
  // Whether it maps System V shared memory (vm_ops == &shm_vm_ops), where mappings are counted one by one.
  bool IsOfShmSegment(const Vma& vma) const;
  bool AtMapCountLimit() const { return map_count() >= environment_.sysctls.max_map_count; }

  // --- Books
  void AddRss(RssKind kind, std::int64_t pages);
  // Counts pages as locked for good, whatever becomes of their mapping.
  void AddLockedWithoutFlag(PageCount pages) {
    statistics_.locked_vm += pages;
    locked_without_flag_ += pages;
  }

  ByteCount HostMemory() const;
  void DigestTo(Digest& digest) const;
  void CheckInvariants() const;

 private:
  Vma* VmaOf(VmaId id) { return id == kNoVma ? nullptr : &pool_[id]; }
  const Vma* VmaOf(VmaId id) const { return id == kNoVma ? nullptr : &pool_[id]; }
  // Holds as many maple nodes as the tree has, or where there is no memory as many of them as there is memory for: the
  // next change makes up for it.
  void HoldTreeNodes() {
    if (maple_nodes_.size() != tree_.node_count()) MatchTreeNodes();
  }
  void MatchTreeNodes();
  // vm_stat_account: adds a mapping's pages to the statistics, or takes them out.
  void Account(VmFlags flags, PageCount pages);
  void Unaccount(VmFlags flags, PageCount pages);
  void TearDown();
  // For CheckInvariants: adds what the statistics must have for a mapping; returns how many entries it has that are not
  // none.
  std::uint64_t AddSumsOf(const Vma& vma, AddressSpaceStatistics& sums) const;

  // Keeps the machine's index of file mappings.
  void AddToIndex(const Vma& vma);
  void RemoveFromIndex(const Vma& vma);

  VmEnvironment& environment_;
  AddressSpaceNumber number_;
  VmaTree tree_;
  VmaPool pool_;
  // One for each node of the tree. An estimate: Linux's tree is another, whose nodes hold about as much.
  std::vector<VirtualAddress> maple_nodes_;
  PageTables page_tables_;
  SimulatedLock mmap_lock_{LockClass::kMmapLock};
  MmapWriter writer_;
  AddressSpaceStatistics statistics_;
  // The part of locked_vm that no mapping stands for.
  PageCount locked_without_flag_;
};

// The pages of a mapping that huge entries map (AnonHugePages of smaps, in pages).
PageCount HugePagesIn(const AddressSpace& space, const Vma& vma);

// What a mapping's resident pages count as that are not anonymous.
RssKind FileRssKind(const AddressSpace& space, const Vma& vma);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_ADDRESS_SPACE_H_
