// What a MachineSpec may say, for programs that ask for machines: the ranges that the comments of machine_service.proto
// tell. A server refuses what lies outside (SPEC_INVALID); spec_conversion_test.cc holds each of these against what it
// takes.

#ifndef MEMSIM_PROTO_MACHINE_LIMITS_H_
#define MEMSIM_PROTO_MACHINE_LIMITS_H_

#include <cstdint>

namespace memsim {

inline constexpr std::uint32_t kMaxCpuCount = 256;
inline constexpr std::uint64_t kMinMemoryBytes = std::uint64_t{16} << 20;
inline constexpr std::uint64_t kMaxMemoryBytes = std::uint64_t{4} << 40;
inline constexpr std::uint32_t kMaxOvercommitMemory = 2;
inline constexpr std::uint32_t kMaxOvercommitRatio = 1000;
inline constexpr std::uint32_t kMaxMaxMapCount = 0x7fffffff;
inline constexpr std::uint64_t kMaxMmapMinAddr = std::uint64_t{1} << 30;

}  // namespace memsim

#endif  // MEMSIM_PROTO_MACHINE_LIMITS_H_
