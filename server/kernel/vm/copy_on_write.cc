// What a store does to a page that is mapped read-only: keep it, or copy it (do_wp_page).

#include "server/kernel/vm/fault_handlers.h"
#include "server/kernel/vm/zap.h"

namespace memsim {
namespace {

// wp_page_reuse: the page is the writer's alone.
FaultOutcome Reuse(Fault& fault) {
  fault.space.environment().Note(KernelFunction::kWpPageReuse);
  fault.space.environment().counters.Add(Counter::kPgReuse, 1);
  SetEntry(fault, fault.index(), fault.entry().Writable().Dirty());
  return FaultOutcome::kMinor;
}

// wp_page_shared: a shared file learns that the page becomes dirty (page_mkwrite).
FaultOutcome WriteShared(Fault& fault) {
  VmEnvironment& environment = fault.space.environment();
  environment.Note(KernelFunction::kWpPageShared);
  environment.Note(KernelFunction::kDoPageMkwrite);
  environment.files.MarkDirty(fault.entry().frame());
  return Reuse(fault);
}

bool IsLarge(VmEnvironment& environment, Pte pte) {
  return (environment.pages.frame(pte.frame()).flags & kFrameLarge) != 0;
}

// wp_page_copy.
FaultOutcome Copy(Fault& fault) {
  VmEnvironment& environment = fault.space.environment();
  environment.Note(KernelFunction::kWpPageCopy);
  const Pte old = fault.entry();
  // The new page is mapped first: without memory for it the old one stays.
  if (!MapNewAnonymousPage(fault, old.special() ? kGfpZero : 0)) return FaultOutcome::kOutOfMemory;
  if (!old.special()) environment.pages.contents().Copy(old.frame(), fault.entry().frame());
  if (!old.special() && (old.stored() || (environment.pages.frame(old.frame()).flags & kFrameStored) != 0)) {
    fault.table.Set(fault.index(), fault.entry().Stored());
  }
  environment.cpus.Charge(environment.costs.replace_page);
  if (old.special()) return FaultOutcome::kMinor;
  environment.counters.Add(Counter::kPgCopyOnWrite, 1);
  const bool was_anonymous = environment.pages.frame(old.frame()).owner == PageOwner::kAnonymous;
  fault.space.AddRss(was_anonymous ? RssKind::kAnonymous : FileRssKind(fault.space, fault.vma), -1);
  if (IsLarge(environment, old)) {
    HugePages& huge = environment.huge;
    if (huge.RemovePageMappings(old.frame(), 1, fault.space.number())) huge.Free(HugePages::HeadOf(old.frame()));
  } else {
    RemoveMapping(environment, old.frame());
  }
  return FaultOutcome::kMinor;
}

}  // namespace

FaultOutcome HandleWriteProtectFault(Fault& fault) {
  fault.space.environment().Note(KernelFunction::kDoWpPage);
  const Pte entry = fault.entry();
  if ((fault.vma.flags & (kVmShared | kVmMayShare)) != 0 && !entry.special()) return WriteShared(fault);
  if (entry.special()) return Copy(fault);
  PageFrame& page = fault.space.environment().pages.frame(entry.frame());
  if (page.owner != PageOwner::kAnonymous) return Copy(fault);
  // The last owner of a page that fork had shared takes it over (wp_can_reuse_anon_folio).
  if ((page.flags & kFrameAnonExclusive) == 0) {
    const bool last =
        (page.flags & kFrameLarge) != 0 ? fault.space.environment().huge.MayReuse(entry.frame()) : page.refcount == 1;
    if (!last) return Copy(fault);
    // folio_move_anon_rmap: from now on it is found through its owner alone.
    if ((page.flags & kFrameLarge) == 0) page.mapping = fault.vma.anon.own.value();
  }
  page.flags |= kFrameAnonExclusive;
  return Reuse(fault);
}

}  // namespace memsim
