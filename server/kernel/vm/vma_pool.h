// The VMAs of one address space, by number. Their addresses do not change while they live.

#ifndef MEMSIM_SERVER_KERNEL_VM_VMA_POOL_H_
#define MEMSIM_SERVER_KERNEL_VM_VMA_POOL_H_

#include <array>
#include <memory>
#include <vector>

#include "server/kernel/vm/vma.h"
#include "server/kernel/vm/vma_id.h"

namespace memsim {

class VmaPool {
 public:
  // One that has nothing yet.
  VmaId Add() {
    if (free_.empty()) Grow();
    const VmaId id = free_.back();
    free_.pop_back();
    return id;
  }
  // REQUIRES: id was added and not removed since, and has no links to anon_vmas.
  void Remove(VmaId id) {
    (*this)[id].Clear();
    free_.push_back(id);
  }

  Vma& operator[](VmaId id) { return (*chunks_[(id.value() - 1) / kChunk])[(id.value() - 1) % kChunk]; }
  const Vma& operator[](VmaId id) const { return (*chunks_[(id.value() - 1) / kChunk])[(id.value() - 1) % kChunk]; }

  // How many were added and not removed since.
  std::size_t size() const { return chunks_.size() * kChunk - free_.size(); }
  ByteCount HostMemory() const {
    return ByteCount(chunks_.size() * sizeof(Chunk) + chunks_.capacity() * sizeof(void*) +
                     free_.capacity() * sizeof(VmaId));
  }

 private:
  // A small process has about sixteen mappings.
  static constexpr std::uint32_t kChunk = 16;
  using Chunk = std::array<Vma, kChunk>;

  void Grow() {
    const std::uint32_t first = static_cast<std::uint32_t>(chunks_.size()) * kChunk + 1;
    chunks_.push_back(std::make_unique<Chunk>());
    // The lowest number is taken first.
    for (std::uint32_t i = kChunk; i > 0; --i) free_.push_back(VmaId(first + i - 1));
  }

  std::vector<std::unique_ptr<Chunk>> chunks_;
  std::vector<VmaId> free_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_VMA_POOL_H_
