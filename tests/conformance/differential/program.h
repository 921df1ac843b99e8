// A random program over the memory calls: what it starts with, and its steps.
//
// Every step means something in any state, so a program stays a program whatever is left out of it.

#ifndef MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_PROGRAM_H_
#define MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_PROGRAM_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "server/base/units.h"

namespace memsim::differential {

// Far from all that a program has by itself, and where the recorded probes have theirs.
inline constexpr VirtualAddress kArenaBase{0x100000000000};
// No process is made beyond so many.
inline constexpr std::size_t kMaxProcesses = 4;
// Descriptors count from here: below are the host's own.
inline constexpr int kFirstDescriptor = 10;

enum class FileSystemKind : std::uint8_t { kDisk, kTmpfs };

struct FileSpec {
  FileSystemKind kind = FileSystemKind::kDisk;
  // All of it was just written.
  ByteCount size;

  friend bool operator==(const FileSpec&, const FileSpec&) = default;
};

// An open of files[file]; two of one file are two open files.
struct DescriptorSpec {
  std::size_t file = 0;
  // O_RDONLY, O_WRONLY or O_RDWR.
  std::uint32_t access = 0;

  friend bool operator==(const DescriptorSpec&, const DescriptorSpec&) = default;
};

struct Step {
  // The row of Calls().
  std::size_t call = 0;
  // Which of the living processes does it, modulo their number.
  std::uint32_t process = 0;
  // As the row's argument kinds say.
  std::array<std::uint64_t, 6> arguments{};

  friend bool operator==(const Step&, const Step&) = default;
};

struct Program {
  std::uint64_t seed = 0;
  // With all capabilities that this host's user has; otherwise with none.
  bool privileged = true;
  // What is compared page by page.
  VirtualAddress arena_start = kArenaBase;
  PageCount arena{64};
  std::vector<FileSpec> files;
  // Descriptor kFirstDescriptor + i.
  std::vector<DescriptorSpec> descriptors;
  std::vector<Step> steps;

  friend bool operator==(const Program&, const Program&) = default;
};

// Of every program before its first step: one shared mapping, of which all pages are there, and the heap behind it.
inline constexpr VirtualAddress kRegionBase{0x040000000000};
inline constexpr ByteCount kRegionSize{36ULL << kPageShift};
inline constexpr VirtualAddress kWriteBuffer = kRegionBase + ByteCount(3ULL << kPageShift);
inline constexpr VirtualAddress kHeapStart = kRegionBase + kRegionSize;
inline constexpr ByteCount kStackLimit{8ULL << 20};
inline constexpr ByteCount kLockLimit{8ULL << 20};

// What the touches of the program's n-th step store, each one byte: never zero, which pages hold anyway.
inline std::uint8_t StoredByte(std::uint64_t step) { return static_cast<std::uint8_t>(1 + step % 255); }
// What a row of loads comes to with one byte more. In the native process there is no function to call.
__attribute__((always_inline)) constexpr std::uint64_t AddLoadedByte(std::uint64_t sum, std::uint8_t byte) {
  return (sum * 31 + byte) & 0xffffffff;
}
// Where pwrite64 takes its bytes from: a page of these.
inline constexpr char kWrittenByte = 'w';

// "f0.dat": the last part of a file's path on both sides.
std::string FileName(std::size_t file);

}  // namespace memsim::differential

#endif  // MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_PROGRAM_H_
