// The memory that a native process shares with the engine that drives it: the code that the process runs, and a slot
// for each process of a program.
//
// A native process has nothing else mapped, so the layout of its address space is known to the last page. The region
// lies at kRegionBase in native processes, and anywhere in the engine.

#ifndef MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_NATIVE_REGION_H_
#define MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_NATIVE_REGION_H_

#include <cstddef>
#include <cstdint>

namespace memsim::differential {

inline constexpr std::size_t kMaxIncorePages = 1024;

// What mincore says of one page.
enum Incore : std::uint8_t { kIncoreAbsent = 0, kIncorePresent = 1, kIncoreUnmapped = 2 };

enum class NativeOperation : std::uint32_t {
  // System call `number` with all arguments.
  kCall,
  // A byte at arguments[0], and the same byte of the arguments[1] - 1 pages after it, until one access ends in a
  // signal.
  kRead,
  kWrite,
  // arguments[0]: the slot of the new process.
  kFork,
  // Does not answer.
  kExit,
};

struct NativeRequest {
  NativeOperation operation;
  std::uint64_t number;
  std::uint64_t arguments[6];
  // Whose residency is asked for after the operation.
  std::uint64_t incore_start;
  std::uint64_t incore_pages;
};

struct NativeResult {
  // As the kernel returns it: an error is -errno.
  std::int64_t value;
  // 0: none.
  std::int32_t signal;
  std::int32_t signal_code;
  std::uint64_t signal_address;
  // Of the operation alone.
  std::uint64_t minor_faults;
  std::uint64_t major_faults;
  std::uint8_t incore[kMaxIncorePages];
};

// Both sides wait on the word that the other one raises.
struct NativeSlot {
  std::uint32_t asked;
  std::uint32_t answered;
  NativeRequest request;
  NativeResult result;
};

inline constexpr std::size_t kSlotBytes = 8 * 4096;
inline constexpr std::size_t kCodeBytes = 4 * 4096;
// Of these, the last page is what pwrite64 writes.
inline constexpr std::size_t kWriteBufferOffset = 3 * 4096;
inline constexpr std::size_t kSlotCount = 4;
// In a slot: the struct, the stack (which grows down to it), the stack of signal handlers.
inline constexpr std::size_t kSlotStackEnd = 4 * 4096;
static_assert(sizeof(NativeSlot) <= 4096);

// What the engine asks of the launcher, in one packet each.
enum class LauncherCommand : std::uint32_t { kStart, kEnd };

inline constexpr std::size_t kMaxFiles = 4;
inline constexpr std::size_t kMaxDescriptors = 6;

struct LauncherRequest {
  LauncherCommand command;
  // Without capabilities.
  std::uint32_t unprivileged;
  std::uint32_t file_count;
  std::uint32_t descriptor_count;
  struct {
    char path[200];
    std::uint64_t size;
  } files[kMaxFiles];
  struct {
    std::uint32_t file;
    std::uint32_t access;
  } descriptors[kMaxDescriptors];
};

struct LauncherAnswer {
  // Of the first process; or -errno.
  std::int64_t pid;
  // What failed.
  char problem[64];
};

}  // namespace memsim::differential

#endif  // MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_NATIVE_REGION_H_
