// Random operations on a VmaTree and on the slow and obvious std::map, compared after each.

#include <cinttypes>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "server/base/random.h"
#include "server/kernel/vm/vma_tree.h"
#include "tests/model/shrink.h"

namespace memsim {
namespace {

enum class Kind : std::uint8_t { kInsert, kErase, kResize, kFind, kFindBefore, kNeighbours };

// Valid in any state: an operation that does not apply does nothing. Addresses are in pages; those searched for may lie
// a byte beside one.
struct Operation {
  Kind kind;
  std::uint64_t page;
  std::uint64_t pages;
  std::uint32_t id;
};
using Program = std::vector<Operation>;

std::string Paste(const Program& program) {
  static constexpr const char* kNames[] = {"kInsert", "kErase", "kResize", "kFind", "kFindBefore", "kNeighbours"};
  std::string text = "Program program = {\n";
  for (const Operation& op : program) {
    absl::StrAppend(&text, "    {Kind::", kNames[static_cast<int>(op.kind)], ", ", op.page, ", ", op.pages, ", ", op.id,
                    "},\n");
  }
  return text + "};\nEXPECT_TRUE(Agrees(program));\n";
}

VirtualRange Pages(std::uint64_t start, std::uint64_t end) {
  return {VirtualAddress(start << kPageShift), VirtualAddress(end << kPageShift)};
}

class Model {
 public:
  using Entry = VmaTree::Entry;
  using Gap = VmaTree::Gap;

  bool IsFree(VirtualRange range) const {
    for (const auto& [start, entry] : entries_) {
      if (entry.range.Overlaps(range)) return false;
    }
    return true;
  }
  void Insert(VirtualRange range, VmaId id) { entries_[range.start] = {range, id}; }
  void Erase(VirtualAddress start) { entries_.erase(start); }
  std::optional<Entry> Find(VirtualAddress address) const {
    for (const auto& [start, entry] : entries_) {
      if (entry.range.end > address) return entry;
    }
    return std::nullopt;
  }
  std::optional<Entry> FindBefore(VirtualAddress address) const {
    std::optional<Entry> last;
    for (const auto& [start, entry] : entries_) {
      if (start < address) last = entry;
    }
    return last;
  }
  // All gaps of the window that fit, ascending.
  std::vector<Gap> Gaps(VirtualRange window, ByteCount size) const {
    std::vector<Gap> gaps;
    VirtualAddress low(0);
    VmaId below = kNoVma;
    const auto consider = [&](VirtualAddress high, VmaId above) {
      const VirtualRange range = VirtualRange{low, high}.Intersection(window);
      if (!range.empty() && range.size() >= size) gaps.push_back({range, below, above});
    };
    for (const auto& [start, entry] : entries_) {
      consider(start, entry.id);
      low = entry.range.end;
      below = entry.id;
    }
    consider(VirtualAddress(UINT64_MAX), kNoVma);
    return gaps;
  }
  std::vector<Entry> All() const {
    std::vector<Entry> all;
    for (const auto& [start, entry] : entries_) all.push_back(entry);
    return all;
  }

