#include <algorithm>

#include "server/calls/access_argument.h"
#include "server/calls/inspection_messages.h"
#include "server/calls/operation_runners.h"

namespace memsim {
namespace {

// Where the mapping begins; 0: there is none.
void FinishLookup(CallFrame& frame, const ErrnoOr<VmaLookup>& lookup) {
  if (!lookup.ok()) return frame.Finish(lookup.error());
  if (lookup->vma.has_value()) frame.Finish(lookup->vma->range.start);
  Write(*lookup, *frame.answer().mutable_vma_lookup());
}

}  // namespace

void RunOperation(CallFrame& frame, const v1::FindVmaRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  const VirtualAddress address = frame.ReadAddress("address", request.address(), request.address_slot());
  if (frame.refused()) return;
  FinishLookup(frame, frame.machine().FindVma(pid, address));
}

void RunOperation(CallFrame& frame, const v1::FindVmaPrevRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  const VirtualAddress address = frame.ReadAddress("address", request.address(), request.address_slot());
  if (frame.refused()) return;
  FinishLookup(frame, frame.machine().FindVmaPrev(pid, address));
}

void RunOperation(CallFrame& frame, const v1::FindVmaIntersectionRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  const VirtualAddress address = frame.ReadAddress("address", request.address(), request.address_slot());
  if (frame.refused()) return;
  const std::uint64_t length = std::min(request.length_bytes(), UINT64_MAX - address.value());
  FinishLookup(frame, frame.machine().FindVmaIntersection(pid, {address, address + ByteCount(length)}));
}

void RunOperation(CallFrame& frame, const v1::GetUnmappedAreaRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  const VirtualAddress address = frame.ReadAddress("address", request.address(), request.address_slot());
  if (frame.refused()) return;
  const RoomSearch search =
      frame.machine().GetUnmappedArea(pid, address, ByteCount(request.length_bytes()), request.flags(), request.fd(),
                                      ByteCount(request.offset_bytes()));
  frame.Finish(search.address);
  if (!search.trail.steps.empty()) Write(search.trail, *frame.answer().mutable_unmapped_area_search());
}

void RunOperation(CallFrame& frame, const v1::MmStructRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  if (frame.refused()) return;
  const ErrnoOr<MmDescription> mm = frame.machine().DescribeMm(pid);
  if (!mm.ok()) return frame.Finish(mm.error());
  frame.Finish(mm->users.space);
  Write(*mm, *frame.answer().mutable_mm_struct());
}

void RunOperation(CallFrame& frame, const v1::MmlistRequest& request) {
  const MmList list = frame.machine().ListMms(request.first_mm());
  frame.Finish(list.count);
  Write(list, *frame.answer().mutable_mm_list());
}

void RunOperation(CallFrame& frame, const v1::RmapWalkRequest& request) {
  const bool of_process = request.pid() != 0 || request.pid_slot() != 0;
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  const VirtualAddress address = frame.ReadAddress("address", request.address(), request.address_slot());
  const PageFrameNumber number(frame.Read("frame_number", request.frame_number(), request.frame_number_slot()));
  if (frame.refused()) return;
  const ErrnoOr<ReverseMap> map =
      of_process ? frame.machine().RmapWalk(pid, address) : ErrnoOr<ReverseMap>(frame.machine().RmapWalk(number));
  if (!map.ok()) return frame.Finish(map.error());
  frame.Finish(map->mapping_count);
  Write(*map, *frame.answer().mutable_reverse_map());
}

void RunOperation(CallFrame& frame, const v1::ExplainRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  const VirtualAddress address = frame.ReadAddress("address", request.address(), request.address_slot());
  const AccessKind access = ReadAccess(frame, request.access());
  if (frame.refused()) return;
  const ErrnoOr<AccessExplanation> explanation = frame.machine().Explain(pid, address, access);
  if (!explanation.ok()) return frame.Finish(explanation.error());
  frame.Finish(explanation->result.minor_faults);
  WriteSignal(explanation->result.signal, frame.answer());
  Write(*explanation, *frame.answer().mutable_explanation());
}

}  // namespace memsim
