#include "tests/conformance/differential/generator.h"

#include <algorithm>

#include "server/base/random.h"
#include "server/kernel/file/open_flags.h"
#include "tests/conformance/differential/arguments.h"
#include "tests/conformance/differential/calls.h"

namespace memsim::differential {
namespace {

constexpr std::uint64_t kPage = kPageSize.value();
constexpr std::uint64_t kFewestSteps = 6;
constexpr std::uint64_t kMostSteps = 60;
// So many ends of ranges are remembered: what has just been named is worked on again.
constexpr std::size_t kBoundaries = 10;
constexpr std::uint64_t kArenaSizes[] = {64, 64, 64, 96, 128, 512};
// In pages: at the start of a page table, or near its end and across it.
constexpr std::uint64_t kArenaStarts[] = {0, 0, 0, 490};
// Where most happens, in pages of the arena.
constexpr std::uint64_t kHotStarts[] = {0, 0, 8, 20};
// Of the first open of a file, and of others.
constexpr std::uint32_t kAccesses[] = {kOpenReadWrite, kOpenReadWrite, kOpenReadWrite, kOpenReadOnly, kOpenWriteOnly};

void DrawFiles(Random& random, Program& program) {
  const std::uint64_t files = random.Below(4);
  for (std::uint64_t i = 0; i < files; ++i) {
    FileSpec file;
    file.kind = random.Below(2) == 0 ? FileSystemKind::kDisk : FileSystemKind::kTmpfs;
    file.size = ByteCount(random.Below(40) * kPage + (random.Below(3) == 0 ? random.Below(kPage) : 0));
    program.files.push_back(file);
    program.descriptors.push_back({i, kAccesses[random.Below(std::size(kAccesses))]});
  }
  // Mappings of two opens of one file do not merge.
  if (files > 0 && random.Below(3) == 0) {
    program.descriptors.push_back({random.Below(files), kAccesses[random.Below(std::size(kAccesses))]});
  }
}

std::size_t DrawCall(Random& random) {
  std::uint64_t total = 0;
  for (const CallRow& row : Calls()) total += row.weight;
  std::uint64_t at = random.Below(total);
  for (std::size_t i = 0; i < Calls().size(); ++i) {
    if (at < Calls()[i].weight) return i;
    at -= Calls()[i].weight;
  }
  return 0;
}

void Remember(std::vector<std::uint64_t>& boundaries, std::uint64_t address) {
  if (address < kHeapStart.value() || address > kArenaBase.value() + (1ULL << 30)) return;
  if (boundaries.size() == kBoundaries) boundaries.erase(boundaries.begin());
  boundaries.push_back(address / kPage * kPage);
}

Step DrawStep(DrawContext& context) {
  Step step;
  step.call = DrawCall(context.random);
  step.process = static_cast<std::uint32_t>(context.random.Below(kMaxProcesses));
  const CallRow& row = Calls()[step.call];
  context.arguments = {};
  for (std::size_t i = 0; i < row.arguments.size(); ++i) {
    context.arguments[i] = DrawArgument(context, row.arguments[i], i);
  }
  step.arguments = context.arguments;
  return step;
}

void RememberEnds(const Step& step, std::vector<std::uint64_t>& boundaries) {
  const CallRow& row = Calls()[step.call];
  for (std::size_t i = 0; i < row.arguments.size(); ++i) {
    if (row.arguments[i] != ArgumentKind::kAddress) continue;
    Remember(boundaries, step.arguments[i]);
    if (i + 1 < row.arguments.size() && row.arguments[i + 1] == ArgumentKind::kLength) {
      Remember(boundaries, step.arguments[i] + step.arguments[i + 1]);
    }
  }
}

}  // namespace

bool HitsRegion(const Step& step) {
  const CallRow& row = Calls()[step.call];
  for (std::size_t i = 0; i + 1 < row.arguments.size(); ++i) {
    if (row.arguments[i] != ArgumentKind::kAddress) continue;
    const std::uint64_t start = step.arguments[i];
    const std::uint64_t length = row.arguments[i + 1] == ArgumentKind::kLength ? step.arguments[i + 1] : 1ULL << 30;
    if (start < kHeapStart.value() && start + length > kRegionBase.value()) return true;
  }
  return false;
}

Program DrawProgram(std::uint64_t seed) {
  Random random(seed);
  Program program;
  program.seed = seed;
  program.arena_start += ByteCount(kArenaStarts[random.Below(std::size(kArenaStarts))] * kPage);
  program.arena = PageCount(kArenaSizes[random.Below(std::size(kArenaSizes))]);
  program.privileged = random.Below(2) == 0;
  DrawFiles(random, program);
  const std::uint64_t hot_pages = 4 + random.Below(random.Below(2) == 0 ? 8 : 28);
  const ByteCount hot_offset(kHotStarts[random.Below(std::size(kHotStarts))] * kPage);
  DrawContext context{random, program, program.arena_start + hot_offset, PageCount(hot_pages), {}, {}};
  const std::uint64_t steps = kFewestSteps + random.Below(kMostSteps - kFewestSteps + 1);
  while (program.steps.size() < steps) {
    const Step step = DrawStep(context);
    if (HitsRegion(step)) continue;
    RememberEnds(step, context.boundaries);
    program.steps.push_back(step);
  }
  return program;
}

}  // namespace memsim::differential
