#include "tests/model/page_twin.h"

#include <cstdio>
#include <iterator>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"

#include "server/kernel/physical/page_allocator.h"
#include "tests/model/slow_pages.h"

namespace memsim {
namespace {

CpuId Cpu(std::uint32_t number) { return CpuId(static_cast<std::uint16_t>(number)); }

class PageTwin {
 public:
  explicit PageTwin(const PageProgram& program)
      : layout_(LayOutMemory(ByteCount(program.memory_mib << 20), std::nullopt)),
        cpus_(program.cpus, kDefaultCosts),
        pages_(layout_, {}, counters_, locks_),
        slow_(layout_, Watermarks(), Reserve(), program.cpus) {}

  // Empty: both agree.
  std::string Apply(const PageOperation& op) {
    const std::uint32_t cpu = op.cpu % cpus_.count();
    cpus_.SwitchTo(Cpu(cpu));
    switch (op.call) {
      case PageCall::kAlloc:
        for (std::uint32_t i = 0; i < op.times; ++i) {
          if (std::string error = Alloc(cpu, op); !error.empty()) return error;
        }
        break;
      case PageCall::kFree:
        for (std::uint32_t i = 0; i < op.times; ++i) Free(cpu, op.which + i * (op.order + 1));
        break;
      case PageCall::kDrain:
        pages_.DrainPerCpuPages();
        slow_.DrainAll();
        break;
      case PageCall::kDecay:
        for (std::uint32_t i = 0; i < op.times; ++i) {
          pages_.DecayPerCpuPages();
          slow_.DecayAll();
        }
        break;
    }
    return CompareZones();
  }

  std::string CompareAll() {
    pages_.CheckInvariants();
    for (std::uint32_t cpu = 0; cpu < cpus_.count(); ++cpu) {
      if (std::string error = CompareCpu(cpu); !error.empty()) return error;
    }
    return CompareZones();
  }

  std::string CompareCpu(std::uint32_t cpu) {
    PcpCounts expected;
    for (int z = 0; z < SlowPages::kZones; ++z) {
      const SlowLists& slow = slow_.lists(cpu, z);
      const PagesetTuning tuning = pages_.pageset(static_cast<ZoneType>(z), Cpu(cpu));
      const PagesetTuning wanted{Pages(slow.numbers.count), Pages(slow.numbers.high), Pages(slow.numbers.free_count),
                                 static_cast<std::uint8_t>(slow.numbers.alloc_factor),
                                 slow.numbers.previous_free_high_order};
      if (tuning != wanted) {
        return absl::StrCat("cpu ", cpu, " zone ", z, ": count ", tuning.count.value(), " high ", tuning.high.value(),
                            " free_count ", tuning.free_count.value(), " alloc_factor ", tuning.alloc_factor,
                            ", expected ", slow.numbers.count, " ", slow.numbers.high, " ", slow.numbers.free_count,
                            " ", slow.numbers.alloc_factor);
      }
      expected += PcpCounts{slow.hits, slow.refills, PageCount(slow.refilled), slow.flushes, PageCount(slow.flushed)};
    }
    return pages_.pcp_counts(Cpu(cpu)) == expected ? "" : absl::StrCat("the counts of cpu ", cpu);
  }

 private:
  static PageCount Pages(std::int64_t pages) { return PageCount(static_cast<std::uint64_t>(pages)); }

  PerZone<ZoneWatermarks> Watermarks() {
    PerZone<ZoneWatermarks> watermarks;
    for (const ZoneInfo& zone : pages_.zones()) watermarks[static_cast<std::size_t>(zone.type)] = zone.watermarks;
    return watermarks;
  }
  LowmemReserve Reserve() {
    LowmemReserve reserve;
    for (const ZoneInfo& zone : pages_.zones()) reserve[static_cast<std::size_t>(zone.type)] = zone.protection;
    return reserve;
  }

  std::string Alloc(std::uint32_t cpu, const PageOperation& op) {
    const GfpMask gfp = kPageGfps[op.which % std::size(kPageGfps)];
    const bool user = (gfp & kGfpMovableBit) != 0;
    const auto order = static_cast<std::uint8_t>(op.order);
    const auto got = pages_.AllocPages(gfp, Order(order), user ? PageOwner::kAnonymous : PageOwner::kCaller);
    const std::optional<std::uint64_t> expected = slow_.Alloc(cpu, gfp, order, user);
    const std::uint64_t none = UINT64_MAX;
    const std::uint64_t frame = got.has_value() ? got->value() : none;
    if (frame != expected.value_or(none)) {
      return absl::StrCat("frame ", frame, ", expected ", expected.value_or(none));
    }
    return "";
  }

  void Free(std::uint32_t cpu, std::uint64_t which) {
    if (slow_.taken().empty()) return;
    auto block = slow_.taken().begin();
    std::advance(block, which % slow_.taken().size());
    const PageFrameNumber pfn(block->first);
    pages_.FreePages(pfn, Order(static_cast<std::uint8_t>(block->second)));
    slow_.Free(cpu, pfn.value());
  }

  std::string CompareZones() {
    for (const ZoneInfo& zone : pages_.zones()) {
      const auto z = static_cast<int>(zone.type);
      if (z >= SlowPages::kZones) break;
      SlowBuddy& buddy = slow_.buddy(z);
      if (zone.on_pcp_lists != Pages(slow_.on_lists(z))) return absl::StrCat("pages on lists of zone ", z);
      if (zone.free != PageCount(buddy.free_pages())) return absl::StrCat("free pages of zone ", z);
      for (int type = 0; type < kMigrateTypeCount; ++type) {
        const auto t = static_cast<std::size_t>(type);
        if (zone.populated && zone.pageblocks_by_type[t] != buddy.pageblocks(type)) {
          return absl::StrCat("pageblocks of zone ", z, " type ", type);
        }
        for (int order = 0; order < kOrderCount; ++order) {
          if (zone.free_blocks_by_type[t][static_cast<std::size_t>(order)] != buddy.list(order, type).size()) {
            return absl::StrCat("free blocks of zone ", z, " order ", order, " type ", type);
          }
        }
      }
    }
    return "";
  }

  const MemoryLayout layout_;
  Counters counters_;
  Cpus cpus_;
  Locks locks_{cpus_};
  PageAllocator pages_;
  SlowPages slow_;
};

bool Told(std::size_t number, const std::string& error) {
  if (!error.empty()) std::fprintf(stderr, "operation %zu: %s\n", number, error.c_str());
  return error.empty();
}

}  // namespace

bool Agrees(const PageProgram& program) {
  constexpr std::size_t kBetweenLooksAtAll = 32;
  PageTwin twin(program);
  for (std::size_t i = 0; i < program.operations.size(); ++i) {
    const PageOperation& op = program.operations[i];
    if (!Told(i, twin.Apply(op)) || !Told(i, twin.CompareCpu(op.cpu % program.cpus))) return false;
    if (i % kBetweenLooksAtAll == 0 && !Told(i, twin.CompareAll())) return false;
  }
  return Told(program.operations.size(), twin.CompareAll());
}

}  // namespace memsim
