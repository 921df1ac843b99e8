// /proc/meminfo (meminfo_proc_show of fs/proc/meminfo.c).
//
// Rows that are 0 because the machine has no such thing: block devices' own pages (Buffers), swap and zswap, writeback
// (a dirty page stays dirty), mlocked and unevictable lists, secondary page tables, per-CPU areas, huge
// pages of either kind, a balloon. Hugepagesize is what x86-64 would use if there were any.

#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "server/kernel/procfs/available_memory.h"
#include "server/kernel/procfs/direct_map.h"
#include "server/kernel/procfs/proc_files.h"

namespace memsim {
namespace {

constexpr std::uint64_t kKibPerPage = kPageSize.value() / 1024;
// VMALLOC_TOTAL: 32 TiB less a byte, in whole KiB.
constexpr std::uint64_t kVmallocTotalKib = 34359738367;

class Rows {
 public:
  void Kib(absl::string_view name, std::uint64_t kib) {
    absl::StrAppendFormat(&text_, "%-16s%8d kB\n", absl::StrCat(name, ":"), kib);
  }
  void Pages(absl::string_view name, PageCount pages) { Kib(name, pages.value() * kKibPerPage); }
  void Zero(absl::string_view name) { Kib(name, 0); }
  // Rows of a pool of huge pages, which count pages and say no unit.
  void HugePages(absl::string_view name) { absl::StrAppendFormat(&text_, "%-16s%8d\n", absl::StrCat(name, ":"), 0); }
  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
};

class MemInfoReader {
 public:
  explicit MemInfoReader(const ProcView& view) : view_(view), zones_(view.pages.zones()) {}

  std::string Read() {
    AppendTotals();
    AppendLists();
    AppendSwap();
    AppendUsers();
    AppendLimits();
    AppendHugePages();
    AppendDirectMap();
    return rows_.Take();
  }

 private:
  PageCount Get(Counter counter) const { return PageCount(static_cast<std::uint64_t>(view_.counters.Get(counter))); }

  void AppendTotals() {
    rows_.Pages("MemTotal", view_.pages.managed_pages());
    rows_.Pages("MemFree", view_.pages.free_pages());
    rows_.Pages("MemAvailable", AvailableMemory(MemoryInUse::Of(view_)));
    rows_.Zero("Buffers");
    rows_.Pages("Cached", Get(Counter::kNrFilePages));
    rows_.Zero("SwapCached");
  }

  void AppendLists() {
    // Nothing activates pages yet.
    const PageCount inactive_anon = Get(Counter::kNrInactiveAnon);
    const PageCount inactive_file = Get(Counter::kNrInactiveFile);
    rows_.Zero("Active");
    rows_.Pages("Inactive", inactive_anon + inactive_file);
    rows_.Zero("Active(anon)");
    rows_.Pages("Inactive(anon)", inactive_anon);
    rows_.Zero("Active(file)");
    rows_.Pages("Inactive(file)", inactive_file);
    rows_.Zero("Unevictable");
    rows_.Zero("Mlocked");
  }

  void AppendSwap() {
    for (const absl::string_view name : {"SwapTotal", "SwapFree", "Zswap", "Zswapped"}) rows_.Zero(name);
  }

  void AppendUsers() {
    rows_.Pages("Dirty", Get(Counter::kNrDirty));
    rows_.Zero("Writeback");
    rows_.Pages("AnonPages", Get(Counter::kNrAnonPages));
    rows_.Pages("Mapped", Get(Counter::kNrMapped));
    rows_.Pages("Shmem", Get(Counter::kNrShmem));
    const PageCount reclaimable = Get(Counter::kNrSlabReclaimable);
    const PageCount unreclaimable = Get(Counter::kNrSlabUnreclaimable);
    rows_.Pages("KReclaimable", reclaimable);
    rows_.Pages("Slab", reclaimable + unreclaimable);
    rows_.Pages("SReclaimable", reclaimable);
    rows_.Pages("SUnreclaim", unreclaimable);
    rows_.Kib("KernelStack", KernelStackKib());
    rows_.Pages("PageTables", Get(Counter::kNrPageTablePages));
    for (const absl::string_view name : {"SecPageTables", "NFS_Unstable", "Bounce", "WritebackTmp"}) rows_.Zero(name);
  }

  void AppendLimits() {
    rows_.Pages("CommitLimit", view_.commit.CommitLimit());
    rows_.Pages("Committed_AS", Get(Counter::kCommittedAs));
    rows_.Kib("VmallocTotal", kVmallocTotalKib);
    // Kernel stacks are vmalloced (VMAP_STACK); nothing else is.
    rows_.Kib("VmallocUsed", KernelStackKib());
    rows_.Zero("VmallocChunk");
    rows_.Zero("Percpu");
  }

  void AppendHugePages() {
    constexpr std::uint64_t kHugePageKib = 2048;
    rows_.Kib("AnonHugePages", static_cast<std::uint64_t>(view_.counters.Get(Counter::kNrAnonThps)) * kHugePageKib);
    for (const absl::string_view name :
         {"ShmemHugePages", "ShmemPmdMapped", "FileHugePages", "FilePmdMapped", "Balloon"}) {
      rows_.Zero(name);
    }
    for (const absl::string_view name : {"HugePages_Total", "HugePages_Free", "HugePages_Rsvd", "HugePages_Surp"}) {
      rows_.HugePages(name);
    }
    rows_.Kib("Hugepagesize", kHugePageKib);
    rows_.Zero("Hugetlb");
  }

  void AppendDirectMap() {
    const DirectMapPages map = DirectMapOf(zones_);
    constexpr std::uint64_t kKibPer2M = 2048;
    constexpr std::uint64_t kKibPer1G = 1ULL << 20;
    rows_.Kib("DirectMap4k", map.pages_4k * kKibPerPage);
    rows_.Kib("DirectMap2M", map.pages_2m * kKibPer2M);
    rows_.Kib("DirectMap1G", map.pages_1g * kKibPer1G);
  }

  std::uint64_t KernelStackKib() const {
    return static_cast<std::uint64_t>(view_.counters.Get(Counter::kNrKernelStackKib));
  }

  const ProcView& view_;
  const std::vector<ZoneInfo> zones_;
  Rows rows_;
};

}  // namespace

std::string MemInfo(const ProcView& view) { return MemInfoReader(view).Read(); }

}  // namespace memsim
