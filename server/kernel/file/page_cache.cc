#include "server/kernel/file/page_cache.h"

#include "server/base/check.h"

namespace memsim {

std::optional<PageFrameNumber> PageCache::Find(PageOffset index) const {
  const auto found = frames_.find(index);
  if (found == frames_.end()) return std::nullopt;
  return found->second;
}

void PageCache::Add(PageOffset index, PageFrameNumber frame) {
  const bool added = frames_.emplace(index, frame).second;
  MEMSIM_CHECK(added, index.value(), frame.value());
}

void PageCache::Remove(PageOffset first, PageOffset end, absl::FunctionRef<void(PageOffset, PageFrameNumber)> visit) {
  const auto begin = frames_.lower_bound(first);
  const auto past = frames_.lower_bound(end);
  for (auto page = begin; page != past; ++page) visit(page->first, page->second);
  frames_.erase(begin, past);
}

void PageCache::ForEachIn(PageOffset first, PageOffset end,
                          absl::FunctionRef<void(PageOffset, PageFrameNumber)> visit) const {
  for (auto page = frames_.lower_bound(first); page != frames_.end() && page->first < end; ++page) {
    visit(page->first, page->second);
  }
}

void PageCache::ForEach(absl::FunctionRef<void(PageOffset, PageFrameNumber)> visit) const {
  for (const auto& [index, frame] : frames_) visit(index, frame);
}

void PageCache::DigestTo(Digest& digest) const {
  digest.Add(size());
  for (const auto& [index, frame] : frames_) {
    digest.Add(index);
    digest.Add(frame);
  }
}

}  // namespace memsim
