// gfp_mask as the kernel's tracepoints and warnings spell it.

#ifndef MEMSIM_SERVER_KERNEL_PROCFS_GFP_TEXT_H_
#define MEMSIM_SERVER_KERNEL_PROCFS_GFP_TEXT_H_

#include <cstdint>
#include <string>

namespace memsim {

// "GFP_KERNEL|__GFP_ZERO"; "none" for 0. Bits without a name come last, as one number (show_gfp_flags of
// include/trace/events/mmflags.h).
std::string GfpText(std::uint64_t gfp);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PROCFS_GFP_TEXT_H_
