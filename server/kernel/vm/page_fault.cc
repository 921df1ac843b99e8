#include "server/kernel/vm/page_fault.h"

#include <algorithm>

#include "server/kernel/cpu/lock_scope.h"
#include "server/kernel/vm/fault_handlers.h"
#include "server/kernel/vm/layout.h"
#include "server/kernel/vm/mmap_lock.h"

namespace memsim {
namespace {

// enum x86_pf_error_code.
constexpr std::uint64_t kFaultOnPresent = 1U << 0;
constexpr std::uint64_t kFaultByWrite = 1U << 1;
constexpr std::uint64_t kFaultByUser = 1U << 2;
constexpr std::uint64_t kFaultByFetch = 1U << 4;
constexpr std::uint64_t kFaultByKey = 1U << 5;

// What the hardware says to an access.
bool EntryAllows(Pte pte, AccessKind kind, Pkru pkru) {
  if (!pte.present() || pte.prot_none() || !pkru.Allows(pte.key(), kind)) return false;
  switch (kind) {
    case AccessKind::kRead:
      return true;
    case AccessKind::kWrite:
      return pte.writable();
    case AccessKind::kExecute:
      return pte.executable();
  }
  return false;
}

// access_error.
std::optional<SignalCode> AccessError(const Vma& vma, AccessKind kind, Pkru pkru) {
  if (!pkru.Allows(KeyOf(vma.flags), kind)) return SignalCode::kPkuErr;
  switch (kind) {
    case AccessKind::kWrite:
      if ((vma.flags & kVmWrite) == 0) return SignalCode::kAccErr;
      break;
    case AccessKind::kExecute:
      if ((vma.flags & kVmExec) == 0) return SignalCode::kAccErr;
      break;
    case AccessKind::kRead:
      // x86 cannot forbid loads from what may be written or executed.
      if ((vma.flags & kVmAccessFlags) == 0) return SignalCode::kAccErr;
      break;
  }
  return std::nullopt;
}

Signal Segv(SignalCode code, VirtualAddress address) { return {SignalNumber::kSegv, code, address}; }

// handle_pte_fault.
FaultOutcome HandleEntryFault(Fault& fault) {
  VmEnvironment& environment = fault.space.environment();
  environment.Note(KernelFunction::kHandlePteFault);
  const Pte entry = fault.entry();
  if (entry.none()) return fault.vma.IsAnonymous() ? HandleAnonymousFault(fault) : HandleFileFault(fault);
  if (entry.guard()) {
    environment.Note(KernelFunction::kHandlePteMarker);
    return FaultOutcome::kGuard;
  }
  if (fault.write && !entry.writable()) return HandleWriteProtectFault(fault);
  // Somebody served it before: nothing to do but note the access.
  environment.Note(KernelFunction::kPtepSetAccessFlags);
  SetEntry(fault, fault.index(), fault.write ? entry.Dirty() : entry.Accessed());
  return FaultOutcome::kMinor;
}

}  // namespace

void SetEntry(Fault& fault, int index, Pte pte) {
  VmEnvironment& environment = fault.space.environment();
  environment.Note(KernelFunction::kSetPte);
  const LockScope lock(environment.locks, fault.table.lock, LockMode::kExclusive, {fault.table.frame.value(), 0});
  environment.cpus.Charge(environment.costs.set_entry);
  const Pte old = fault.table.entries[index];
  fault.table.Set(index, pte);
  // ptep_clear_flush, of an entry of another page. Wider rights to the same page need nothing.
  if (old.present() && old.frame() != pte.frame()) fault.space.FlushTlbRange(kPageSize);
}

namespace {

// Who makes an access: a program, by an instruction that may fault, or the kernel on its behalf, which has mmap_lock
// and asks for the page beforehand.
enum class Accessor : std::uint8_t { kProgram, kKernel };

// One task's accesses to one address space.
class Toucher {
 public:
  Toucher(AddressSpace& space, const VmCaller& caller, Accessor accessor, FaultRetry retry, TouchProgress& progress)
      : space_(space), caller_(caller), accessor_(accessor), retry_(retry), progress_(progress) {}

