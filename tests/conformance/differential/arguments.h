// The kinds of arguments that calls take: how each is drawn, made simpler and printed.

#ifndef MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_ARGUMENTS_H_
#define MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_ARGUMENTS_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "server/base/random.h"
#include "server/base/units.h"
#include "tests/conformance/differential/program.h"

namespace memsim::differential {

enum class ArgumentKind : std::uint8_t {
  // There is none.
  kNone,
  kAddress,
  kLength,
  kProtection,
  // MAP_*.
  kMapFlags,
  // Of mmap: what goes with the flags before it.
  kMappedDescriptor,
  kOffset,
  // MREMAP_*.
  kRemapFlags,
  // MADV_*.
  kAdvice,
  // An address near the heap.
  kBreak,
  kMlock2Flags,
  kMlockallFlags,
  // MS_*.
  kSyncFlags,
  // MPOL_* of modes that take no nodes, or want some; MPOL_MF_*; MPOL_F_*.
  kPolicyMode,
  kBindFlags,
  kPolicyQuestion,
  // NULL, and how many nodes stand there.
  kNull,
  // Without randomness, as all programs are.
  kPersona,
  // Of a call that knows none yet.
  kNoFlags,
  // A page of a file.
  kPageOffset,
  kResource,
  // A soft limit for the resource before it, and the hard one that all programs have.
  kLimit,
  kHardLimit,
  kDescriptor,
  // A size of a file, or a place in it.
  kFileLength,
  kWriteLength,
  // Of memory to write from: the region.
  kBuffer,
  // PR_*, and what the operation before it takes.
  kPrctlOption,
  kPrctlArgument,
  // How many accesses, a page apart.
  kTouchedPages,
};

// What a drawn argument may depend on.
struct DrawContext {
  Random& random;
  const Program& program;
  // Where most of a program happens.
  VirtualAddress hot_start;
  PageCount hot_pages;
  // Ends of ranges that earlier steps named, the oldest forgotten.
  std::vector<std::uint64_t> boundaries;
  // Of the step that is being drawn.
  std::array<std::uint64_t, 6> arguments{};
};

// The value of argument `index`; those before it are drawn.
std::uint64_t DrawArgument(DrawContext& context, ArgumentKind kind, std::size_t index);

// Values that are simpler than this one, the simplest first; empty: none is. Every value that follows is nearer to the
// simplest, so replacing one by one comes to an end.
std::vector<std::uint64_t> SimplerArguments(ArgumentKind kind, std::uint64_t value);

// As strace does.
std::string PrintArgument(ArgumentKind kind, std::uint64_t value, const Program& program);

// The path of a file in traces and on simulated machines.
std::string SimulatedPath(const Program& program, std::size_t file);

}  // namespace memsim::differential

#endif  // MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_ARGUMENTS_H_
