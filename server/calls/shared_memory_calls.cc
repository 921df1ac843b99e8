#include <variant>

#include "server/calls/operation_runners.h"

namespace memsim {
namespace {

// A number that is no int in C is an id that nobody has.
std::int32_t ReadId(CallFrame& frame, std::int32_t literal, std::uint32_t slot) {
  const std::uint64_t id = frame.Read("shmid", static_cast<std::uint64_t>(static_cast<std::int64_t>(literal)), slot);
  const auto number = static_cast<std::int64_t>(id);
  return number < INT32_MIN || number > INT32_MAX ? -1 : static_cast<std::int32_t>(number);
}

void Write(const ShmidDs& segment, v1::ShmidDs& message) {
  message.set_key(segment.permission.key);
  message.set_uid(segment.permission.uid);
  message.set_gid(segment.permission.gid);
  message.set_creator_uid(segment.permission.creator_uid);
  message.set_creator_gid(segment.permission.creator_gid);
  message.set_mode(segment.permission.mode);
  message.set_sequence_number(segment.permission.sequence());
  message.set_size_bytes(segment.size.value());
  message.set_attach_count(segment.attach_count);
  message.set_creator_pid(segment.creator.value());
  message.set_last_pid(segment.last.value());
  message.set_attach_time_s(segment.attach_time);
  message.set_detach_time_s(segment.detach_time);
  message.set_change_time_s(segment.change_time);
}

void Write(const ShmLimits& limits, v1::ShmLimits& message) {
  message.set_max_size_bytes(limits.max_size);
  message.set_min_size_bytes(limits.min_size);
  message.set_max_segments(limits.max_segments);
  message.set_max_segments_per_process(limits.max_segments_per_process);
  message.set_max_pages(limits.max_pages);
}

void Write(const ShmUsage& usage, v1::ShmUsage& message) {
  message.set_segments(usage.segments);
  message.set_pages(usage.pages.value());
  message.set_resident_pages(usage.resident.value());
}

}  // namespace

void RunOperation(CallFrame& frame, const v1::ShmgetRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  if (frame.refused()) return;
  frame.Finish(frame.machine().Shmget(pid, request.key(), ByteCount(request.size_bytes()), request.flags()));
}

void RunOperation(CallFrame& frame, const v1::ShmatRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  const std::int32_t id = ReadId(frame, request.shmid(), request.shmid_slot());
  const VirtualAddress address = frame.ReadAddress("address", request.address(), request.address_slot());
  if (frame.refused()) return;
  frame.Finish(frame.machine().Shmat(pid, id, address, request.flags()));
}

void RunOperation(CallFrame& frame, const v1::ShmdtRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  const VirtualAddress address = frame.ReadAddress("address", request.address(), request.address_slot());
  if (frame.refused()) return;
  frame.Finish(frame.machine().Shmdt(pid, address));
}

void RunOperation(CallFrame& frame, const v1::ShmctlRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  const std::int32_t id = ReadId(frame, request.shmid(), request.shmid_slot());
  if (frame.refused()) return;
  const ShmctlArguments arguments{
      id, request.command(), request.bad_buffer(), request.uid(), request.gid(), request.mode()};
  const ErrnoOr<ShmctlResult> result = frame.machine().Shmctl(pid, arguments);
  if (!result.ok()) return frame.Finish(result.error());
  frame.Finish(static_cast<std::uint64_t>(result->returned));
  if (const auto* segment = std::get_if<ShmidDs>(&result->buffer)) Write(*segment, *frame.answer().mutable_shmid_ds());
  if (const auto* limits = std::get_if<ShmLimits>(&result->buffer)) {
    Write(*limits, *frame.answer().mutable_shm_limits());
  }
  if (const auto* usage = std::get_if<ShmUsage>(&result->buffer)) Write(*usage, *frame.answer().mutable_shm_usage());
}

}  // namespace memsim
