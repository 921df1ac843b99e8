#include "server/kernel/physical/frame_contents.h"

#include <algorithm>
#include <utility>

#include "server/base/check.h"

namespace memsim {
namespace {

bool IsZero(absl::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char byte) { return byte == 0; });
}

bool LieInPage(ByteCount offset, ByteCount length) { return offset <= kPageSize && length <= kPageSize - offset; }

}  // namespace

void PageBytes::Read(ByteCount offset, absl::Span<char> bytes) const {
  MEMSIM_CHECK(LieInPage(offset, ByteCount(bytes.size())), offset.value(), bytes.size());
  if (zero()) {
    std::fill(bytes.begin(), bytes.end(), '\0');
  } else {
    std::copy_n(block_->bytes.begin() + offset.value(), bytes.size(), bytes.begin());
  }
}

PageBytes::Block& FrameContents::Own(PageBytes& bytes) {
  if (bytes.block_.use_count() != 1) bytes.block_ = std::make_shared<PageBytes::Block>(*bytes.block_);
  return *bytes.block_;
}

void FrameContents::Read(PageFrameNumber frame, ByteCount offset, absl::Span<char> bytes) const {
  const PageBytes zeros;
  (Has(frame) ? bytes_.find(frame)->second : zeros).Read(offset, bytes);
}

void FrameContents::Write(PageFrameNumber frame, ByteCount offset, absl::string_view bytes) {
  MEMSIM_CHECK(LieInPage(offset, ByteCount(bytes.size())), offset.value(), bytes.size());
  if (IsZero(bytes)) return Clear(frame, offset, ByteCount(bytes.size()));
  PageBytes& held = bytes_[frame];
  if (held.zero()) {
    held.block_ = std::make_shared<PageBytes::Block>(blocks_);
    directory_.frame(frame).flags |= kFrameHasContents;
  }
  std::copy(bytes.begin(), bytes.end(), Own(held).bytes.begin() + offset.value());
}

void FrameContents::ClearBytes(PageFrameNumber frame, ByteCount offset, ByteCount length) {
  PageBytes& held = bytes_.find(frame)->second;
  held = Cut(held, offset, length);
  if (held.zero()) Erase(frame);
}

PageBytes FrameContents::Cut(const PageBytes& bytes, ByteCount offset, ByteCount length) {
  MEMSIM_CHECK(LieInPage(offset, length), offset.value(), length.value());
  if (bytes.zero() || IsZero(bytes.text().substr(offset.value(), length.value()))) return bytes;
  PageBytes cut = bytes;
  PageBytes::Block& block = Own(cut);
  std::fill_n(block.bytes.begin() + offset.value(), length.value(), '\0');
  return IsZero(cut.text()) ? PageBytes() : cut;
}

void FrameContents::CopyBytes(PageFrameNumber from, PageFrameNumber to) {
  PageBytes bytes = bytes_.find(from)->second;
  Put(to, std::move(bytes));
}

PageBytes FrameContents::Take(PageFrameNumber frame) {
  if (!Has(frame)) return PageBytes();
  PageBytes bytes = std::move(bytes_.find(frame)->second);
  Erase(frame);
  return bytes;
}

void FrameContents::Put(PageFrameNumber frame, PageBytes bytes) {
  if (bytes.zero()) return Clear(frame, ByteCount(0), kPageSize);
  bytes_[frame] = std::move(bytes);
  directory_.frame(frame).flags |= kFrameHasContents;
}

void FrameContents::Erase(PageFrameNumber frame) {
  directory_.frame(frame).flags &= static_cast<FrameFlags>(~kFrameHasContents);
  bytes_.erase(frame);
}

void FrameContents::Drop(PageFrameNumber first, Order order) {
  const auto begin = bytes_.lower_bound(first);
  auto end = begin;
  for (; end != bytes_.end() && end->first < first + PagesOfOrder(order); ++end) {
    directory_.frame(end->first).flags &= static_cast<FrameFlags>(~kFrameHasContents);
  }
  bytes_.erase(begin, end);
}

ByteCount FrameContents::HostMemory() const {
  // A block with what the allocator and shared_ptr add, and a frame's place in the map.
  constexpr ByteCount kPerBlock{sizeof(PageBytes::Block) + 32};
  constexpr ByteCount kPerFrame{32};
  return kPerBlock * blocks_ + kPerFrame * bytes_.size();
}

void FrameContents::DigestTo(Digest& digest) const {
  digest.Add(static_cast<std::uint64_t>(bytes_.size()));
  for (const auto& [frame, bytes] : bytes_) {
    digest.Add(frame);
    digest.Add(bytes.text());
  }
}

void FrameContents::CheckInvariants() const {
  std::uint64_t flagged = 0;
  directory_.ForEachFrame([&flagged](PageFrameNumber, const PageFrame& frame) {
    if ((frame.flags & kFrameHasContents) != 0) ++flagged;
  });
  MEMSIM_CHECK(flagged == bytes_.size(), flagged, bytes_.size());
  for (const auto& [frame, bytes] : bytes_) {
    MEMSIM_CHECK(Has(frame), frame.value());
    MEMSIM_CHECK(!bytes.zero() && !IsZero(bytes.text()), frame.value());
  }
}

}  // namespace memsim
