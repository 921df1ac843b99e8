#include <optional>

#include "absl/strings/str_cat.h"

#include "server/calls/operation_runners.h"
#include "server/kernel/process/clone_flags.h"

namespace memsim {
namespace {

// An image of more mappings than a process may have by default cannot be meant.
constexpr int kMaxImageMappings = 65530;

// As many program headers as fit into a page, which is what Linux reads at most (ELF_MIN_ALIGN).
constexpr int kMaxElfSegments = 64;

ElfFile ReadElfFile(CallFrame& frame, const v1::ElfFile& request) {
  if (request.segments_size() > kMaxElfSegments) {
    frame.Refuse(v1::ERROR_REASON_FIELD_INVALID,
                 absl::StrCat("segments has ", request.segments_size(), " entries; the limit is ", kMaxElfSegments));
  }
  ElfFile file;
  file.path = request.path();
  file.length = ByteCount(request.length_bytes());
  file.position_independent = request.position_independent();
  for (const v1::ElfSegment& segment : request.segments()) {
    file.segments.push_back({VirtualAddress(segment.address()), ByteCount(segment.offset_bytes()),
                             ByteCount(segment.file_bytes()), ByteCount(segment.memory_bytes()), segment.prot(),
                             ByteCount(segment.align_bytes())});
  }
  return file;
}

std::optional<ExecImage> ReadImage(CallFrame& frame, const v1::ExecveRequest& request) {
  if (request.mappings_size() > kMaxImageMappings) {
    frame.Refuse(v1::ERROR_REASON_FIELD_INVALID,
                 absl::StrCat("mappings has ", request.mappings_size(), " entries; the limit is ", kMaxImageMappings));
    return std::nullopt;
  }
  ExecImage image;
  image.path = request.path();
  image.start_brk = VirtualAddress(request.start_brk());
  image.mappings.reserve(request.mappings_size());
  for (const v1::ImageMapping& mapping : request.mappings()) {
    image.mappings.push_back({VirtualAddress(mapping.start()), VirtualAddress(mapping.end()), mapping.prot(),
                              mapping.flags(), ByteCount(mapping.offset_bytes()), mapping.path()});
  }
  if (!request.has_program()) return image;
  image.program.emplace();
  image.program->file = ReadElfFile(frame, request.program().file());
  if (request.program().has_interpreter()) {
    image.program->interpreter = ReadElfFile(frame, request.program().interpreter());
  }
  image.program->executable_stack = request.program().executable_stack();
  return image;
}

void RunClone(CallFrame& frame, std::uint64_t pid, std::uint32_t pid_slot, std::uint64_t clone_flags) {
  const Pid parent = frame.ReadPid("pid", pid, pid_slot);
  if (frame.refused()) return;
  frame.Finish(frame.machine().Clone(parent, clone_flags));
}

}  // namespace

void RunOperation(CallFrame& frame, const v1::SpawnRequest& request) {
  frame.Finish(frame.machine().Spawn(request.comm().empty() ? "spawned" : request.comm()));
}

void RunOperation(CallFrame& frame, const v1::ForkRequest& request) {
  RunClone(frame, request.pid(), request.pid_slot(), 0);
}

void RunOperation(CallFrame& frame, const v1::VforkRequest& request) {
  RunClone(frame, request.pid(), request.pid_slot(), kCloneVm | kCloneVfork);
}

void RunOperation(CallFrame& frame, const v1::CloneRequest& request) {
  RunClone(frame, request.pid(), request.pid_slot(), request.flags());
}

void RunOperation(CallFrame& frame, const v1::ExecveRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  const std::optional<ExecImage> image = ReadImage(frame, request);
  if (frame.refused()) return;
  frame.Finish(frame.machine().Execve(pid, *image));
}

void RunOperation(CallFrame& frame, const v1::ExitGroupRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  if (frame.refused()) return;
  frame.Finish(frame.machine().ExitGroup(pid, request.status()));
}

void RunOperation(CallFrame& frame, const v1::ExitRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  if (frame.refused()) return;
  frame.Finish(frame.machine().Exit(pid, request.status()));
}

void RunOperation(CallFrame& frame, const v1::PersonalityRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  if (frame.refused()) return;
  frame.Finish(frame.machine().SetPersonality(pid, request.persona()));
}

void RunOperation(CallFrame& frame, const v1::Wait4Request& request) {
  const Pid parent = frame.ReadPid("pid", request.pid(), request.pid_slot());
  Pid child = frame.ReadPid("child_pid", request.child_pid(), request.child_pid_slot());
  // Only a 0 that the caller wrote means any child: one from a slot is what a wait that found nobody has left there.
  if (request.child_pid_slot() != 0 && child == Pid()) child = CallFrame::kNoPid;
  if (frame.refused()) return;
  frame.Finish(frame.machine().Wait4(parent, child));
}

void RunOperation(CallFrame& frame, const v1::Prlimit64Request& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  if (frame.refused()) return;
  std::optional<ResourceLimit> new_limit;
  if (request.has_new_limit()) new_limit = {request.new_limit().current(), request.new_limit().maximum()};
  const ErrnoOr<ResourceLimit> old_limit = frame.machine().Prlimit64(pid, request.resource(), new_limit);
  if (!old_limit.ok()) return frame.Finish(old_limit.error());
  frame.answer().mutable_resource_limit()->set_current(old_limit->current);
  frame.answer().mutable_resource_limit()->set_maximum(old_limit->maximum);
}

}  // namespace memsim
