// The gfp_mask of a request.

#ifndef MEMSIM_SERVER_CALLS_GFP_ARGUMENT_H_
#define MEMSIM_SERVER_CALLS_GFP_ARGUMENT_H_

#include <cstdint>
#include <optional>

#include "absl/strings/str_cat.h"

#include "server/calls/call_frame.h"
#include "server/kernel/machine.h"

namespace memsim {

// gfp_t has 32 bits; what lies above them was never a flag. nullopt: the frame is refused.
inline std::optional<GfpMask> ReadGfp(CallFrame& frame, std::uint64_t mask) {
  if (mask > UINT32_MAX) {
    frame.Refuse(v1::ERROR_REASON_FIELD_INVALID,
                 absl::StrCat("gfp_mask is ", mask, "; it has 32 bits: write at most 0xffffffff"));
    return std::nullopt;
  }
  return static_cast<GfpMask>(mask);
}

}  // namespace memsim

#endif  // MEMSIM_SERVER_CALLS_GFP_ARGUMENT_H_
