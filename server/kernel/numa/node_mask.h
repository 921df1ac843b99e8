// A set of nodes (nodemask_t).

#ifndef MEMSIM_SERVER_KERNEL_NUMA_NODE_MASK_H_
#define MEMSIM_SERVER_KERNEL_NUMA_NODE_MASK_H_

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "server/base/digest.h"

namespace memsim {

class NodeMask {
 public:
  // MAX_NUMNODES with CONFIG_NODES_SHIFT 10, as distributions have it for x86-64.
  static constexpr std::size_t kMaxNodes = 1024;
  static constexpr std::size_t kBitsPerWord = 64;
  static constexpr std::size_t kWords = kMaxNodes / kBitsPerWord;

  constexpr NodeMask() = default;
  static constexpr NodeMask Of(std::size_t node) {
    NodeMask mask;
    mask.Add(node);
    return mask;
  }

  // REQUIRES: node < kMaxNodes.
  constexpr void Add(std::size_t node) { words_[node / kBitsPerWord] |= std::uint64_t{1} << (node % kBitsPerWord); }
  constexpr bool Has(std::size_t node) const { return (words_[node / kBitsPerWord] >> (node % kBitsPerWord) & 1) != 0; }
  constexpr bool empty() const { return *this == NodeMask(); }
  // nodes_weight.
  constexpr std::size_t size() const {
    std::size_t nodes = 0;
    for (const std::uint64_t word : words_) nodes += static_cast<std::size_t>(std::popcount(word));
    return nodes;
  }
  // first_node. kMaxNodes: it is empty.
  constexpr std::size_t First() const {
    std::size_t node = 0;
    while (node < kMaxNodes && !Has(node)) ++node;
    return node;
  }
  // Nodes 64 * i to 64 * i + 63, the lowest in bit 0. REQUIRES: i < kWords.
  constexpr std::uint64_t word(std::size_t i) const { return words_[i]; }
  constexpr void SetWord(std::size_t i, std::uint64_t bits) { words_[i] = bits; }

  friend constexpr NodeMask operator&(NodeMask a, const NodeMask& b) {
    for (std::size_t i = 0; i < kWords; ++i) a.words_[i] &= b.words_[i];
    return a;
  }
  friend constexpr bool operator==(const NodeMask&, const NodeMask&) = default;

  void DigestTo(Digest& digest) const {
    for (const std::uint64_t word : words_) digest.Add(word);
  }

 private:
  std::array<std::uint64_t, kWords> words_ = {};
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_NUMA_NODE_MASK_H_
