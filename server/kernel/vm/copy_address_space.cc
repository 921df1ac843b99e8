#include "server/kernel/vm/copy_address_space.h"

#include <optional>
#include <utility>

#include "server/kernel/cpu/lock_scope.h"
#include "server/kernel/vm/mmap_lock.h"

namespace memsim {
namespace {

// vma_needs_copy: pages that a fault can find again in a file are left to the fault.
bool NeedsPageCopy(const Vma& vma) { return vma.anon.own != AnonVmaId() || (vma.flags & kVmCopyOnFork) != 0; }

// What a table's copy added to the child.
struct Copied {
  std::int64_t anonymous = 0;
  std::int64_t file = 0;
};

// copy_present_ptes: entry by entry, both sides write-protected where a store must copy.
Copied CopyEntries(AddressSpace& child, VmFlags flags, LeafTable& from, LeafTable& to, int first, int last) {
  PageAllocator& pages = child.environment().pages;
  Copied copied;
  const bool cow = IsCowMapping(flags);
  for (int i = first; i < last; ++i) {
    Pte pte = from.entries[i];
    if (pte.none()) continue;
    ++to.used;
    if (pte.special() || pte.guard()) {
      to.entries[i] = pte;
      continue;
    }
    PageFrame& page = pages.frame(pte.frame());
    if ((page.flags & kFrameLarge) != 0) [[unlikely]] {
      child.environment().huge.AddPageMapping(pte.frame(), child.number());
    } else {
      ++page.refcount;
      ++page.map_count;
    }
    if (page.owner == PageOwner::kAnonymous) {
      page.flags &= static_cast<FrameFlags>(~kFrameAnonExclusive);
      ++copied.anonymous;
    } else {
      ++copied.file;
    }
    if (cow && pte.writable()) {
      pte = pte.WriteProtected();
      from.entries[i] = pte;
    }
    if ((flags & kVmShared) != 0) pte = pte.Clean();
    to.entries[i] = pte.Old();
  }
  return copied;
}

// copy_huge_pmd. False: no memory for a table.
bool CopyHugeEntry(AddressSpace& parent, AddressSpace& child, VirtualAddress base, HugeEntry& from) {
  VmEnvironment& environment = parent.environment();
  if (!child.page_tables().AllocateDirectories(base)) return false;
  const std::optional<PageFrameNumber> deposit = child.page_tables().AllocateDeposit();
  if (!deposit.has_value()) return false;
  const LockScope lock(environment.locks, *from.lock, LockMode::kExclusive, from.lock_owner);
  environment.cpus.Charge(environment.costs.fork_huge_entry);
  if (!from.pte.special()) {
    environment.huge.AddHugeMapping(from.pte.frame(), child.number());
    child.AddRss(RssKind::kAnonymous, kHugePages);
  }
  from.pte = from.pte.WriteProtected();
  child.page_tables().SetHuge(base, from.pte.Old(), *deposit);
  return true;
}

// copy_page_range. False: no memory for a table.
bool CopyPages(AddressSpace& parent, const Vma& vma, AddressSpace& child) {
  VmEnvironment& environment = parent.environment();
  const RssKind file_kind = FileRssKind(parent, vma);
  bool enough = true;
  const auto copy_leaf = [&](VirtualAddress base, LeafTable& from, int first, int last) {
    if (!enough || from.used == 0) return;
    LeafTable* to = child.page_tables().FindOrAllocate(base);
    if (to == nullptr) {
      enough = false;
      return;
    }
    const LockScope table_lock(environment.locks, from.lock, LockMode::kExclusive, {from.frame.value(), 0});
    const Copied copied = CopyEntries(child, vma.flags, from, *to, first, last);
    if (copied.anonymous != 0) child.AddRss(RssKind::kAnonymous, copied.anonymous);
    if (copied.file != 0) child.AddRss(file_kind, copied.file);
    environment.cpus.Charge(environment.costs.fork_page * static_cast<std::uint64_t>(copied.anonymous + copied.file));
  };
  parent.page_tables().VisitEntries(vma.range, copy_leaf, [&](VirtualAddress base, HugeEntry& from) {
    enough = enough && CopyHugeEntry(parent, child, base, from);
  });
  return enough;
}

Errno CopyVma(AddressSpace& parent, const VmCaller& caller, const Vma& vma, AddressSpace& child) {
  VmEnvironment& environment = parent.environment();
  environment.cpus.Charge(environment.costs.fork_vma);
  if ((vma.flags & kVmAccount) != 0 && !ChargeCommit(parent, caller, vma.range.pages())) {
    return Errno::kNoMem;
  }
  const bool wipe = (vma.flags & kVmWipeOnFork) != 0;
  const VmaId id = child.Allocate();
  std::optional<AnonVmaLinks> links;
  if (id != kNoVma) links = wipe ? AnonVmaLinks() : environment.anon_vmas.Fork(vma.anon);
  if (!links.has_value()) {
    if (id != kNoVma) child.Free(id);
    if ((vma.flags & kVmAccount) != 0) environment.commit.Uncharge(vma.range.pages());
    return Errno::kNoMem;
  }
  Vma& copy = child.ById(id);
  copy.Describe(vma);
  copy.flags &= ~kVmLockedMask;
  copy.anon = *std::move(links);
  child.Link(id);
  if (copy.file != OpenFileId()) environment.files.Get(copy.file);
  if (wipe || !NeedsPageCopy(vma)) return Errno::kOk;
  return CopyPages(parent, vma, child) ? Errno::kOk : Errno::kNoMem;
}

}  // namespace

Errno CopyAddressSpace(AddressSpace& parent, const VmCaller& caller, AddressSpace& child) {
  // Nobody else knows the child yet.
  const MmapWriteLock lock(parent);
  parent.MarkAllWritten();
  child.layout = parent.layout;
  child.mm_flags = InheritedMmFlags(parent.mm_flags);
  child.keys = parent.keys;
  // MMF_INIT and VM_INIT_DEF_MASK: of the flags for new mappings only the one against huge pages is inherited.
  child.def_flags = parent.def_flags & kVmNoHugePage;
  Errno result = Errno::kOk;
  parent.ForEachVma([&](const Vma& vma) {
    if (result == Errno::kOk && (vma.flags & kVmDontCopy) == 0) result = CopyVma(parent, caller, vma, child);
  });
  // Pages that were the parent's alone are write-protected now.
  parent.FlushTlb();
  return result;
}

}  // namespace memsim
