// The machine on which a trace was recorded, as the trace's # lines tell.

#ifndef MEMSIM_CLIENT_REPLAY_MACHINE_SHAPE_H_
#define MEMSIM_CLIENT_REPLAY_MACHINE_SHAPE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/strings/string_view.h"

#include "memsim/v1/machine_service.pb.h"

namespace memsim::replay {

struct MachineShape {
  // MemTotal.
  std::optional<std::uint64_t> memory_bytes;
  std::optional<std::uint32_t> cpu_count;
  std::optional<std::uint32_t> overcommit_memory;
  std::optional<std::uint32_t> overcommit_ratio;
  std::optional<std::uint32_t> max_map_count;
  std::optional<std::uint64_t> mmap_min_addr;
  // "never", "madvise" or "always", and what of them transparent_hugepage/defrag says.
  std::optional<v1::TransparentHugePages> transparent_huge_pages;
  std::optional<v1::HugePageDefrag> huge_page_defrag;
  // The resource limits of the first process, in bytes.
  std::optional<std::uint64_t> stack_limit;
  std::optional<std::uint64_t> memlock_limit;
  // Who the first process is, and the numbers of the capabilities that it lacks.
  std::optional<std::uint32_t> uid;
  std::vector<std::uint64_t> missing_capabilities;

  // Takes what a # line says, without the #: "memory: 24684084 kB, 2 CPUs, overcommit_memory=0". What it does not know,
  // it ignores.
  void AddHeader(absl::string_view text);

  // A machine of this shape: MemTotal is as recorded, inside a memory of whole GiB (below one, of 64 MiB) whose rest is
  // reserved; addresses are not random.
  v1::MachineSpec ToSpec() const;
};

}  // namespace memsim::replay

#endif  // MEMSIM_CLIENT_REPLAY_MACHINE_SHAPE_H_
