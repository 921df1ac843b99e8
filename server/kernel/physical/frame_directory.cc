#include "server/kernel/physical/frame_directory.h"

namespace memsim {

const Pageblock* FrameDirectory::FindPageblock(PageFrameNumber pfn) const {
  const std::uint64_t section = pfn.value() / kFramesPerSection;
  if (section >= sections_.size() || sections_[section] == nullptr) return nullptr;
  return &pageblock(pfn);
}

const PageFrame* FrameDirectory::FindFrame(PageFrameNumber pfn) const {
  if (FindPageblock(pfn) == nullptr) return nullptr;
  const PageFrame* const records = group(pfn);
  return records == nullptr ? nullptr : &records[pfn.value() % kFramesPerGroup];
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
  for (PageFrameNumber at = pfn; at < end; at += PageCount(kFramesPerGroup)) {
    if (group(at) == nullptr) MakeGroup(at);
  }
}

void FrameDirectory::MakeGroup(PageFrameNumber pfn) {
  section(pfn).groups[pfn.value() / kFramesPerGroup % kGroupsPerSection] =
      std::make_unique<PageFrame[]>(kFramesPerGroup);
  ++groups_made_;
}

ByteCount FrameDirectory::HostMemory() const {
  return ByteCount(sections_.capacity() * sizeof(sections_[0]) + sections_made_ * sizeof(Section) +
                   groups_made_ * kFramesPerGroup * sizeof(PageFrame));
}

}  // namespace memsim
