#include "tests/conformance/differential/arguments.h"

#include <algorithm>
#include <bit>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "client/library/linux_constants.h"
#include "server/base/check.h"
#include "server/kernel/process/prctl.h"
#include "server/kernel/vm/layout.h"
#include "server/kernel/vm/mman_flags.h"
#include "server/kernel/vm/personality.h"
#include "server/kernel/vm/resource_limits.h"

namespace memsim::differential {
namespace {

constexpr std::uint64_t kPage = kPageSize.value();
constexpr std::uint64_t kAll = ~std::uint64_t{0};

// Addresses and lengths that no program means: nothing, nowhere, not whole, beyond everything, wrapping around.
constexpr std::uint64_t kOddAddresses[] = {0,
                                           kPage,
                                           0x10000,
                                           kTaskSize.value() - kPage,
                                           kTaskSize.value(),
                                           1ULL << 47,
                                           1ULL << 63,
                                           0xffff888000000000,
                                           kAll - kPage + 1};
// None between what fits into memory and TASK_SIZE: it would take the region, or be filled when everything is locked.
constexpr std::uint64_t kOddLengths[] = {0,          1,          kPage - 1,        kPage + 1, kTaskSize.value(),
                                         1ULL << 47, 1ULL << 63, kAll - kPage + 1, kAll};
constexpr std::uint64_t kHugeLengths[] = {2ULL << 20, 4ULL << 20, (2ULL << 20) + kPage, 3ULL << 20};
constexpr std::uint64_t kOddOffsets[] = {
    1, kPage + 1, 1ULL << 32, 0x7fffffffffffe000, 0x7ffffffffffff000, kAll - kPage + 1};

// A value and how often it is drawn.
struct Choice {
  std::uint64_t value;
  std::uint32_t weight;
};

template <std::size_t kCount>
std::uint64_t Draw(Random& random, const Choice (&choices)[kCount]) {
  std::uint64_t total = 0;
  for (const Choice& choice : choices) total += choice.weight;
  std::uint64_t at = random.Below(total);
  for (const Choice& choice : choices) {
    if (at < choice.weight) return choice.value;
    at -= choice.weight;
  }
  return choices[0].value;
}

template <std::size_t kCount>
std::uint64_t Any(Random& random, const std::uint64_t (&values)[kCount]) {
  return values[random.Below(kCount)];
}

// In percent.
bool Chance(Random& random, std::uint64_t percent) { return random.Below(100) < percent; }

constexpr Choice kProtections[] = {{kProtRead | kProtWrite, 60},
                                   {kProtRead, 20},
                                   {0, 8},
                                   {kProtWrite, 3},
                                   {kProtRead | kProtExec, 4},
                                   {kProtExec, 1},
                                   {7, 2},
                                   {kProtRead | 8, 1},
                                   {0x10, 1},
                                   {kAll, 1},
                                   {kProtRead | kProtGrowsDown, 2},
                                   {kProtGrowsDown | kProtGrowsUp, 1}};

constexpr Choice kMapTypes[] = {{kMapPrivate | kMapAnonymous, 50},
                                {kMapShared | kMapAnonymous, 12},
                                {kMapPrivate, 18},
                                {kMapShared, 16},
                                {kMapSharedValidate, 2},
                                {kMapSharedValidate | kMapAnonymous, 1},
                                {kMapAnonymous, 1},
                                {kMapPrivate | kMapAnonymous | kMapGrowsDown, 5}};
constexpr Choice kMapPlaces[] = {
    {kMapFixed, 70}, {kMapFixedNoReplace, 10}, {0, 18}, {kMapFixed | kMapFixedNoReplace, 1}, {kMap32Bit, 1}};
constexpr Choice kMapExtras[] = {{0, 70},
                                 {kMapPopulate, 8},
                                 {kMapLocked, 5},
                                 {kMapNoReserve, 6},
                                 {kMapStack, 4},
                                 {kMapPopulate | kMapNonblock, 2},
                                 {kMapDenyWrite, 1},
                                 {kMapSync, 1},
                                 {1ULL << 33, 1},
                                 {kMapAbove4G, 1}};
constexpr Choice kRemapFlags[] = {{kMremapMayMove, 30},
                                  {kMremapMayMove | kMremapFixed, 45},
                                  {0, 14},
                                  {kMremapMayMove | kMremapDontUnmap, 4},
                                  {kMremapMayMove | kMremapFixed | kMremapDontUnmap, 10},
                                  {kMremapFixed, 1},
                                  {kMremapDontUnmap, 1},
                                  {8, 1}};
constexpr Choice kPolicyModes[] = {{0, 30}, {1, 15}, {4, 40}, {2, 3}, {7, 2}, {0x8000, 3}, {0x8004, 2}};
constexpr Choice kBindChoices[] = {{0, 70}, {1, 30}, {8, 2}};
constexpr Choice kPolicyQuestions[] = {{2, 30}, {3, 60}, {0, 4}, {1, 3}, {4, 3}, {8, 2}};
constexpr Choice kPersonas[] = {
    {kAddrNoRandomize, 40}, {kAddrNoRandomize | kReadImpliesExec, 40}, {kAskPersonality, 10}};
constexpr Choice kSyncChoices[] = {{kMsSync, 4}, {kMsAsync, 3},           {kMsInvalidate, 3},
                                   {0, 1},       {kMsSync | kMsAsync, 1}, {8, 1}};
constexpr Choice kAdvices[] = {{kMadvDontNeed, 30},
                               {kMadvNormal, 5},
                               {kMadvRandom, 8},
                               {kMadvSequential, 5},
                               {kMadvWillNeed, 4},
                               {kMadvDontFork, 6},
                               {kMadvDoFork, 4},
                               {kMadvDontDump, 5},
                               {kMadvDoDump, 4},
                               {kMadvWipeOnFork, 5},
                               {kMadvKeepOnFork, 3},
                               {kMadvFree, 8},
                               {kMadvRemove, 4},
                               {kMadvCold, 4},
                               {kMadvDontNeedLocked, 5},
                               {kMadvGuardInstall, 8},
                               {kMadvGuardRemove, 5},
                               {kMadvPopulateRead, 10},
                               {kMadvPopulateWrite, 10},
                               {5, 1},
                               {100, 1},
                               {kAll, 1}};
constexpr Choice kMlock2Choices[] = {{kMlockOnFault, 70}, {0, 25}, {2, 5}};
constexpr Choice kMlockallChoices[] = {{kMclCurrent, 30},
                                       {kMclFuture, 20},
                                       {kMclCurrent | kMclFuture, 10},
                                       {kMclCurrent | kMclOnFault, 15},
                                       {kMclFuture | kMclOnFault, 10},
                                       {kMclOnFault, 3},
                                       {0, 3},
                                       {8, 3}};
// The operations that need no memory of the program's.
constexpr Choice kPrctlOptions[] = {{kPrSetMdwe, 50}, {kPrGetMdwe, 40}};
constexpr Choice kPrctlArguments[] = {{1, 50}, {3, 15}, {0, 25}, {4, 5}, {2, 5}};
constexpr Choice kResources[] = {{static_cast<std::uint64_t>(Resource::kAs), 30},
                                 {static_cast<std::uint64_t>(Resource::kData), 30},
                                 {static_cast<std::uint64_t>(Resource::kMemlock), 30},
                                 {static_cast<std::uint64_t>(Resource::kStack), 10},
                                 {77, 2}};

// One page, two, three … each half as likely; sometimes many.
std::uint64_t DrawPages(Random& random, std::uint64_t most) {
  if (Chance(random, 8)) return 1 + random.Below(most);
  std::uint64_t pages = 1;
  while (pages < 12 && random.Below(10) < 6) ++pages;
  return pages;
}

std::uint64_t DrawAddress(DrawContext& context, std::size_t index) {
  Random& random = context.random;
  // As a hint that is none.
  if (index == 0 && Chance(random, 5)) return 0;
  if (Chance(random, 2)) return Any(random, kOddAddresses);
  if (Chance(random, 3)) return kHeapStart.value() + random.Below(12) * kPage;
  std::uint64_t address = context.hot_start.value() + random.Below(context.hot_pages.value()) * kPage;
  if (!context.boundaries.empty() && Chance(random, 45)) {
    address = context.boundaries[random.Below(context.boundaries.size())];
    if (Chance(random, 20)) address -= kPage;
    if (Chance(random, 10)) address -= 2 * kPage;
  } else if (Chance(random, 10)) {
    address = context.program.arena_start.value() + random.Below(context.program.arena.value()) * kPage;
  }
  if (Chance(random, 2)) address += 1 + random.Below(kPage - 1);
  return address;
}

std::uint64_t DrawLength(DrawContext& context) {
  Random& random = context.random;
  if (Chance(random, 3)) return Any(random, kOddLengths);
  if (Chance(random, 1)) return Any(random, kHugeLengths);
  std::uint64_t length = DrawPages(random, context.program.arena.value()) * kPage;
  if (Chance(random, 4)) length -= random.Below(kPage);
  return length;
}

std::uint64_t DrawDescriptor(DrawContext& context) {
  const std::size_t open = context.program.descriptors.size();
  if (open == 0 || Chance(context.random, 3)) return Chance(context.random, 50) ? kAll : 77;
  return kFirstDescriptor + context.random.Below(open);
}

std::uint64_t DrawMapFlags(DrawContext& context) {
  std::uint64_t flags = Draw(context.random, kMapTypes) | Draw(context.random, kMapExtras);
  if (context.program.descriptors.empty()) flags |= kMapAnonymous;
  if (context.arguments[0] != 0) flags |= Draw(context.random, kMapPlaces);
  return flags;
}

// About as much as programs have at all, so that some calls are still allowed.
std::uint64_t DrawLimit(DrawContext& context) {
  Random& random = context.random;
  if (context.arguments[0] == static_cast<std::uint64_t>(Resource::kMemlock)) {
    return Chance(random, 20) ? kLockLimit.value() : random.Below(24) * kPage + (Chance(random, 10) ? 100 : 0);
  }
  if (context.arguments[0] == static_cast<std::uint64_t>(Resource::kStack))
    return kStackLimit.value() >> random.Below(12);
  if (Chance(random, 25)) return kRlimInfinity;
  const std::uint64_t base =
      context.arguments[0] == static_cast<std::uint64_t>(Resource::kAs) ? kRegionSize.value() : 0;
  return base + random.Below(64) * kPage;
}

std::uint64_t HardLimit(std::uint64_t resource) {
  return resource == static_cast<std::uint64_t>(Resource::kMemlock) ? kLockLimit.value() : kRlimInfinity;
}

// A fault reads at least 16 pages before it and behind it, and how many more each device says for itself
// (read_ahead_kb): of no more than so many all hosts read all.
std::uint64_t DrawFileLength(Random& random) {
  constexpr std::uint64_t kMostPages = 17;
  return Chance(random, 70) ? random.Below(kMostPages + 1) * kPage : random.Below(kMostPages * kPage);
}

const client::ConstantFamily& Family(const char* name) {
  const client::ConstantFamily* const family = client::FindConstantFamily(name);
  MEMSIM_CHECK(family != nullptr);
  return *family;
}

std::string PrintFlags(const char* family, std::uint64_t value) {
  return client::FormatConstants(Family(family), value);
}

std::string PrintDescriptor(std::uint64_t value, const Program& program) {
  const std::uint64_t index = value - kFirstDescriptor;
  if (index >= program.descriptors.size()) return absl::StrCat(static_cast<std::int32_t>(value));
  return absl::StrCat(value, "<", SimulatedPath(program, program.descriptors[index].file), ">");
}

// Without each of its bits, and the simplest value that is not odd.
std::vector<std::uint64_t> SimplerFlags(std::uint64_t value) {
  std::vector<std::uint64_t> simpler;
  for (std::uint64_t bits = value; bits != 0; bits &= bits - 1) simpler.push_back(value & ~(bits & ~(bits - 1)));
  return simpler;
}

std::vector<std::uint64_t> SimplerAddress(std::uint64_t value) {
  const std::uint64_t base = kArenaBase.value();
  if (value < base || value > base + (1ULL << 30)) return {};
  const std::uint64_t page = (value - base) / kPage;
  std::vector<std::uint64_t> simpler;
  if (value % kPage != 0) simpler.push_back(base + page * kPage);
  for (std::uint64_t step = std::bit_floor(page); step > 0; step /= 2) simpler.push_back(value - step * kPage);
  return simpler;
}

std::vector<std::uint64_t> SimplerLength(std::uint64_t value) {
  std::vector<std::uint64_t> simpler;
  if (value > kPage) simpler.push_back(kPage);
  if (value > (1ULL << 30)) return simpler;
  if (value % kPage != 0) simpler.push_back(value / kPage * kPage + kPage);
  for (std::uint64_t step = std::bit_floor(value / kPage); step > 0; step /= 2) {
    if (value > step * kPage) simpler.push_back(value - step * kPage);
  }
  // Ends of pages are as simple as it gets: rounding up must not undo what taking away did.
  std::erase_if(simpler, [value](std::uint64_t candidate) { return candidate > value && value % kPage == 0; });
  return simpler;
}

std::vector<std::uint64_t> SimplerNumber(std::uint64_t value) {
  std::vector<std::uint64_t> simpler;
  if (value == 0) return simpler;
  simpler.push_back(0);
  if (value % kPage != 0) simpler.push_back(value / kPage * kPage);
  for (std::uint64_t step = std::bit_floor(value / kPage); step > 0; step /= 2) simpler.push_back(value - step * kPage);
  return simpler;
}

}  // namespace

std::string SimulatedPath(const Program& program, std::size_t file) {
  const bool disk = program.files[file].kind == FileSystemKind::kDisk;
  return absl::StrCat(disk ? "/home/student/" : "/dev/shm/", FileName(file));
}

std::uint64_t DrawArgument(DrawContext& context, ArgumentKind kind, std::size_t index) {
  Random& random = context.random;
  switch (kind) {
    case ArgumentKind::kNone:
      return 0;
    case ArgumentKind::kAddress:
      return DrawAddress(context, index);
    case ArgumentKind::kLength:
      return DrawLength(context);
    case ArgumentKind::kProtection:
      return Draw(random, kProtections);
    case ArgumentKind::kMapFlags:
      return DrawMapFlags(context);
    case ArgumentKind::kMappedDescriptor:
      return (context.arguments[index - 1] & kMapAnonymous) != 0 ? kAll : DrawDescriptor(context);
    case ArgumentKind::kOffset:
      return Chance(random, 2) ? Any(random, kOddOffsets) : random.Below(Chance(random, 50) ? 1 : 12) * kPage;
    case ArgumentKind::kRemapFlags:
      return Draw(random, kRemapFlags);
    case ArgumentKind::kAdvice:
      return Draw(random, kAdvices);
    case ArgumentKind::kBreak:
      if (Chance(random, 4)) return Any(random, kOddAddresses);
      return kHeapStart.value() + random.Below(24) * kPage + (Chance(random, 40) ? random.Below(kPage) : 0);
    case ArgumentKind::kMlock2Flags:
      return Draw(random, kMlock2Choices);
    case ArgumentKind::kMlockallFlags:
      return Draw(random, kMlockallChoices);
    case ArgumentKind::kSyncFlags:
      return Draw(random, kSyncChoices);
    case ArgumentKind::kPolicyMode:
      return Draw(random, kPolicyModes);
    case ArgumentKind::kBindFlags:
      return Draw(random, kBindChoices);
    case ArgumentKind::kPolicyQuestion:
      return Draw(random, kPolicyQuestions);
    case ArgumentKind::kNull:
      return 0;
    case ArgumentKind::kPersona:
      return Draw(random, kPersonas);
    case ArgumentKind::kNoFlags:
      return Chance(random, 20) ? 1 : 0;
    case ArgumentKind::kPageOffset:
      return Chance(random, 20) ? Any(random, kOddAddresses) : random.Below(24);
    case ArgumentKind::kResource:
      return Draw(random, kResources);
    case ArgumentKind::kLimit:
      return DrawLimit(context);
    case ArgumentKind::kHardLimit:
      return HardLimit(context.arguments[0]);
    case ArgumentKind::kDescriptor:
      return DrawDescriptor(context);
    case ArgumentKind::kFileLength:
      return DrawFileLength(random);
    case ArgumentKind::kWriteLength:
      // What is written at once gets large folios, which machines do not simulate.
      return Chance(random, 50) ? kPage : random.Below(kPage);
    case ArgumentKind::kBuffer:
      return kWriteBuffer.value();
    case ArgumentKind::kPrctlOption:
      return Draw(random, kPrctlOptions);
    case ArgumentKind::kPrctlArgument:
      return Draw(random, kPrctlArguments);
    case ArgumentKind::kTouchedPages:
      return Chance(random, 50) ? 1 : 1 + random.Below(8);
  }
  return 0;
}

std::vector<std::uint64_t> SimplerArguments(ArgumentKind kind, std::uint64_t value) {
  switch (kind) {
    case ArgumentKind::kAddress:
      return SimplerAddress(value);
    case ArgumentKind::kLength:
    case ArgumentKind::kWriteLength:
      return SimplerLength(value);
    case ArgumentKind::kProtection:
      if (value == (kProtRead | kProtWrite)) return {};
      return {kProtRead | kProtWrite};
    case ArgumentKind::kMapFlags:
    case ArgumentKind::kRemapFlags:
      return SimplerFlags(value);
    case ArgumentKind::kOffset:
    case ArgumentKind::kFileLength:
      return SimplerNumber(value);
    case ArgumentKind::kTouchedPages:
      if (value == 1) return {};
      return {1, value - 1};
    default:
      return {};
  }
}

std::string PrintArgument(ArgumentKind kind, std::uint64_t value, const Program& program) {
  switch (kind) {
    case ArgumentKind::kAddress:
    case ArgumentKind::kBreak:
      return value == 0 ? "NULL" : absl::StrFormat("%#x", value);
    case ArgumentKind::kOffset:
      return absl::StrFormat("%#x", value);
    case ArgumentKind::kProtection:
      return PrintFlags("PROT", value);
    case ArgumentKind::kMapFlags:
      return PrintFlags("MAP", value);
    case ArgumentKind::kRemapFlags:
      return PrintFlags("MREMAP", value);
    case ArgumentKind::kAdvice:
      return PrintFlags("MADV", static_cast<std::uint32_t>(value));
    case ArgumentKind::kMlock2Flags:
      return PrintFlags("MLOCK", value);
    case ArgumentKind::kMlockallFlags:
      return PrintFlags("MCL", value);
    case ArgumentKind::kSyncFlags:
      return PrintFlags("MS", value);
    case ArgumentKind::kPolicyMode:
      return PrintFlags("MPOL", value);
    case ArgumentKind::kBindFlags:
      return PrintFlags("MPOL_MF", value);
    case ArgumentKind::kPolicyQuestion:
      return PrintFlags("MPOL_F", value);
    case ArgumentKind::kNull:
      return "NULL";
    case ArgumentKind::kPersona:
      return PrintFlags("PERSONALITY", value);
    case ArgumentKind::kResource:
      return PrintFlags("RLIMIT", value);
    case ArgumentKind::kPrctlOption:
      return PrintFlags("PR", value);
    case ArgumentKind::kDescriptor:
    case ArgumentKind::kMappedDescriptor:
      return PrintDescriptor(value, program);
    case ArgumentKind::kBuffer:
      return "\"\"...";
    default:
      return absl::StrCat(value);
  }
}

}  // namespace memsim::differential
