#include "tests/model/machine_program.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "server/base/random.h"
#include "server/kernel/file/open_flags.h"
#include "server/kernel/vm/mman_flags.h"
#include "tests/model/slow_objects.h"

namespace memsim {
namespace {

constexpr const char* kKindNames[] = {"kSpawn",      "kClone",         "kExec",      "kExit",      "kWait",  "kLimit",
                                      "kMmap",       "kMunmap",        "kMprotect",  "kMremap",    "kBrk",   "kMadvise",
                                      "kMlock",      "kMlockall",      "kShm",       "kAsk",       "kBytes", "kTouch",
                                      "kAllocPages", "kGetZeroedPage", "kFreePages", "kMknod",     "kOpen",  "kClose",
                                      "kDup",        "kFtruncate",     "kWrite",     "kRead",      "kLseek", "kUnlink",
                                      "kRename",     "kAdvanceTime",   "kSlab",      "kConcurrent"};

// How often, as a share of all weights; what happens in the arena most of all.
struct Weight {
  Kind kind;
  std::uint32_t weight;
};
constexpr Weight kWeights[] = {
    {Kind::kSpawn, 30},     {Kind::kClone, 40},     {Kind::kExec, 15},       {Kind::kExit, 20},
    {Kind::kWait, 20},      {Kind::kLimit, 10},     {Kind::kMmap, 200},      {Kind::kMunmap, 70},
    {Kind::kMprotect, 100}, {Kind::kMremap, 100},   {Kind::kBrk, 30},        {Kind::kMadvise, 60},
    {Kind::kMlock, 50},     {Kind::kMlockall, 6},   {Kind::kShm, 90},        {Kind::kAsk, 200},
    {Kind::kBytes, 150},    {Kind::kTouch, 200},    {Kind::kAllocPages, 60}, {Kind::kGetZeroedPage, 15},
    {Kind::kFreePages, 70}, {Kind::kMknod, 15},     {Kind::kOpen, 40},       {Kind::kClose, 20},
    {Kind::kDup, 15},       {Kind::kFtruncate, 20}, {Kind::kWrite, 25},      {Kind::kRead, 25},
    {Kind::kLseek, 20},     {Kind::kUnlink, 12},    {Kind::kRename, 10},     {Kind::kAdvanceTime, 8},
    {Kind::kSlab, 350},     {Kind::kConcurrent, 20}};

Kind DrawKind(Random& random) {
  std::uint32_t sum = 0;
  for (const Weight& weight : kWeights) sum += weight.weight;
  std::uint64_t draw = random.Below(sum);
  for (const Weight& weight : kWeights) {
    if (draw < weight.weight) return weight.kind;
    draw -= weight.weight;
  }
  return Kind::kTouch;
}

std::uint64_t DrawPlace(Random& random) {
  const std::uint64_t draw = random.Below(100);
  if (draw < 80) return random.Below(kArenaPages);
  if (draw < 97) return kArenaPages + random.Below(kOddPlace - kArenaPages);
  return kOddPlace + random.Below(std::size(kOddAddresses));
}

// Mostly few; sometimes none, sometimes more than there are.
std::uint64_t DrawPages(Random& random) {
  const std::uint64_t draw = random.Below(40);
  if (draw == 0) return 0;
  if (draw == 1) return random.Below(200);
  return 1 + std::min(random.Below(24), random.Below(24));
}

std::uint64_t DrawProt(Random& random) {
  static constexpr std::uint64_t kProts[] = {3, 3, 3, 3, 1, 1, 5, 0, 7, 2, 4, 6, 0x10};
  return kProts[random.Below(std::size(kProts))];
}

std::uint64_t DrawAdvice(Random& random) {
  static constexpr std::uint64_t kAdvices[] = {4,  4,  4,  4,  0, 1,  2,  3,  10, 11, 18, 19, 22,
                                               23, 23, 16, 17, 8, 14, 14, 14, 15, 25, 99, 101};
  return kAdvices[random.Below(std::size(kAdvices))];
}

std::uint64_t DrawDescriptor(Random& random) { return random.Below(9); }

void DrawProcessArguments(Random& random, MachineOperation& op) {
  if (op.kind == Kind::kClone) {
    op.a = random.Below(3) == 0 ? random.Below(std::size(kCloneChoices)) : random.Below(3);
  } else if (op.kind == Kind::kExec) {
    op.a = random.Below(6);
  } else if (op.kind == Kind::kWait) {
    op.a = random.Below(2) * random.Below(20);
  } else if (op.kind == Kind::kLimit) {
    op.a = random.Below(2) == 0 ? random.Below(18) : 2 + random.Below(8);
    op.b = random.Below(3) == 0 ? 0 : random.Below(2) == 0 ? random.Below(300) : UINT64_MAX;
  }
}

void DrawMremapArguments(Random& random, MachineOperation& op) {
  op.a = random.Below(4) == 0 ? op.pages : DrawPages(random);
  op.b = DrawPlace(random) << 8;
  const std::uint64_t draw = random.Below(60);
  if (draw == 0) {
    op.b |= random.Below(16);
  } else if (draw < 10) {
    op.b |= kMremapMayMove | kMremapDontUnmap;
    op.a = op.pages;
  } else if (draw < 25) {
    op.b |= kMremapMayMove | kMremapFixed;
  } else if (draw < 45) {
    op.b |= kMremapMayMove;
  }
  // Lengths beyond all addresses.
  if (random.Below(60) == 0) op.pages = (1ULL << 52) - random.Below(1ULL << 33);
  if (random.Below(60) == 0) op.a = (1ULL << 52) - random.Below(3);
}

// From the arena's start, so that whole huge pages lie inside.
void DrawHugeRange(Random& random, MachineOperation& op) {
  op.place = 0;
  op.pages = 512 + random.Below(2) * random.Below(600);
}

void DrawMemoryArguments(Random& random, MachineOperation& op) {
  if (op.kind == Kind::kMmap) {
    op.a = DrawProt(random);
    op.b = random.Below(std::size(kMapChoices)) | DrawDescriptor(random) << 8;
    if (random.Below(30) == 0) DrawHugeRange(random, op);
  } else if (op.kind == Kind::kMprotect) {
    op.a = DrawProt(random);
    op.b = random.Below(3);
  } else if (op.kind == Kind::kMremap) {
    DrawMremapArguments(random, op);
  } else if (op.kind == Kind::kBrk) {
    op.a = random.Below(4096);
  } else if (op.kind == Kind::kMadvise) {
    op.a = DrawAdvice(random);
    if (op.a == kMadvHugePage && random.Below(2) == 0) DrawHugeRange(random, op);
    if (random.Below(40) == 0) DrawHugeRange(random, op);
  } else if (op.kind == Kind::kMlock) {
    constexpr std::uint64_t kChoices = static_cast<std::uint64_t>(LockChoice::kCount);
    op.a = random.Below(20) == 0 ? random.Below(kChoices) : random.Below(kChoices - 1);
  } else if (op.kind == Kind::kMlockall) {
    op.a = random.Below(2) * random.Below(9);
  } else if (op.kind == Kind::kShm) {
    // Mostly what attaches and detaches.
    op.a = random.Below(3) == 0 ? random.Below(static_cast<std::uint64_t>(ShmChoice::kCount)) : random.Below(3);
    op.b = random.Below(1U << 16);
  } else if (op.kind == Kind::kAsk) {
    op.a = random.Below(static_cast<std::uint64_t>(AskChoice::kCount));
    op.b = random.Below(1U << 16);
  } else if (op.kind == Kind::kBytes) {
    op.a = random.Below(10) == 0 ? 2 : random.Below(2);
    op.b = random.Below(4096) | (random.Below(10) == 0 ? random.Below(12288) : random.Below(20)) << 12;
  } else if (op.kind == Kind::kTouch) {
    op.a = random.Below(10) == 0 ? 2 : random.Below(2);
  }
}

// hungry: large blocks as often as small ones.
void DrawPageArguments(Random& random, bool hungry, MachineOperation& op) {
  if (op.kind == Kind::kAllocPages) {
    op.a = hungry ? random.Below(11) : std::min(random.Below(11), random.Below(5));
    if (random.Below(30) == 0) op.a = 11;
    op.b = random.Below(2) == 0 ? 0 : random.Below(std::size(kGfpChoices));
  } else if (op.kind == Kind::kGetZeroedPage) {
    op.b = random.Below(std::size(kGfpChoices));
  } else if (op.kind == Kind::kFreePages) {
    op.a = random.Below(1000);
    op.b = random.Below(4) != 0 ? 0 : random.Below(4) | random.Below(13) << 8;
  }
}

void DrawFileArguments(Random& random, MachineOperation& op) {
  const bool by_path =
      op.kind == Kind::kMknod || op.kind == Kind::kOpen || op.kind == Kind::kUnlink || op.kind == Kind::kRename;
  op.a = by_path ? random.Below(kPathCount) : DrawDescriptor(random);
  if (op.kind == Kind::kMknod) {
    op.b = random.Below(3) == 0 ? random.Below(7) : 0;
  } else if (op.kind == Kind::kOpen) {
    op.b = random.Below(2) == 0 ? random.Below(2) * 3 : random.Below(std::size(kOpenChoices));
  } else if (op.kind == Kind::kDup) {
    op.b = random.Below(2) * random.Below(12);
    op.pages = random.Below(4) == 0 ? kOpenCloseOnExec : random.Below(20) == 0 ? 1 : 0;
  } else if (op.kind == Kind::kFtruncate || op.kind == Kind::kWrite) {
    op.b = random.Below(3) == 0 ? random.Below(60) : 0;
  } else if (op.kind == Kind::kRead) {
    op.pages = random.Below(10000);
    op.b = random.Below(2) == 0 ? random.Below(60) : 0;
  } else if (op.kind == Kind::kLseek) {
    op.b = random.Below(6);
  } else if (op.kind == Kind::kRename) {
    op.b = random.Below(kPathCount);
  }
}

// growing: objects are taken rather than given back.
void DrawSlabArguments(Random& random, bool growing, MachineOperation& op) {
  op.a = static_cast<std::uint64_t>(DrawSlabCall(random, growing));
  op.place = random.Below(1000);
  op.b = random.Below(100000);
}

// Mostly few lanes, which then have more calls each.
void DrawLanes(Random& random, MachineOperation& op) {
  op.a = random.Below(random.Below(2) == 0 ? 4 : 64);
  op.b = random.Below(60);
}

MachineOperation DrawOperation(Random& random, bool hungry, bool growing) {
  MachineOperation op{DrawKind(random),
                      static_cast<std::uint32_t>(random.Below(12)),
                      DrawPlace(random),
                      DrawPages(random),
                      0,
                      0,
                      static_cast<std::uint32_t>(random.Below(64))};
  if (op.kind <= Kind::kLimit) {
    DrawProcessArguments(random, op);
  } else if (op.kind <= Kind::kTouch) {
    DrawMemoryArguments(random, op);
  } else if (op.kind <= Kind::kFreePages) {
    DrawPageArguments(random, hungry, op);
  } else if (op.kind == Kind::kSlab) {
    DrawSlabArguments(random, growing, op);
  } else if (op.kind == Kind::kConcurrent) {
    DrawLanes(random, op);
  } else {
    DrawFileArguments(random, op);
  }
  return op;
}

}  // namespace

MachineSpec MachineProgram::Spec() const {
  MachineSpec spec;
  spec.memory = ByteCount(memory_mib << 20);
  spec.cpu_count = cpus;
  spec.seed = seed;
  spec.address_randomization = randomize ? AddressRandomization::kOn : AddressRandomization::kOff;
  spec.sysctls.max_map_count = max_map_count;
  return spec;
}

std::string Paste(const MachineProgram& program) {
  std::string text =
      absl::StrCat("EXPECT_TRUE(Agrees({", program.memory_mib, ", ", program.cpus, ", ", program.seed, ", ",
                   program.randomize ? "true" : "false", ", ", program.max_map_count, ", true, {\n");
  for (const MachineOperation& op : program.operations) {
    absl::StrAppend(&text, "    {Kind::", kKindNames[static_cast<int>(op.kind)], ", ", op.process, ", ", op.place, ", ",
                    op.pages, "U, ", op.a, "U, ", op.b, "U, ", op.cpu, "},\n");
  }
  return text + "}}));\n";
}

MachineProgram DrawProgram(std::uint64_t seed, std::uint32_t cpus) {
  constexpr int kOperations = 300;
  Random random(seed);
  MachineProgram program;
  program.memory_mib = random.Below(2) == 0 ? 16 : 17 + random.Below(48);
  // Large enough for pageblocks to be reserved for atomic allocations.
  if (random.Below(20) == 0) program.memory_mib = 256;
  // The fewer, the more pages each keeps to itself.
  constexpr std::uint32_t kManyCpus = 64;
  const std::uint64_t draw = random.Below(3);
  program.cpus = 1 + static_cast<std::uint32_t>(random.Below(draw == 0 ? 4 : kManyCpus));
  if (draw == 2) program.cpus = kManyCpus;
  if (cpus != 0) program.cpus = cpus;
  program.seed = seed;
  program.randomize = random.Below(2) == 0;
  // init itself has nine mappings.
  program.max_map_count = random.Below(5) == 0 ? 12 + static_cast<std::uint32_t>(random.Below(40)) : 65530;
  program.check_always = random.Below(10) == 0;
  const bool hungry = random.Below(4) == 0;
  // A process to begin with, which mostly has a program.
  program.operations.push_back({Kind::kSpawn, 0, 0, 0, 0, 0});
  if (random.Below(3) != 0) program.operations.push_back({Kind::kExec, 0, 0, 0, 0, 0});
  for (int i = 0; i < kOperations; ++i) {
    constexpr int kUntilTheTideTurns = 60;
    const bool growing = i / kUntilTheTideTurns % 2 == 0;
    program.operations.push_back(DrawOperation(random, hungry, growing));
  }
  return program;
}

}  // namespace memsim
