// What page frames hold, as far as it is not zero.
//
// A frame has its 4 KiB here exactly if one of them is not zero: memory to which nobody stored anything costs the host
// nothing, and equal bytes are equal state. Frames of which one was copied from the other share their bytes until one
// of the two changes, so that a fault that copies a page costs the host a reference.
//
// What the kernel itself keeps in its pages (tables, stacks, objects) is not here: it is the machine's own state.
//
// Thread-compatible. The directory outlives it. Invariants (CheckInvariants verifies them):
//  1. A frame has bytes here exactly if its record has kFrameHasContents.
//  2. None of them are all zero.

#ifndef MEMSIM_SERVER_KERNEL_PHYSICAL_FRAME_CONTENTS_H_
#define MEMSIM_SERVER_KERNEL_PHYSICAL_FRAME_CONTENTS_H_

#include <array>
#include <cstdint>
#include <memory>

#include "absl/container/btree_map.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "server/base/digest.h"
#include "server/base/units.h"
#include "server/kernel/physical/frame_directory.h"
#include "server/kernel/physical/page_frame.h"

namespace memsim {

// A whole page's bytes, of which one is not zero; null: all are. Whoever has it shares it, and nobody changes it.
class PageBytes {
 public:
  // All zeros.
  PageBytes() = default;

  bool zero() const { return block_ == nullptr; }
  // For a digest. REQUIRES: !zero().
  absl::string_view text() const { return {block_->bytes.data(), block_->bytes.size()}; }
  // Copies those from offset on. REQUIRES: they lie in the page.
  void Read(ByteCount offset, absl::Span<char> bytes) const;

 private:
  friend class FrameContents;

  // Of the host's memory. `blocks` counts those that there are.
  struct Block {
    explicit Block(std::uint64_t& all) : blocks(all) { ++blocks; }
    Block(const Block& other) : blocks(other.blocks), bytes(other.bytes) { ++blocks; }
    Block& operator=(const Block&) = delete;
    ~Block() { --blocks; }

    std::uint64_t& blocks;
    std::array<char, kPageSize.value()> bytes = {};
  };

  std::shared_ptr<Block> block_;
};

class FrameContents {
 public:
  explicit FrameContents(FrameDirectory& directory) : directory_(directory) {}
  FrameContents(const FrameContents&) = delete;
  FrameContents& operator=(const FrameContents&) = delete;

  // In these, REQUIRES: the frame is allocated, and the bytes lie in it.
  bool Has(PageFrameNumber frame) const { return (directory_.frame(frame).flags & kFrameHasContents) != 0; }
  void Read(PageFrameNumber frame, ByteCount offset, absl::Span<char> bytes) const;
  void Write(PageFrameNumber frame, ByteCount offset, absl::string_view bytes);
  // Makes them zero.
  void Clear(PageFrameNumber frame, ByteCount offset, ByteCount length) {
    if (Has(frame)) ClearBytes(frame, offset, length);
  }
  // copy_user_highpage, to a frame that holds nothing yet.
  void Copy(PageFrameNumber from, PageFrameNumber to) {
    if (Has(from)) CopyBytes(from, to);
  }
  // All that the frame holds, which it then no longer does; and all that it holds from now on.
  PageBytes Take(PageFrameNumber frame);
  void Put(PageFrameNumber frame, PageBytes bytes);
  // The same bytes without those from offset on.
  static PageBytes Cut(const PageBytes& bytes, ByteCount offset, ByteCount length);

  // Whether no frame holds anything.
  bool empty() const { return bytes_.empty(); }
  // All that the frames of a block hold.
  void Drop(PageFrameNumber first, Order order);

  // Calls visit(PageFrameNumber) for every frame that holds something, ascending.
  template <typename Visitor>
  void ForEach(Visitor visit) const {
    for (const auto& [frame, bytes] : bytes_) visit(frame);
  }

  // What was taken and is kept elsewhere is counted here too.
  ByteCount HostMemory() const;
  void DigestTo(Digest& digest) const;
  void CheckInvariants() const;

 private:
  void ClearBytes(PageFrameNumber frame, ByteCount offset, ByteCount length);
  void CopyBytes(PageFrameNumber from, PageFrameNumber to);
  void Erase(PageFrameNumber frame);
  // The bytes, which nobody else has from now on.
  static PageBytes::Block& Own(PageBytes& bytes);

  FrameDirectory& directory_;
  absl::btree_map<PageFrameNumber, PageBytes> bytes_;
  // How many blocks there are, wherever they are held.
  std::uint64_t blocks_ = 0;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PHYSICAL_FRAME_CONTENTS_H_
