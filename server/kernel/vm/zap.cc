#include "server/kernel/vm/zap.h"

#include "absl/container/inlined_vector.h"

#include "server/kernel/cpu/lock_scope.h"

namespace memsim {
namespace {

// Pages that count as mapped files (NR_FILE_MAPPED) are those that are not anonymous.
Counter MappedCounter(const PageFrame& page) {
  return page.owner == PageOwner::kAnonymous ? Counter::kNrAnonPages : Counter::kNrMapped;
}

// struct mmu_gather: pages that an entry less maps, given back together once the page table is left.
class GatheredPages {
 public:
  explicit GatheredPages(VmEnvironment& environment) : environment_(environment) {}
  ~GatheredPages() {
    Counters& counters = environment_.counters;
    if (anonymous_ != 0) {
      counters.Add(Counter::kNrAnonPages, -anonymous_);
      // An anonymous page that nothing maps is about to be freed.
      counters.Add(Counter::kNrInactiveAnon, -anonymous_);
    }
    if (file_ != 0) counters.Add(Counter::kNrMapped, -file_);
    if (!unused_.empty()) environment_.pages.FreeSinglePages(unused_);
  }
  GatheredPages(const GatheredPages&) = delete;
  GatheredPages& operator=(const GatheredPages&) = delete;

  // One entry less maps the page, and has no reference to it any more.
  void Unmap(PageFrameNumber frame, PageFrame& page) {
    if (--page.map_count == 0) ++(page.owner == PageOwner::kAnonymous ? anonymous_ : file_);
    if (page.refcount == 1) {
      unused_.push_back(frame);
    } else {
      --page.refcount;
    }
  }

 private:
  VmEnvironment& environment_;
  // Pages that nothing maps any more.
  std::int64_t anonymous_ = 0;
  std::int64_t file_ = 0;
  // Those of them whose last user this was.
  absl::InlinedVector<PageFrameNumber, 32> unused_;
};

}  // namespace

void AddMapping(VmEnvironment& environment, PageFrameNumber frame) {
  PageFrame& page = environment.pages.frame(frame);
  if (page.map_count++ != 0) return;
  environment.counters.Add(MappedCounter(page), 1);
  // New anonymous pages start on the inactive list.
  if (page.owner == PageOwner::kAnonymous) environment.counters.Add(Counter::kNrInactiveAnon, 1);
}

void RemoveMapping(VmEnvironment& environment, PageFrameNumber frame) {
  PageFrame& page = environment.pages.frame(frame);
  if (--page.map_count == 0) {
    environment.counters.Add(MappedCounter(page), -1);
    // An anonymous page that nothing maps is about to be freed.
    if (page.owner == PageOwner::kAnonymous) environment.counters.Add(Counter::kNrInactiveAnon, -1);
  }
  environment.pages.PutPage(frame);
}

void ZapCutTail(const VmEnvironment& environment, const CutTail& cut) {
  environment.file_mappings.ForEachOf(cut.inode, [&cut](const FileMappings::Mapping& mapping) {
    const Vma& vma = *mapping.vma;
    if (vma.PageIndex(vma.range.end) <= cut.first) return;
    const PageCount kept = cut.first > vma.pgoff ? cut.first - vma.pgoff : PageCount(0);
    ZapRange(*mapping.space, vma, {vma.range.start + ToBytes(kept), vma.range.end});
  });
}

void ZapRange(AddressSpace& space, const Vma& vma, VirtualRange range) {
  VmEnvironment& environment = space.environment();
  const RssKind file_kind = FileRssKind(space, vma);
  space.page_tables().VisitLeaves(range, [&](VirtualAddress, LeafTable& leaf, int first, int last) {
    GatheredPages gathered(environment);
    const LockScope table_lock(environment.locks, leaf.lock, LockMode::kExclusive, {leaf.frame.value(), 0});
    std::int64_t anonymous = 0;
    std::int64_t file = 0;
    for (int i = first; i < last; ++i) {
      const Pte pte = leaf.entries[i];
      if (pte.none()) continue;
      leaf.Set(i, Pte());
      if (pte.special()) continue;
      PageFrame& page = environment.pages.frame(pte.frame());
      if (page.owner == PageOwner::kAnonymous) {
        ++anonymous;
      } else {
        ++file;
        if (pte.dirty()) environment.files.MarkDirty(pte.frame());
      }
      gathered.Unmap(pte.frame(), page);
    }
    if (anonymous != 0) space.AddRss(RssKind::kAnonymous, -anonymous);
    if (file != 0) space.AddRss(file_kind, -file);
    environment.cpus.Charge(environment.costs.zap_page * static_cast<std::uint64_t>(anonymous + file));
  });
}

}  // namespace memsim
