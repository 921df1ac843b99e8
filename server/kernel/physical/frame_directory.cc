#include "server/kernel/physical/frame_directory.h"

namespace memsim {

const Pageblock* FrameDirectory::FindPageblock(PageFrameNumber pfn) const {
  const std::uint64_t section = pfn.value() / kFramesPerSection;
  if (section >= sections_.size() || sections_[section] == nullptr) return nullptr;
  return &pageblock(pfn);
}

const PageFrame* FrameDirectory::FindFrame(PageFrameNumber pfn) const {
  const Pageblock* block = FindPageblock(pfn);
  if (block == nullptr || block->frames == nullptr) return nullptr;
  return &block->frames[pfn.value() % kFramesPerPageblock];
}

MigrateType FrameDirectory::TypeOf(PageFrameNumber pfn) const {
  const Pageblock* block = FindPageblock(pfn);
  return block == nullptr ? MigrateType::kMovable : block->type;
}

void FrameDirectory::MakeSection(PageFrameNumber pfn) {
  const std::uint64_t section = pfn.value() / kFramesPerSection;
  if (section >= sections_.size()) sections_.resize(section + 1);
  if (sections_[section] != nullptr) return;
  sections_[section] = std::make_unique<Section>();
  ++sections_made_;
}

void FrameDirectory::MakeFrames(PageFrameNumber pfn, Order order) {
  const PageFrameNumber end = pfn + PagesOfOrder(order);
  for (PageFrameNumber at = pfn; at < end; at += kPagesPerPageblock) {
    Pageblock& block = pageblock(at);
    if (block.frames != nullptr) continue;
    block.frames = std::make_unique<PageFrame[]>(kFramesPerPageblock);
    ++pageblocks_with_frames_;
  }
}

ByteCount FrameDirectory::HostMemory() const {
  return ByteCount(sections_.capacity() * sizeof(sections_[0]) + sections_made_ * sizeof(Section) +
                   pageblocks_with_frames_ * kFramesPerPageblock * sizeof(PageFrame));
}

}  // namespace memsim
