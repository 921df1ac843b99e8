// Faults in mappings of files and of shared memory (do_read_fault, do_cow_fault, do_shared_fault, do_fault_around).

#include <algorithm>

#include "server/kernel/cpu/lock_scope.h"
#include "server/kernel/vm/fault_handlers.h"
#include "server/kernel/vm/zap.h"

namespace memsim {
namespace {

// fault_around_bytes: 64 KiB.
constexpr int kFaultAroundPages = 16;

InodeId InodeOf(const Fault& fault) { return fault.space.environment().files.file(fault.vma.file).inode; }

// vm_page_prot of a mapping without write notification: shared memory has nothing to write back, so its pages are
// writable from the first load on.
bool WritableAtOnce(const Fault& fault) {
  return (fault.vma.flags & kVmShared) != 0 && fault.space.environment().files.IsShmem(fault.vma.file);
}

// A page of a file gets one more entry.
void CountMapping(Fault& fault, PageFrameNumber frame) {
  VmEnvironment& environment = fault.space.environment();
  environment.pages.GetPage(frame);
  AddMapping(environment, frame);
  fault.space.AddRss(FileRssKind(fault.space, fault.vma), 1);
}

// finish_fault.
void MapFilePage(Fault& fault, PageFrameNumber frame, Pte pte) {
  CountMapping(fault, frame);
  SetEntry(fault, fault.index(), pte);
}

// do_sync_mmap_readahead. Programs are read onwards and to the end of their mapping, for what follows is data.
ReadAround ReadAroundOf(const Vma& vma, PageOffset index) {
  if ((vma.flags & kVmRandRead) != 0) return ReadAround::PageAlone();
  if ((vma.flags & kVmSeqRead) != 0) return ReadAround::Forward(index);
  if ((vma.flags & kVmExec) == 0) return ReadAround::Window(index);
  ReadAround around = ReadAround::Forward(index);
  around.end = std::min(around.end, vma.PageIndex(vma.range.end));
  return around;
}

ErrnoOr<FilePage> GetFilePage(Fault& fault) {
  VmEnvironment& environment = fault.space.environment();
  environment.Note(KernelFunction::kVmOpsFault);
  const PageOffset index = fault.vma.PageIndex(fault.address);
  const ErrnoOr<FilePage> page = environment.files.GetPage(InodeOf(fault), index, ReadAroundOf(fault.vma, index));
  const CostTable& costs = environment.costs;
  environment.cpus.Charge(costs.file_fault);
  if (page.ok() && page->source == PageSource::kRead) environment.cpus.Charge(costs.device_read);
  if (page.ok() && page->source == PageSource::kNew) environment.cpus.Charge(costs.page_zero);
  return page;
}

FaultOutcome OutcomeOf(const ErrnoOr<FilePage>& page) {
  if (!page.ok()) return page.error() == Errno::kNoMem ? FaultOutcome::kOutOfMemory : FaultOutcome::kBusError;
  if (page->source == PageSource::kUnread) return FaultOutcome::kWaited;
  return page->source == PageSource::kRead ? FaultOutcome::kMajor : FaultOutcome::kMinor;
}

// The entries that a fault fills on the way: 16 aligned ones, within the table and the mapping.
struct Window {
  int first;
  int last;
};

Window AroundFault(const Fault& fault) {
  const int index = fault.index();
  const std::uint64_t below = ToPages(fault.address - fault.vma.range.start).value();
  const std::uint64_t above = ToPages(fault.vma.range.end - fault.address).value();
  const int first =
      std::max(index & ~(kFaultAroundPages - 1), index - static_cast<int>(std::min<std::uint64_t>(index, below)));
  const int last = std::min({first + kFaultAroundPages, kTableEntries,
                             index + static_cast<int>(std::min<std::uint64_t>(above, kTableEntries))});
  return {first, last};
}

// filemap_map_pages does not install the page table that it brings along when the first page that it finds is the
// file's last: only shared memory may have a page table there in advance.
bool LacksTable(const Fault& fault, PageOffset first_page) {
  const FileSystem& files = fault.space.environment().files;
  return fault.fresh_table && !files.IsShmem(fault.vma.file) &&
         PageCount(first_page.value() + 1) >= files.InodeOf(fault.vma.file).page_count();
}

// do_fault_around: maps what is in memory around the fault. False: the faulting page itself is not, or there is no
// memory for its frame.
bool MapAround(Fault& fault) {
  VmEnvironment& environment = fault.space.environment();
  environment.Note(KernelFunction::kDoFaultAround);
  const Window window = AroundFault(fault);
  const int faulting = fault.index();
  std::uint64_t mapped = 0;
  const LockScope lock(environment.locks, fault.table.lock, LockMode::kExclusive, {fault.table.frame.value(), 0});
  for (int i = window.first; i < window.last; ++i) {
    if (!fault.table.entries[i].none()) continue;
    const VirtualAddress address(fault.address.value() +
                                 (static_cast<std::uint64_t>(i) - faulting) * kPageSize.value());
    const PageOffset page_index = fault.vma.PageIndex(address);
    if (!environment.files.IsCached(InodeOf(fault), page_index)) continue;
    if (mapped == 0 && LacksTable(fault, page_index)) return false;
    const ErrnoOr<FilePage> page = environment.files.GetPage(InodeOf(fault), page_index, ReadAround::PageAlone());
    if (!page.ok()) break;
    // x86 takes them for used, though they may never be (arch_wants_old_prefaulted_pte).
    const Pte pte = Pte::Make(page->frame, fault.vma.flags, WritableAtOnce(fault));
    CountMapping(fault, page->frame);
    fault.table.Set(i, pte);
    ++mapped;
  }
  environment.cpus.Charge(environment.costs.fault_around_page * mapped);
  if (fault.entry().none()) return false;
  environment.cpus.Charge(environment.costs.file_fault);
  return true;
}

bool BeyondFile(const Fault& fault) {
  const Inode& inode = fault.space.environment().files.InodeOf(fault.vma.file);
  return PageCount(fault.vma.PageIndex(fault.address).value()) >= inode.page_count();
}

// Pages around one beyond the file's end are mapped all the same.
FaultOutcome ReadFault(Fault& fault) {
  fault.space.environment().Note(KernelFunction::kDoReadFault);
  // shm_vm_ops has no map_pages: a load maps the page alone.
  const bool around = !fault.space.IsOfShmSegment(fault.vma);
  if (around && MapAround(fault)) return FaultOutcome::kMinor;
  if (BeyondFile(fault)) return FaultOutcome::kBusError;
  const ErrnoOr<FilePage> page = GetFilePage(fault);
  // What had to be read is looked for again from the start, and so is all that was read around it.
  const bool retried = page.ok() && page->source == PageSource::kRead && fault.retry != FaultRetry::kForbidden;
  if (retried && MapAround(fault)) return FaultOutcome::kMajor;
  if (page.ok()) {
    MapFilePage(fault, page->frame, Pte::Make(page->frame, fault.vma.flags, WritableAtOnce(fault)));
  }
  return OutcomeOf(page);
}

// A private copy of the file's page. The mapping has its anon_vma even if there is no page to copy.
FaultOutcome CopyFault(Fault& fault) {
  fault.space.environment().Note(KernelFunction::kDoCowFault);
  if (!PrepareAnonVmaInFault(fault.space, fault.vma, fault.lock)) return FaultOutcome::kOutOfMemory;
  if (BeyondFile(fault)) return FaultOutcome::kBusError;
  const ErrnoOr<FilePage> page = GetFilePage(fault);
  if (!page.ok()) return OutcomeOf(page);
  if (!MapNewAnonymousPage(fault, 0)) return FaultOutcome::kOutOfMemory;
  fault.space.environment().pages.contents().Copy(page->frame, fault.entry().frame());
  return OutcomeOf(page);
}

FaultOutcome SharedWriteFault(Fault& fault) {
  VmEnvironment& environment = fault.space.environment();
  environment.Note(KernelFunction::kDoSharedFault);
  if (BeyondFile(fault)) return FaultOutcome::kBusError;
  const ErrnoOr<FilePage> page = GetFilePage(fault);
  if (page.ok()) {
    environment.Note(KernelFunction::kDoPageMkwrite);
    environment.files.MarkDirty(page->frame);
    MapFilePage(fault, page->frame, Pte::Make(page->frame, fault.vma.flags, true).Dirty());
  }
  return OutcomeOf(page);
}

}  // namespace

FaultOutcome HandleFileFault(Fault& fault) {
  fault.space.environment().Note(KernelFunction::kDoFault);
  if (fault.vma.special != SpecialMapping::kNone) {
    fault.space.environment().Note(fault.write ? KernelFunction::kDoCowFault : KernelFunction::kDoReadFault);
    // A store gets its copy at once, as of a file's page (do_cow_fault).
    if (fault.write) return MapNewAnonymousPage(fault, 0) ? FaultOutcome::kMinor : FaultOutcome::kOutOfMemory;
    // The pages of vdso and vvar are of the kernel's image, which no allocator manages and nobody counts.
    SetEntry(fault, fault.index(), Pte::Make(fault.space.environment().zero_page, fault.vma.flags, false).Special());
    return FaultOutcome::kMinor;
  }
  if (!fault.write) return ReadFault(fault);
  return (fault.vma.flags & kVmShared) != 0 ? SharedWriteFault(fault) : CopyFault(fault);
}

}  // namespace memsim