  TouchStatus Run() {
    while (progress_.left != PageCount(0)) {
      const TouchStatus status = TouchOne();
      if (status != TouchStatus::kDone) return status;
      progress_.next += kPageSize;
      progress_.left -= PageCount(1);
    }
    return TouchStatus::kDone;
  }

 private:
  TouchStatus TouchOne() {
    const VirtualAddress address = progress_.next;
    VmEnvironment& environment = space_.environment();
    if (!IsCanonical(address)) {
      environment.NoteVerdict(AccessVerdict::kNotCanonical);
      return Die({SignalNumber::kSegv, SignalCode::kKernel, VirtualAddress(0)});
    }
    if (address >= kTaskSize) {
      environment.NoteVerdict(AccessVerdict::kKernelAddress);
      return Die(Segv(SignalCode::kMapErr, address));
    }
    // The first try may fault; the next ones find what it made. A fault that reports success changes the entry, so few
    // are needed.
    LeafTable* table = space_.page_tables().Find(address);
    while (table == nullptr || !Allowed(*table, PageTables::LeafIndex(address))) {
      if (table == nullptr && TouchHugePage(address)) return TouchStatus::kDone;
      const TouchStatus status = accessor_ == Accessor::kProgram ? TakeFault(address) : FaultIn(address);
      if (status != TouchStatus::kDone) return status;
      table = space_.page_tables().Find(address);
    }
    Note(*table, PageTables::LeafIndex(address));
    return TouchStatus::kDone;
  }

  // Makes all accesses of the row that a huge entry serves, but leaves the last to be counted. False: none serves the
  // address, or it does not allow the access.
  bool TouchHugePage(VirtualAddress address) {
    HugeEntry* const huge = space_.page_tables().has_huge() ? space_.page_tables().FindHuge(address) : nullptr;
    if (huge == nullptr || !EntryAllows(huge->pte, progress_.kind, caller_.pkru)) return false;
    const int first = PageTables::LeafIndex(address);
    const std::uint64_t pages = std::min(progress_.left.value(), static_cast<std::uint64_t>(kTableEntries - first));
    huge->pte = Noted(huge->pte);
    if (StoresUnknown()) {
      for (std::uint64_t i = 0; i < pages; ++i) {
        space_.environment().pages.frame(huge->PageAt(first).frame() + PageCount(i)).flags |= kFrameStored;
      }
    }
    progress_.next += ToBytes(PageCount(pages - 1));
    progress_.left -= PageCount(pages - 1);
    return true;
  }

  bool Allowed(const LeafTable& table, int index) const {
    return EntryAllows(table.entries[index], progress_.kind, caller_.pkru);
  }

  // What the hardware sets on the way.
  Pte Noted(Pte pte) const { return progress_.kind == AccessKind::kWrite ? pte.Dirty() : pte.Accessed(); }
  void Note(LeafTable& table, int index) {
    const Pte pte = Noted(table.entries[index]);
    table.entries[index] = StoresUnknown() ? pte.Stored() : pte;
  }
  // Of the program: the kernel asks for a page, but stores nothing yet.
  bool StoresUnknown() const {
    return progress_.kind == AccessKind::kWrite && accessor_ == Accessor::kProgram &&
           progress_.stored == StoredBytes::kUnknown;
  }

  // do_user_addr_fault.
  TouchStatus TakeFault(VirtualAddress address) {
    VmEnvironment& environment = space_.environment();
    TellOfFault(address);
    environment.NoteVerdict(AccessVerdict::kServed);
    environment.Note(KernelFunction::kExcPageFault);
    environment.cpus.Charge(environment.costs.fault);
    environment.Note(KernelFunction::kDoUserAddrFault);
    Vma* vma = FindVma(address);
    if (vma == nullptr || address < vma->range.start) return TakeFaultBelow(vma, address);
    // Most faults go without mmap_lock, unless lock_vma_under_rcu finds a writer of the mapping.
    if (!environment.locks.IsBusy(vma->lock.lock(), LockMode::kShared)) {
      environment.Note(KernelFunction::kLockVmaUnderRcu);
      const LockScope vma_lock(environment.locks, vma->lock.lock(), LockMode::kShared,
                               {space_.number(), vma->range.start.value()});
      const std::optional<TouchStatus> status = ServeFault(*vma, address, FaultLock::kVmaLock);
      if (status.has_value()) return *status;
      environment.Note(KernelFunction::kFaultRetry);
    }
    environment.Note(KernelFunction::kLockMmAndFindVma);
    const MmapReadLock lock(space_);
    return *ServeFault(*vma, address, FaultLock::kMmapLock);
  }

