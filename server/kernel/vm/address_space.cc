#include "server/kernel/vm/address_space.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "server/base/check.h"
#include "server/kernel/vm/split_huge.h"
#include "server/kernel/vm/zap.h"

namespace memsim {
namespace {

// MM_FILEPAGES, MM_ANONPAGES, MM_SHMEMPAGES (include/linux/mm_types_task.h); 2 is MM_SWAPENTS.
int MemberOf(RssKind kind) { return kind == RssKind::kShmem ? 3 : static_cast<int>(kind); }

}  // namespace

AddressSpace::AddressSpace(VmEnvironment& environment)
    : environment_(environment),
      number_(environment.file_mappings.NumberSpace()),
      page_tables_(environment.pages, environment.counters, environment.locks, {number_, 0}) {
  environment.locks.Register(mmap_lock_, {number_, 0});
}

AddressSpace::~AddressSpace() {
  TearDown();
  environment_.locks.Retire(mmap_lock_);
}

void AddressSpace::TearDown() {
  // The tree stands inside of its address space.
  environment_.cpus.Trace<Tracepoint::kExitMmap>(number_, number_);
  MmuGather gather(*this, MmuGather::Scope::kFullMm);
  ForEachVma([&gather](const Vma& vma) { ZapRange(gather, vma, vma.range, ZapKind::kAll); });
  gather.Flush();
  page_tables_.FreeAll();
  while (Vma* vma = Find(VirtualAddress(0))) {
    if ((vma->flags & kVmAccount) != 0) environment_.commit.Uncharge(vma->range.pages());
    Remove(*vma);
  }
  MEMSIM_CHECK(maple_nodes_.empty(), maple_nodes_.size());
}

void AddressSpace::ForEachVma(absl::FunctionRef<void(const Vma&)> visit) const {
  tree_.ForEach([this, visit](const VmaTree::Entry& entry) { visit(pool_[entry.id]); });
}

VmaId AddressSpace::Allocate() {
  const VirtualAddress object = environment_.slabs.Alloc(KernelCache::kVmAreaStruct, kGfpKernel);
  if (object == kNoObject) return kNoVma;
  const VmaId id = pool_.Add();
  pool_[id].object = object;
  return id;
}

void AddressSpace::Free(VmaId id) {
  environment_.slabs.Free(KernelCache::kVmAreaStruct, pool_[id].object);
  pool_.Remove(id);
}

Vma& AddressSpace::Link(VmaId id) {
  Vma& vma = pool_[id];
  tree_.Insert(vma.range, id);
  HoldTreeNodes();
  Account(vma.flags, vma.range.pages());
  AddToIndex(vma);
  if (IsOfShmSegment(vma)) environment_.shm_mappings->Open(environment_.files.InodeOf(vma.file).number);
  if (vma.policy != MempolicyId()) environment_.mempolicies.Get(vma.policy);
  MarkWritten(vma);
  environment_.counters.Add(Counter::kVmas, 1);
  return vma;
}

void AddressSpace::MatchTreeNodes() {
  while (maple_nodes_.size() > tree_.node_count()) {
    environment_.slabs.Free(KernelCache::kMapleNode, maple_nodes_.back());
    maple_nodes_.pop_back();
  }
  while (maple_nodes_.size() < tree_.node_count()) {
    const VirtualAddress node = environment_.slabs.Alloc(KernelCache::kMapleNode, kGfpKernel);
    if (node == kNoObject) return;
    maple_nodes_.push_back(node);
  }
}

void AddressSpace::MarkAllWritten() {
  tree_.ForEach([this](const VmaTree::Entry& entry) { MarkWritten(pool_[entry.id]); });
}

void AddressSpace::Remove(Vma& vma) {
  MarkWritten(vma);
  writer_.Forget(environment_.locks, vma);
  environment_.locks.Retire(vma.lock.lock());
  Unaccount(vma.flags, vma.range.pages());
  environment_.anon_vmas.Unlink(vma.anon);
  RemoveFromIndex(vma);
  if (IsOfShmSegment(vma)) environment_.shm_mappings->Close(environment_.files.InodeOf(vma.file).number);
  if (vma.policy != MempolicyId()) environment_.mempolicies.Put(vma.policy);
  if (vma.file != OpenFileId()) environment_.files.Put(vma.file);
  Free(tree_.Erase(vma.range.start));
  HoldTreeNodes();
  environment_.counters.Add(Counter::kVmas, -1);
}

Vma* AddressSpace::Split(Vma& vma, VirtualAddress address) {
  MEMSIM_CHECK(vma.range.start < address && address < vma.range.end, address.value());
  const VmaId id = Allocate();
  if (id == kNoVma) return nullptr;
  std::optional<AnonVmaLinks> links = environment_.anon_vmas.Clone(vma.anon);
  if (!links.has_value()) {
    Free(id);
    return nullptr;
  }
  Vma& upper = pool_[id];
  upper.Describe(vma.For({address, vma.range.end}));
  upper.anon = *std::move(links);
  Resize(vma, {vma.range.start, address});
  if (vma.file != OpenFileId()) environment_.files.Get(vma.file);
  // Both are locked while the work is done.
  Link(id);
  environment_.cpus.Charge(environment_.costs.vma_split_or_merge);
  return &upper;
}

Errno AddressSpace::SplitWithinLimit(Vma& vma, VirtualAddress address) {
  if (vma.special != SpecialMapping::kNone) return Errno::kInval;
  if (AtMapCountLimit()) return Errno::kNoMem;
  return Split(vma, address) == nullptr ? Errno::kNoMem : Errno::kOk;
}

void AddressSpace::Resize(Vma& vma, VirtualRange range) {
  MarkWritten(vma);
  // vma_adjust_trans_huge: no huge page is mapped whole across an end.
  if (page_tables_.has_huge()) [[unlikely]] {
    SplitHugeAt(*this, range.start);
    SplitHugeAt(*this, range.end);
  }
  const VirtualAddress old_start = vma.range.start;
  if (range.start != old_start) RemoveFromIndex(vma);
  Unaccount(vma.flags, vma.range.pages());
  vma.pgoff = range.start >= old_start ? vma.pgoff + ToPages(range.start - old_start)
                                       : vma.pgoff - ToPages(old_start - range.start);
  vma.range = range;
  tree_.Resize(old_start, range);
  if (range.start != old_start) AddToIndex(vma);
  Account(vma.flags, vma.range.pages());
}

void AddressSpace::AddToIndex(const Vma& vma) {
  if (vma.file == OpenFileId()) return;
  environment_.file_mappings.Add(environment_.files.file(vma.file).inode, number_, *this, vma);
}

void AddressSpace::RemoveFromIndex(const Vma& vma) {
  if (vma.file == OpenFileId()) return;
  environment_.file_mappings.Remove(environment_.files.file(vma.file).inode, number_, vma.range.start);
}

bool AddressSpace::IsOfShmSegment(const Vma& vma) const {
  return vma.file != OpenFileId() && environment_.files.IsShmSegment(vma.file);
}

void AddressSpace::SetFlags(Vma& vma, VmFlags flags) {
  MarkWritten(vma);
  Unaccount(vma.flags, vma.range.pages());
  vma.flags = flags;
  Account(vma.flags, vma.range.pages());
}

void AddressSpace::SetPolicy(Vma& vma, MempolicyId policy) {
  if (vma.policy == policy) return;
  MarkWritten(vma);
  environment_.mempolicies.Get(policy);
  environment_.mempolicies.Put(vma.policy);
  vma.policy = policy;
}

PageCount* AddressSpaceStatistics::OfKind(VmFlags flags) {
  if (IsExecMapping(flags)) return &exec_vm;
  if (IsStackMapping(flags)) return &stack_vm;
  return IsDataMapping(flags) ? &data_vm : nullptr;
}

void AddressSpace::Account(VmFlags flags, PageCount pages) {
  statistics_.total_vm += pages;
  if (PageCount* of_kind = statistics_.OfKind(flags)) *of_kind += pages;
  if ((flags & kVmLocked) != 0) statistics_.locked_vm += pages;
  statistics_.peak_total_vm = std::max(statistics_.peak_total_vm, statistics_.total_vm);
}

void AddressSpace::Unaccount(VmFlags flags, PageCount pages) {
  statistics_.total_vm -= pages;
  if (PageCount* of_kind = statistics_.OfKind(flags)) *of_kind -= pages;
  if ((flags & kVmLocked) != 0) statistics_.locked_vm -= pages;
}

void AddressSpace::AddRss(RssKind kind, std::int64_t pages) {
  statistics_.rss[static_cast<int>(kind)] += PageCount(static_cast<std::uint64_t>(pages));
  if (pages > 0) statistics_.peak_rss = std::max(statistics_.peak_rss, statistics_.resident());
  environment_.cpus.Trace<Tracepoint::kRssStat>(number_, environment_.running == number_, MemberOf(kind),
                                                ToBytes(statistics_.rss[static_cast<int>(kind)]));
}

ByteCount AddressSpace::HostMemory() const {
  return ByteCount(sizeof(*this) + maple_nodes_.capacity() * sizeof(VirtualAddress) +
                   layout.auxv.capacity() * sizeof(AuxvEntry) + writer_.HeapBytes()) +
         tree_.HostMemory() + pool_.HostMemory() + page_tables_.HostMemory();
}

void AddressSpace::DigestTo(Digest& digest) const {
  for (const VirtualAddress address :
       {layout.start_code, layout.end_code, layout.start_data, layout.end_data, layout.start_brk, layout.brk,
        layout.start_stack, layout.arg_start, layout.arg_end, layout.env_start, layout.env_end, layout.mmap_base}) {
    digest.Add(address);
  }
  digest.Add(std::uint64_t{layout.legacy});
  for (const AuxvEntry& entry : layout.auxv) {
    digest.Add(entry.type);
    digest.Add(entry.value);
  }
  digest.Add(number_);
  mmap_lock_.DigestTo(digest);
  digest.Add(def_flags);
  digest.Add(mm_flags);
  keys.DigestTo(digest);
  digest.Add(statistics_.locked_vm);
  digest.Add(statistics_.peak_total_vm);
  digest.Add(statistics_.peak_rss);
  digest.Add(map_count());
  for (const VirtualAddress node : maple_nodes_) digest.Add(node);
  ForEachVma([&digest](const Vma& vma) { vma.DigestTo(digest); });
  page_tables_.DigestTo(digest);
}

std::uint64_t AddressSpace::AddSumsOf(const Vma& vma, AddressSpaceStatistics& sums) const {
  const PageCount pages = vma.range.pages();
  sums.total_vm += pages;
  if (PageCount* of_kind = sums.OfKind(vma.flags)) *of_kind += pages;
  if ((vma.flags & kVmLocked) != 0) sums.locked_vm += pages;
  std::uint64_t entries = 0;
  const auto add_entries = [&](VirtualAddress, const LeafTable& leaf, int first, int last) {
    for (int i = first; i < last; ++i) {
      const Pte pte = leaf.entries[i];
      if (pte.none()) continue;
      ++entries;
      if (pte.special() || pte.guard()) continue;
      const bool anonymous = environment_.pages.frame(pte.frame()).owner == PageOwner::kAnonymous;
      const RssKind kind = anonymous ? RssKind::kAnonymous : FileRssKind(*this, vma);
      sums.rss[static_cast<int>(kind)] += PageCount(1);
    }
  };
  page_tables_.VisitEntries(vma.range, add_entries, [&](VirtualAddress base, const HugeEntry& huge) {
    MEMSIM_CHECK(vma.range.Contains(RangeOf(base, kPmdSize)), base.value());
    entries += kHugePages;
    if (!huge.pte.special()) sums.rss[static_cast<int>(RssKind::kAnonymous)] += PageCount(kHugePages);
  });
  return entries;
}

void AddressSpace::CheckInvariants() const {
  tree_.CheckInvariants();
  MEMSIM_CHECK(maple_nodes_.size() <= tree_.node_count(), maple_nodes_.size(), tree_.node_count());
  page_tables_.CheckInvariants();
  MEMSIM_CHECK(pool_.size() == tree_.size(), pool_.size(), tree_.size());
  AddressSpaceStatistics sums;
  std::uint64_t entries = 0;
  tree_.ForEach([&](const VmaTree::Entry& entry) {
    const Vma& vma = pool_[entry.id];
    MEMSIM_CHECK(vma.range == entry.range, vma.range.start.value(), entry.range.start.value());
    entries += AddSumsOf(vma, sums);
    if (vma.file == OpenFileId()) return;
    MEMSIM_CHECK(environment_.file_mappings.Has(environment_.files.file(vma.file).inode, number_, vma),
                 vma.range.start.value());
  });
  sums.locked_vm += locked_without_flag_;
  sums.peak_total_vm = statistics_.peak_total_vm;
  sums.peak_rss = statistics_.peak_rss;
  MEMSIM_CHECK(sums == statistics_, sums.total_vm.value(), sums.resident().value());
  MEMSIM_CHECK(statistics_.peak_total_vm >= statistics_.total_vm && statistics_.peak_rss >= statistics_.resident());
  // What lies in no mapping was not visited.
  std::uint64_t used = 0;
  const VirtualRange everything{VirtualAddress(0), VirtualAddress(1ULL << 48)};
  page_tables_.VisitEntries(
      everything, [&used](VirtualAddress, const LeafTable& leaf, int, int) { used += leaf.used; },
      [&used](VirtualAddress, const HugeEntry&) { used += kHugePages; });
  MEMSIM_CHECK(used == entries, used, entries);
}

PageCount HugePagesIn(const AddressSpace& space, const Vma& vma) {
  PageCount pages;
  if (!space.page_tables().has_huge()) return pages;
  space.page_tables().VisitEntries(
      vma.range, [](VirtualAddress, const LeafTable&, int, int) {},
      [&pages](VirtualAddress, const HugeEntry& huge) {
        if (!huge.pte.special()) pages += PageCount(kHugePages);
      });
  return pages;
}

RssKind FileRssKind(const AddressSpace& space, const Vma& vma) {
  if (vma.file == OpenFileId()) return RssKind::kFile;
  const FileSystem& files = space.environment().files;
  return files.IsShmem(vma.file) ? RssKind::kShmem : RssKind::kFile;
}

}  // namespace memsim