 private:
  std::map<VirtualAddress, Entry> entries_;
};

void Change(const Operation& op, VmaTree& tree, Model& model) {
  const VirtualRange range = Pages(op.page, op.page + op.pages);
  if (op.kind == Kind::kInsert) {
    if (!model.IsFree(range)) return;
    tree.Insert(range, VmaId(op.id));
    model.Insert(range, VmaId(op.id));
    return;
  }
  const std::optional<VmaTree::Entry> entry = model.Find(range.start);
  if (!entry.has_value()) return;
  model.Erase(entry->range.start);
  if (op.kind == Kind::kErase) {
    tree.Erase(entry->range.start);
    return;
  }
  // Only where its neighbours leave room, and not past them.
  const VirtualRange hull = {std::min(range.start, entry->range.start), std::max(range.end, entry->range.end)};
  const bool fits = model.IsFree(hull);
  if (fits) tree.Resize(entry->range.start, range);
  model.Insert(fits ? range : entry->range, entry->id);
}

bool SameHighest(VirtualRange window, ByteCount size, VmaTree& tree, const Model& model) {
  const std::vector<VmaTree::Gap> gaps = model.Gaps(window, size);
  const std::optional<VmaTree::Gap> highest = tree.HighestGap(window, size);
  return gaps.empty() ? !highest.has_value() : highest == gaps.back();
}

bool SameNeighbours(VirtualRange stretch, VmaTree& tree, const Model& model) {
  const std::optional<VmaTree::Entry> below = model.FindBefore(stretch.start);
  const std::optional<VmaTree::Entry> above = model.Find(stretch.end);
  if (below.has_value() && below->range.end > stretch.start) return true;
  if (above.has_value() && above->range.start < stretch.end) return true;
  const VmaTree::Neighbours neighbours = tree.NeighboursOf(stretch);
  return neighbours.below == (below.has_value() ? below->id : kNoVma) &&
         neighbours.above == (above.has_value() ? above->id : kNoVma);
}

// A single search, which finds what the search before left to it.
bool SameSearch(const Operation& op, VmaTree& tree, const Model& model) {
  const VirtualAddress address((op.page << kPageShift) + op.id % 3 - (op.page == 0 ? 0 : 1));
  switch (op.kind) {
    case Kind::kFind:
      return tree.Find(address) == model.Find(address);
    case Kind::kFindBefore:
      return tree.FindBefore(address) == model.FindBefore(address);
    default:
      return SameNeighbours(Pages(op.page, op.page + op.pages), tree, model);
  }
}

bool IsSearch(Kind kind) { return kind >= Kind::kFind; }

bool SameLookups(const Operation& op, VmaTree& tree, const Model& model) {
  const VirtualRange window = Pages(op.page / 2, op.page + 16 * op.pages);
  for (const VirtualAddress a : {window.start, window.end, VirtualAddress(op.page << kPageShift)}) {
    if (tree.Find(a) != model.Find(a) || tree.FindBefore(a) != model.FindBefore(a)) return false;
    if (!SameNeighbours(RangeOf(a, kPageSize), tree, model)) return false;
    if (!SameNeighbours(RangeOf(a, ToBytes(PageCount(op.pages))), tree, model)) return false;
  }
  const ByteCount size = ToBytes(PageCount(op.pages));
  const std::vector<VmaTree::Gap> gaps = model.Gaps(window, size);
  const std::optional<VmaTree::Gap> lowest = tree.LowestGap(window, size);
  if (gaps.empty() ? lowest.has_value() : lowest != gaps.front()) return false;
  // In a copy, for a search in another window makes the tree forget what it remembers of the usual one.
  VmaTree copy = tree;
  return SameHighest(window, size, copy, model);
}

bool Agrees(const Program& program) {
  VmaTree tree;
  Model model;
  // One and the same, as a process asks: the tree remembers what it found there, while much may happen.
  const Operation first = program.empty() ? Operation{} : program[0];
  const std::uint64_t usual_pages = 1 + first.pages;
  for (const Operation& op : program) {
    if (IsSearch(op.kind)) {
      if (!SameSearch(op, tree, model)) return false;
      continue;
    }
    Change(op, tree, model);
    // In a copy, so that the tree itself goes on from where the operations left it.
    VmaTree copy = tree;
    copy.CheckInvariants();
    if (!SameLookups(op, copy, model)) return false;
    const PageCount pages(op.id % 8 == 0 ? op.pages : usual_pages);
    const VirtualRange window = Pages(op.id % 5 == 0 ? first.page / 2 : 1, 2 + first.page);
    if (op.id % 2 == 0 && !SameHighest(window, ToBytes(pages), tree, model)) return false;
    std::vector<VmaTree::Entry> all;
    copy.ForEach([&all](const VmaTree::Entry& entry) { all.push_back(entry); });
    if (all != model.All() || all.size() != tree.size()) return false;
  }
  return true;
}

// Phases of growing and of shrinking, so that trees of several levels come and go. As many searches as changes, many of
// them near the operation before.
Program Draw(std::uint64_t seed) {
  constexpr int kOperations = 3000;
  Random random(seed);
  const std::uint64_t span = 1ULL << (6 + random.Below(8));
  const std::uint64_t longest = 1 + random.Below(12);
  Program program;
  for (int i = 0; i < kOperations; ++i) {
    const bool growing = (i / 1000) % 2 == 0;
    const std::uint64_t draw = random.Below(100);
    Kind kind = draw < 20 ? Kind::kResize : (draw < (growing ? 90 : 30)) ? Kind::kInsert : Kind::kErase;
    std::uint64_t page = random.Below(span);
    if (random.Below(2) == 0) kind = static_cast<Kind>(static_cast<std::uint64_t>(Kind::kFind) + random.Below(3));
    if (!program.empty() && random.Below(2) == 0) page = (program.back().page + random.Below(2 * longest)) % span;
    program.push_back({kind, page, 1 + random.Below(longest), 1 + static_cast<std::uint32_t>(i)});
  }
  return program;
}

TEST(VmaTreeModelTest, RandomProgramsAgreeWithAMap) {
  constexpr std::uint64_t kSeeds = 40;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Program program = Draw(seed);
    if (SucceedsInChild([&program] { return Agrees(program); }, false)) continue;
    ADD_FAILURE() << "seed " << seed << "; the shortest failing program:\n"
                  << Paste(Shrink<Operation>(program, Agrees));
    return;
  }
}

}  // namespace
}  // namespace memsim
