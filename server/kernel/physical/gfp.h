// How an allocation may behave: gfp_mask, with the bits of Linux 6.18 (include/linux/gfp_types.h).

#ifndef MEMSIM_SERVER_KERNEL_PHYSICAL_GFP_H_
#define MEMSIM_SERVER_KERNEL_PHYSICAL_GFP_H_

#include <cstdint>

namespace memsim {

using GfpMask = std::uint32_t;

inline constexpr GfpMask kGfpDma = 1U << 0;
inline constexpr GfpMask kGfpHighmem = 1U << 1;
inline constexpr GfpMask kGfpDma32 = 1U << 2;
inline constexpr GfpMask kGfpMovableBit = 1U << 3;
inline constexpr GfpMask kGfpReclaimable = 1U << 4;
inline constexpr GfpMask kGfpHigh = 1U << 5;
inline constexpr GfpMask kGfpIo = 1U << 6;
inline constexpr GfpMask kGfpFs = 1U << 7;
inline constexpr GfpMask kGfpZero = 1U << 8;
inline constexpr GfpMask kGfpDirectReclaim = 1U << 10;
inline constexpr GfpMask kGfpKswapdReclaim = 1U << 11;
inline constexpr GfpMask kGfpWrite = 1U << 12;
inline constexpr GfpMask kGfpNowarn = 1U << 13;
inline constexpr GfpMask kGfpRetryMayfail = 1U << 14;
inline constexpr GfpMask kGfpNofail = 1U << 15;
inline constexpr GfpMask kGfpNoretry = 1U << 16;
inline constexpr GfpMask kGfpMemalloc = 1U << 17;
inline constexpr GfpMask kGfpComp = 1U << 18;
inline constexpr GfpMask kGfpNomemalloc = 1U << 19;
inline constexpr GfpMask kGfpHardwall = 1U << 20;
inline constexpr GfpMask kGfpThisnode = 1U << 21;
inline constexpr GfpMask kGfpAccount = 1U << 22;

inline constexpr GfpMask kGfpReclaim = kGfpDirectReclaim | kGfpKswapdReclaim;
inline constexpr GfpMask kGfpKernel = kGfpReclaim | kGfpIo | kGfpFs;
inline constexpr GfpMask kGfpKernelAccount = kGfpKernel | kGfpAccount;
inline constexpr GfpMask kGfpAtomic = kGfpHigh | kGfpKswapdReclaim;
inline constexpr GfpMask kGfpNowait = kGfpKswapdReclaim | kGfpNowarn;
inline constexpr GfpMask kGfpUser = kGfpKernel | kGfpHardwall;
// What page faults allocate with.
inline constexpr GfpMask kGfpHighuserMovable = kGfpUser | kGfpHighmem | kGfpMovableBit;
// Of transparent huge pages: without reclaim, and with direct reclaim.
inline constexpr GfpMask kGfpTranshugeLight =
    (kGfpHighuserMovable | kGfpComp | kGfpNomemalloc | kGfpNowarn) & ~kGfpReclaim;
inline constexpr GfpMask kGfpTranshuge = kGfpTranshugeLight | kGfpDirectReclaim;

// NUMA_NO_NODE: what events say of allocations that name no node.
inline constexpr int kAnyNode = -1;

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PHYSICAL_GFP_H_