  // Whether it needs an anon_vma, and vmf_anon_prepare cannot have mmap_lock for that: it only tries.
  bool MustRetry(const Vma& vma) {
    const bool copies = progress_.kind == AccessKind::kWrite && (vma.flags & (kVmShared | kVmMayShare)) == 0;
    return copies && vma.anon.own == AnonVmaId() &&
           space_.environment().locks.IsBusy(space_.mmap_lock(), LockMode::kShared);
  }

  // faultin_page.
  TouchStatus FaultIn(VirtualAddress address) {
    Vma* vma = FindVma(address);
    if (vma == nullptr || address < vma->range.start) return Die(Segv(SignalCode::kMapErr, address));
    return *ServeFault(*vma, address, FaultLock::kMmapLock);
  }

  // lock_mm_and_find_vma, of an address in no mapping: a look at the whole address space, whose lock cannot be
  // upgraded. What lets a stack grow goes on as a reader, and needs no mapping's lock.
  TouchStatus TakeFaultBelow(Vma* above, VirtualAddress address) {
    VmEnvironment& environment = space_.environment();
    environment.Note(KernelFunction::kLockMmAndFindVma);
    { const MmapReadLock look(space_); }
    if (above == nullptr || (above->flags & kVmGrowsDown) == 0) {
      environment.NoteVerdict(AccessVerdict::kHole);
      environment.Note(KernelFunction::kBadAreaNosemaphore);
      return Die(Segv(SignalCode::kMapErr, address));
    }
    MmapWriteLock lock(space_);
    environment.Note(KernelFunction::kExpandStack);
    if (!ExpandStack(space_, caller_, *above, address)) {
      environment.Note(KernelFunction::kBadAreaNosemaphore);
      return Die(Segv(SignalCode::kMapErr, address));
    }
    lock.Downgrade();
    return *ServeFault(*above, address, FaultLock::kMmapLock);
  }

  // handle_mm_fault, of an address in the mapping. nullopt: it must be tried again with mmap_lock (VM_FAULT_RETRY).
  std::optional<TouchStatus> ServeFault(Vma& vma, VirtualAddress address, FaultLock lock) {
    VmEnvironment& environment = space_.environment();
    environment.cpus.Charge(environment.costs.handle_fault);
    if (const auto code = AccessError(vma, progress_.kind, caller_.pkru)) {
      const bool key = *code == SignalCode::kPkuErr;
      environment.NoteVerdict(key ? AccessVerdict::kProtectionKey : AccessVerdict::kNotAllowed);
      environment.Note(KernelFunction::kBadAreaAccessError);
      return Die(Segv(*code, address));
    }
    environment.Note(KernelFunction::kHandleMmFault);
    LeafTable* table = space_.page_tables().Find(address);
    const bool fresh_table = table == nullptr;
    if (fresh_table) {
      switch (HandleHugeFault(space_, vma, address, progress_.kind == AccessKind::kWrite, lock)) {
        case HugeFaultOutcome::kServed:
          return Served(FaultOutcome::kMinor, address);
        case HugeFaultOutcome::kOutOfMemory:
          return TouchStatus::kOutOfMemory;
        case HugeFaultOutcome::kRetry:
          return std::nullopt;
        case HugeFaultOutcome::kFallBack:
          break;
      }
      table = space_.page_tables().FindOrAllocate(address);
      if (table == nullptr) return TouchStatus::kOutOfMemory;
    }
    if (lock == FaultLock::kVmaLock && MustRetry(vma)) return std::nullopt;
    Fault fault{space_, vma,        PageAlignDown(address), progress_.kind == AccessKind::kWrite, lock, retry_,
                *table, fresh_table};
    const FaultOutcome outcome = HandleEntryFault(fault);
    if (outcome == FaultOutcome::kBusError && fresh_table) FreeUnusedTable(*table, address);
    return Served(outcome, address);
  }

