// struct mempolicy: on which nodes the pages of a task or of a mapping shall lie (include/uapi/linux/mempolicy.h,
// mm/mempolicy.c).

#ifndef MEMSIM_SERVER_KERNEL_NUMA_MEMPOLICY_H_
#define MEMSIM_SERVER_KERNEL_NUMA_MEMPOLICY_H_

#include <cstdint>
#include <optional>

#include "absl/types/span.h"

#include "server/base/digest.h"
#include "server/base/errno.h"
#include "server/kernel/numa/node_mask.h"

namespace memsim {

// MPOL_*, by Linux's numbers.
enum class MempolicyMode : std::uint8_t {
  kDefault,
  kPreferred,
  kBind,
  kInterleave,
  kLocal,
  kPreferredMany,
  kWeightedInterleave,
  kMax,
};

// MPOL_F_* of the mode: the nodes are meant as they are, or as places among those that are allowed; and NUMA balancing.
inline constexpr std::uint32_t kMpolNumaBalancing = 1U << 13;
inline constexpr std::uint32_t kMpolRelativeNodes = 1U << 14;
inline constexpr std::uint32_t kMpolStaticNodes = 1U << 15;
inline constexpr std::uint32_t kMpolModeFlags = kMpolNumaBalancing | kMpolRelativeNodes | kMpolStaticNodes;
// MPOL_F_* of get_mempolicy.
inline constexpr std::uint64_t kMpolNode = 1;
inline constexpr std::uint64_t kMpolAddr = 2;
inline constexpr std::uint64_t kMpolMemsAllowed = 4;
// MPOL_MF_* of mbind.
inline constexpr std::uint64_t kMpolStrict = 1;
inline constexpr std::uint64_t kMpolMove = 2;
inline constexpr std::uint64_t kMpolMoveAll = 4;

// The mode argument of a call, taken apart.
struct MempolicyArgument {
  MempolicyMode mode = MempolicyMode::kDefault;
  // Of kMpolModeFlags.
  std::uint32_t flags = 0;
};

// sanitize_mpol_flags. EINVAL.
ErrnoOr<MempolicyArgument> ReadMempolicyMode(std::uint32_t mode);

// get_nodes: the nodes that a caller's bitmap of maxnode - 1 bits names. words: what stands there, as far as it is not
// 0; nullopt: NULL. EINVAL: a bitmap of more than a page, or of a node that no Linux has.
ErrnoOr<NodeMask> ReadNodeMask(std::optional<absl::Span<const std::uint64_t>> words, std::uint64_t maxnode);
// How many bytes of such a bitmap the kernel reads. 0: none.
std::uint64_t NodeMaskBytes(std::uint64_t maxnode);

struct Mempolicy {
  MempolicyMode mode = MempolicyMode::kLocal;
  std::uint32_t flags = 0;
  NodeMask nodes;
  // As they were asked for, where the flags keep them (mpol_store_user_nodemask).
  NodeMask user_nodes;

  bool KeepsUserNodes() const { return (flags & (kMpolStaticNodes | kMpolRelativeNodes)) != 0; }
  // What get_mempolicy tells: get_policy_nodemask, or what was asked for.
  const NodeMask& ToldNodes() const { return KeepsUserNodes() ? user_nodes : nodes; }
  // As get_mempolicy tells it.
  std::uint32_t ToldMode() const { return static_cast<std::uint32_t>(mode) | flags; }

  friend bool operator==(const Mempolicy&, const Mempolicy&) = default;

  void DigestTo(Digest& digest) const {
    digest.Add(std::uint64_t{ToldMode()});
    nodes.DigestTo(digest);
    user_nodes.DigestTo(digest);
  }
};

// mpol_new: what can be said of an argument without knowing which nodes there are. EINVAL.
Errno CheckMempolicy(MempolicyArgument argument, const NodeMask& nodes);

// mpol_set_nodemask: the policy among the nodes that are allowed. nullopt: MPOL_DEFAULT, no policy. EINVAL: none of the
// nodes is allowed. REQUIRES: CheckMempolicy lets it pass.
ErrnoOr<std::optional<Mempolicy>> MakeMempolicy(MempolicyArgument argument, const NodeMask& nodes,
                                                const NodeMask& allowed);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_NUMA_MEMPOLICY_H_
