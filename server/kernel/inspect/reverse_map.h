// rmap_walk: who maps a page frame.

#ifndef MEMSIM_SERVER_KERNEL_INSPECT_REVERSE_MAP_H_
#define MEMSIM_SERVER_KERNEL_INSPECT_REVERSE_MAP_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "server/base/units.h"
#include "server/kernel/inspect/vma_report.h"
#include "server/kernel/process/tasks.h"
#include "server/kernel/vm/pte.h"

namespace memsim {

enum class FrameUse : std::uint8_t { kNone, kFree, kAnonymous, kFile, kZeroPage, kPageTable, kKernel, kCaller };

struct FrameMapping {
  // The processes that use the address space, ascending; the first kMaxPids. Never empty.
  std::vector<Pid> pids;
  VirtualAddress address;
  VmaReport vma;
  // Of the page, as Linux has it; of a huge entry that entry.
  std::uint64_t entry = 0;
  bool huge = false;

  static constexpr std::size_t kMaxPids = 16;
};

struct ReverseMap {
  static constexpr std::size_t kMaxMappings = 1000;

  PageFrameNumber frame;
  FrameUse use = FrameUse::kNone;
  // The anon_vma, or the inode's number.
  std::uint64_t object = 0;
  PageOffset index;
  std::uint32_t refcount = 0;
  std::uint32_t map_count = 0;
  // Mappings of the anon_vma or of the file that span the page's place in it.
  std::uint64_t visited_vmas = 0;
  // By address space and then by address; the first kMaxMappings of mapping_count.
  std::vector<FrameMapping> mappings;
  std::uint64_t mapping_count = 0;
};

// Charges the mappings that it looks into. Any number may be asked for.
ReverseMap WalkReverseMap(VmEnvironment& environment, const Tasks& tasks, PageFrameNumber frame);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_INSPECT_REVERSE_MAP_H_
