#include "server/kernel/numa/mempolicy.h"

#include <algorithm>

#include "server/base/units.h"

namespace memsim {
namespace {

// mpol_relative_nodemask: the n-th node that was asked for is the n-th that is allowed, counted round and round.
NodeMask Relative(const NodeMask& nodes, const NodeMask& allowed) {
  const std::size_t count = allowed.size();
  NodeMask folded;
  for (std::size_t node = 0; count != 0 && node < NodeMask::kMaxNodes; ++node) {
    if (nodes.Has(node)) folded.Add(node % count);
  }
  NodeMask result;
  std::size_t place = 0;
  for (std::size_t node = 0; node < NodeMask::kMaxNodes; ++node) {
    if (!allowed.Has(node)) continue;
    if (folded.Has(place)) result.Add(node);
    ++place;
  }
  return result;
}

}  // namespace

ErrnoOr<MempolicyArgument> ReadMempolicyMode(std::uint32_t mode) {
  const std::uint32_t flags = mode & kMpolModeFlags;
  const std::uint32_t plain = mode & ~kMpolModeFlags;
  if (plain >= static_cast<std::uint32_t>(MempolicyMode::kMax)) return Errno::kInval;
  if ((flags & kMpolStaticNodes) != 0 && (flags & kMpolRelativeNodes) != 0) return Errno::kInval;
  const MempolicyArgument argument{static_cast<MempolicyMode>(plain), flags};
  const bool balances = argument.mode == MempolicyMode::kBind || argument.mode == MempolicyMode::kPreferredMany;
  if ((flags & kMpolNumaBalancing) != 0 && !balances) return Errno::kInval;
  return argument;
}

std::uint64_t NodeMaskBytes(std::uint64_t maxnode) {
  const std::uint64_t bits = maxnode - 1;
  if (bits == 0 || bits > kPageSize.value() * 8) return 0;
  return (bits + NodeMask::kBitsPerWord - 1) / NodeMask::kBitsPerWord * sizeof(std::uint64_t);
}

ErrnoOr<NodeMask> ReadNodeMask(std::optional<absl::Span<const std::uint64_t>> words, std::uint64_t maxnode) {
  NodeMask nodes;
  // The last bit that the caller counts is not looked at; a count of 0 is the largest of all.
  const std::uint64_t bits = maxnode - 1;
  if (bits == 0 || !words.has_value()) return nodes;
  if (bits > kPageSize.value() * 8) return Errno::kInval;
  for (std::size_t i = 0; i < words->size() && i * NodeMask::kBitsPerWord < bits; ++i) {
    const std::uint64_t left = bits - i * NodeMask::kBitsPerWord;
    const std::uint64_t known = left >= NodeMask::kBitsPerWord ? ~std::uint64_t{0} : (std::uint64_t{1} << left) - 1;
    const std::uint64_t word = (*words)[i] & known;
    if (i < NodeMask::kWords) {
      nodes.SetWord(i, word);
    } else if (word != 0) {
      return Errno::kInval;
    }
  }
  return nodes;
}

Errno CheckMempolicy(MempolicyArgument argument, const NodeMask& nodes) {
  const bool places = (argument.flags & (kMpolStaticNodes | kMpolRelativeNodes)) != 0;
  switch (argument.mode) {
    case MempolicyMode::kDefault:
      return nodes.empty() ? Errno::kOk : Errno::kInval;
    case MempolicyMode::kPreferred:
      return nodes.empty() && places ? Errno::kInval : Errno::kOk;
    case MempolicyMode::kLocal:
      return nodes.empty() && !places ? Errno::kOk : Errno::kInval;
    default:
      return nodes.empty() ? Errno::kInval : Errno::kOk;
  }
}

ErrnoOr<std::optional<Mempolicy>> MakeMempolicy(MempolicyArgument argument, const NodeMask& nodes,
                                                const NodeMask& allowed) {
  using Result = ErrnoOr<std::optional<Mempolicy>>;
  if (argument.mode == MempolicyMode::kDefault) return Result(std::nullopt);
  Mempolicy policy;
  policy.mode = argument.mode;
  policy.flags = argument.flags;
  // To prefer no node is to prefer the one at hand.
  if (policy.mode == MempolicyMode::kPreferred && nodes.empty()) policy.mode = MempolicyMode::kLocal;
  if (policy.mode == MempolicyMode::kLocal) return Result(policy);
  policy.nodes = (policy.flags & kMpolRelativeNodes) != 0 ? Relative(nodes, allowed) : nodes & allowed;
  if (policy.nodes.empty()) return Errno::kInval;
  if (policy.mode == MempolicyMode::kPreferred) policy.nodes = NodeMask::Of(policy.nodes.First());
  if (policy.KeepsUserNodes()) policy.user_nodes = nodes;
  return Result(policy);
}

}  // namespace memsim
