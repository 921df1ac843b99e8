#include <optional>

#include "server/calls/gfp_argument.h"
#include "server/calls/operation_runners.h"

namespace memsim {
namespace {

v1::FreeRefusal ToProto(FreeRefusal refusal) {
  switch (refusal) {
    case FreeRefusal::kNoSuchFrame:
      return v1::FREE_REFUSAL_NO_SUCH_FRAME;
    case FreeRefusal::kAlreadyFree:
      return v1::FREE_REFUSAL_ALREADY_FREE;
    case FreeRefusal::kNotBlockStart:
      return v1::FREE_REFUSAL_NOT_BLOCK_START;
    case FreeRefusal::kWrongOrder:
      return v1::FREE_REFUSAL_WRONG_ORDER;
    case FreeRefusal::kInUse:
      return v1::FREE_REFUSAL_IN_USE;
  }
  return v1::FREE_REFUSAL_UNSPECIFIED;
}

}  // namespace

void RunOperation(CallFrame& frame, const v1::AllocPagesRequest& request) {
  const std::optional<GfpMask> gfp = ReadGfp(frame, request.gfp_mask());
  if (!gfp.has_value()) return;
  frame.Finish(frame.machine().AllocPages(*gfp, request.order()));
}

void RunOperation(CallFrame& frame, const v1::GetZeroedPageRequest& request) {
  const std::optional<GfpMask> gfp = ReadGfp(frame, request.gfp_mask());
  if (!gfp.has_value()) return;
  frame.Finish(frame.machine().GetZeroedPage(*gfp));
}

void RunOperation(CallFrame& frame, const v1::FreePagesRequest& request) {
  const bool by_address = request.address() != 0 || request.address_slot() != 0;
  const std::uint64_t number = by_address
                                   ? frame.Read("address", request.address(), request.address_slot())
                                   : frame.Read("frame_number", request.frame_number(), request.frame_number_slot());
  if (frame.refused()) return;
  const std::optional<PageFrameNumber> first =
      by_address ? frame.machine().DirectMapFrame(VirtualAddress(number)) : PageFrameNumber(number);
  const std::optional<FreeRefusal> refusal =
      first.has_value() ? frame.machine().FreePages(*first, request.order()) : FreeRefusal::kNoSuchFrame;
  if (!refusal.has_value()) return;
  frame.Finish(Errno::kInval);
  frame.answer().set_free_refusal(ToProto(*refusal));
}

}  // namespace memsim