  // mm_account_fault.
  TouchStatus Served(FaultOutcome outcome, VirtualAddress address) {
    // Failed ones count here too, though not with the task.
    space_.environment().counters.Add(Counter::kPgFault, 1);
    switch (outcome) {
      case FaultOutcome::kMinor:
        ++caller_.faults.minor_faults;
        break;
      case FaultOutcome::kMajor:
        CountMajorFault();
        space_.environment().counters.Add(Counter::kPgMajFault, 1);
        break;
      case FaultOutcome::kWaited:
        CountWait();
        break;
      case FaultOutcome::kBusError:
        space_.environment().NoteVerdict(AccessVerdict::kBeyondFile);
        space_.environment().Note(KernelFunction::kDoSigbus);
        return Die({SignalNumber::kBus, SignalCode::kAccErr, address});
      case FaultOutcome::kGuard:
        space_.environment().NoteVerdict(AccessVerdict::kGuardRegion);
        space_.environment().Note(KernelFunction::kBadAreaNosemaphore);
        return Die(Segv(SignalCode::kMapErr, address));
      case FaultOutcome::kOutOfMemory:
        return TouchStatus::kOutOfMemory;
    }
    return TouchStatus::kDone;
  }

  // The program's own fault has its second try with mmap_lock, as its first one there: it is minor. get_user_pages says
  // that it tried before.
  void CountWait() {
    const bool tried = accessor_ == Accessor::kKernel && retry_ == FaultRetry::kTriedAgain;
    ++(tried ? caller_.faults.major_faults : caller_.faults.minor_faults);
  }

  // do_fault gives back the table that it had in reserve (prealloc_pte).
  void FreeUnusedTable(const LeafTable& table, VirtualAddress address) {
    if (table.used != 0) return;
    const VirtualAddress start(address.value() & ~(kPmdSize.value() - 1));
    PageTables& tables = space_.page_tables();
    tables.FreeFrames(tables.UnhookRange({start, start + kPageSize}, start, start + kPmdSize).frames);
  }

  // mm_account_fault.
  void CountMajorFault() {
    ++(retry_ == FaultRetry::kStartedOver ? caller_.faults.minor_faults : caller_.faults.major_faults);
  }

  // trace_page_fault_user. No program runs, so no instruction has an address.
  void TellOfFault(VirtualAddress address) {
    Cpus& cpus = space_.environment().cpus;
    if (!cpus.trace().enabled(Tracepoint::kPageFaultUser)) [[likely]]
      return;
    std::uint64_t code = kFaultByUser;
    const Pte pte = space_.page_tables().Get(address);
    if (!pte.prot_none()) {
      code |= kFaultOnPresent;
      if (!caller_.pkru.Allows(pte.key(), progress_.kind)) code |= kFaultByKey;
    }
    if (progress_.kind == AccessKind::kWrite) code |= kFaultByWrite;
    if (progress_.kind == AccessKind::kExecute) code |= kFaultByFetch;
    cpus.Trace<Tracepoint::kPageFaultUser>(address, 0, code);
  }

  // find_vma, remembering the last: a row stays in one mapping for long.
  Vma* FindVma(VirtualAddress address) {
    if (last_vma_ == nullptr || !last_vma_->range.Contains(address)) last_vma_ = space_.Find(address);
    return last_vma_;
  }

  TouchStatus Die(const Signal& signal) {
    progress_.signal = signal;
    return TouchStatus::kSignal;
  }

  AddressSpace& space_;
  const VmCaller& caller_;
  const Accessor accessor_;
  const FaultRetry retry_;
  TouchProgress& progress_;
  Vma* last_vma_ = nullptr;
};

}  // namespace

TouchStatus Touch(AddressSpace& space, const VmCaller& caller, TouchProgress& progress) {
  return Toucher(space, caller, Accessor::kProgram, FaultRetry::kTriedAgain, progress).Run();
}

TouchStatus FaultInPages(AddressSpace& space, const VmCaller& caller, FaultRetry retry, TouchProgress& progress) {
  return Toucher(space, caller, Accessor::kKernel, retry, progress).Run();
}

}  // namespace memsim
