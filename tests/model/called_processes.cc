// CalledMachine's processes and address spaces.

#include <string>

#include "server/base/check.h"
#include "tests/model/answer_values.h"
#include "tests/model/called_machine.h"

namespace memsim {

// --- Processes and time

void CalledMachine::AdvanceTime(Nanoseconds time) {
  v1::Call call;
  call.mutable_advance_time()->set_duration_ns(time.value());
  Execute(call);
}

ErrnoOr<Pid> CalledMachine::Spawn(absl::string_view comm) {
  v1::Call call;
  call.mutable_spawn()->set_comm(std::string(comm));
  return ValueOf<Pid>(Execute(call));
}

ErrnoOr<Pid> CalledMachine::Clone(Pid parent, std::uint64_t clone_flags) {
  v1::Call call;
  if (clone_flags == 0) {
    call.mutable_fork()->set_pid(parent.value());
  } else if (clone_flags == (kCloneVm | kCloneVfork)) {
    call.mutable_vfork()->set_pid(parent.value());
  } else {
    call.mutable_clone()->set_pid(parent.value());
    call.mutable_clone()->set_flags(clone_flags);
  }
  return ValueOf<Pid>(Execute(call));
}

Errno CalledMachine::Execve(Pid pid, const ExecImage& image) {
  v1::Call call;
  v1::ExecveRequest& execve = *call.mutable_execve();
  execve.set_pid(pid.value());
  execve.set_path(image.path);
  execve.set_start_brk(image.start_brk.value());
  for (const ImageMapping& mapping : image.mappings) {
    v1::ImageMapping& added = *execve.add_mappings();
    added.set_start(mapping.start.value());
    added.set_end(mapping.end.value());
    added.set_prot(mapping.prot);
    added.set_flags(mapping.flags);
    added.set_offset_bytes(mapping.offset.value());
    added.set_path(mapping.path);
  }
  return ErrorOf(Execute(call));
}

Errno CalledMachine::ExitGroup(Pid pid, int status) {
  v1::Call call;
  call.mutable_exit_group()->set_pid(pid.value());
  call.mutable_exit_group()->set_status(status);
  return ErrorOf(Execute(call));
}

ErrnoOr<Pid> CalledMachine::Wait4(Pid parent, Pid child) {
  v1::Call call;
  call.mutable_wait4()->set_pid(parent.value());
  call.mutable_wait4()->set_child_pid(child.value());
  return ValueOf<Pid>(Execute(call));
}

ErrnoOr<ResourceLimit> CalledMachine::Prlimit64(Pid pid, std::uint32_t resource,
                                                const std::optional<ResourceLimit>& new_limit) {
  v1::Call call;
  v1::Prlimit64Request& prlimit = *call.mutable_prlimit64();
  prlimit.set_pid(pid.value());
  prlimit.set_resource(resource);
  if (new_limit.has_value()) {
    prlimit.mutable_new_limit()->set_current(new_limit->current);
    prlimit.mutable_new_limit()->set_maximum(new_limit->maximum);
  }
  const v1::Answer answer = Execute(call);
  if (answer.error_number() != 0) return ErrorOf(answer);
  return ResourceLimit{answer.resource_limit().current(), answer.resource_limit().maximum()};
}

// --- Address spaces

ErrnoOr<VirtualAddress> CalledMachine::Mmap(Pid pid, VirtualAddress address, ByteCount length, std::uint64_t prot,
                                            std::uint64_t flags, int fd, ByteCount offset) {
  v1::Call call;
  v1::MmapRequest& mmap = *call.mutable_mmap();
  mmap.set_pid(pid.value());
  mmap.set_address(address.value());
  mmap.set_length_bytes(length.value());
  mmap.set_prot(prot);
  mmap.set_flags(flags);
  mmap.set_fd(fd);
  mmap.set_offset_bytes(offset.value());
  return ValueOf<VirtualAddress>(Execute(call));
}

Errno CalledMachine::Munmap(Pid pid, VirtualAddress address, ByteCount length) {
  v1::Call call;
  call.mutable_munmap()->set_pid(pid.value());
  call.mutable_munmap()->set_address(address.value());
  call.mutable_munmap()->set_length_bytes(length.value());
  return ErrorOf(Execute(call));
}

Errno CalledMachine::Mprotect(Pid pid, VirtualAddress address, ByteCount length, std::uint64_t prot) {
  v1::Call call;
  call.mutable_mprotect()->set_pid(pid.value());
  call.mutable_mprotect()->set_address(address.value());
  call.mutable_mprotect()->set_length_bytes(length.value());
  call.mutable_mprotect()->set_prot(prot);
  return ErrorOf(Execute(call));
}

ErrnoOr<VirtualAddress> CalledMachine::Mremap(Pid pid, VirtualAddress address, ByteCount old_length,
                                              ByteCount new_length, std::uint64_t flags, VirtualAddress new_address) {
  v1::Call call;
  v1::MremapRequest& mremap = *call.mutable_mremap();
  mremap.set_pid(pid.value());
  mremap.set_address(address.value());
  mremap.set_old_length_bytes(old_length.value());
  mremap.set_new_length_bytes(new_length.value());
  mremap.set_flags(flags);
  mremap.set_new_address(new_address.value());
  return ValueOf<VirtualAddress>(Execute(call));
}

ErrnoOr<VirtualAddress> CalledMachine::Brk(Pid pid, VirtualAddress address) {
  v1::Call call;
  call.mutable_brk()->set_pid(pid.value());
  call.mutable_brk()->set_address(address.value());
  return ValueOf<VirtualAddress>(Execute(call));
}

Errno CalledMachine::Madvise(Pid pid, VirtualAddress address, ByteCount length, int advice) {
  v1::Call call;
  call.mutable_madvise()->set_pid(pid.value());
  call.mutable_madvise()->set_address(address.value());
  call.mutable_madvise()->set_length_bytes(length.value());
  call.mutable_madvise()->set_advice(advice);
  return ErrorOf(Execute(call));
}

Errno CalledMachine::Mlock(Pid pid, VirtualAddress address, ByteCount length) {
  v1::Call call;
  call.mutable_mlock()->set_pid(pid.value());
  call.mutable_mlock()->set_address(address.value());
  call.mutable_mlock()->set_length_bytes(length.value());
  return ErrorOf(Execute(call));
}

Errno CalledMachine::Mlock2(Pid pid, VirtualAddress address, ByteCount length, std::uint64_t flags) {
  v1::Call call;
  call.mutable_mlock2()->set_pid(pid.value());
  call.mutable_mlock2()->set_address(address.value());
  call.mutable_mlock2()->set_length_bytes(length.value());
  call.mutable_mlock2()->set_flags(flags);
  return ErrorOf(Execute(call));
}

Errno CalledMachine::Munlock(Pid pid, VirtualAddress address, ByteCount length) {
  v1::Call call;
  call.mutable_munlock()->set_pid(pid.value());
  call.mutable_munlock()->set_address(address.value());
  call.mutable_munlock()->set_length_bytes(length.value());
  return ErrorOf(Execute(call));
}

Errno CalledMachine::Mlockall(Pid pid, std::uint64_t flags) {
  v1::Call call;
  call.mutable_mlockall()->set_pid(pid.value());
  call.mutable_mlockall()->set_flags(flags);
  return ErrorOf(Execute(call));
}

Errno CalledMachine::Munlockall(Pid pid) {
  v1::Call call;
  call.mutable_munlockall()->set_pid(pid.value());
  return ErrorOf(Execute(call));
}

ErrnoOr<std::int32_t> CalledMachine::Shmget(Pid pid, std::int32_t key, ByteCount size, std::uint32_t flags) {
  v1::Call call;
  call.mutable_shmget()->set_pid(pid.value());
  call.mutable_shmget()->set_key(key);
  call.mutable_shmget()->set_size_bytes(size.value());
  call.mutable_shmget()->set_flags(flags);
  return ValueOf<int>(Execute(call));
}

ErrnoOr<VirtualAddress> CalledMachine::Shmat(Pid pid, std::int32_t shmid, VirtualAddress address, std::uint32_t flags) {
  v1::Call call;
  call.mutable_shmat()->set_pid(pid.value());
  call.mutable_shmat()->set_shmid(shmid);
  call.mutable_shmat()->set_address(address.value());
  call.mutable_shmat()->set_flags(flags);
  return ValueOf<VirtualAddress>(Execute(call));
}

Errno CalledMachine::Shmdt(Pid pid, VirtualAddress address) {
  v1::Call call;
  call.mutable_shmdt()->set_pid(pid.value());
  call.mutable_shmdt()->set_address(address.value());
  return ErrorOf(Execute(call));
}

ErrnoOr<v1::ShmidDs> CalledMachine::Shmctl(Pid pid, std::int32_t shmid, std::int32_t command) {
  v1::Call call;
  call.mutable_shmctl()->set_pid(pid.value());
  call.mutable_shmctl()->set_shmid(shmid);
  call.mutable_shmctl()->set_command(command);
  const v1::Answer answer = Execute(call);
  if (answer.error_number() != 0) return ErrorOf(answer);
  return answer.shmid_ds();
}

namespace {

std::optional<Signal> SignalOf(const v1::Answer& answer) {
  if (!answer.has_signal()) return std::nullopt;
  return Signal{static_cast<SignalNumber>(answer.signal().number()), static_cast<SignalCode>(answer.signal().code()),
                VirtualAddress(answer.signal().address())};
}

}  // namespace

ErrnoOr<AccessResult> CalledMachine::Touch(Pid pid, VirtualAddress address, AccessKind access, PageCount pages) {
  MEMSIM_CHECK(pages != PageCount(0));
  v1::Call call;
  call.mutable_touch()->set_pid(pid.value());
  call.mutable_touch()->set_address(address.value());
  // In the same order, behind UNSPECIFIED.
  call.mutable_touch()->set_access(static_cast<v1::AccessKind>(static_cast<int>(access) + 1));
  call.mutable_touch()->set_page_count(pages.value());
  const v1::Answer answer = Execute(call);
  if (answer.error_number() != 0) return ErrorOf(answer);
  return AccessResult{answer.value(), answer.fault_counts().major_faults(), SignalOf(answer)};
}

ErrnoOr<TransferResult> CalledMachine::Load(Pid pid, VirtualAddress address, ByteCount length, std::string& loaded) {
  v1::Call call;
  call.mutable_load()->set_pid(pid.value());
  call.mutable_load()->set_address(address.value());
  call.mutable_load()->set_length_bytes(length.value());
  const v1::Answer answer = Execute(call);
  if (answer.error_number() != 0) return ErrorOf(answer);
  loaded = answer.loaded().data();
  // Faults that came to nothing.
  const v1::FaultCounts& vain = answer.fault_counts();
  return TransferResult{ByteCount(answer.value()),
                        {answer.loaded().minor_faults() + vain.minor_faults(),
                         answer.loaded().major_faults() + vain.major_faults(), SignalOf(answer)}};
}

ErrnoOr<TransferResult> CalledMachine::Store(Pid pid, VirtualAddress address, absl::string_view bytes) {
  v1::Call call;
  call.mutable_store()->set_pid(pid.value());
  call.mutable_store()->set_address(address.value());
  call.mutable_store()->set_data(std::string(bytes));
  const v1::Answer answer = Execute(call);
  if (answer.error_number() != 0) return ErrorOf(answer);
  const v1::FaultCounts& faults = answer.fault_counts();
  return TransferResult{ByteCount(answer.value()), {faults.minor_faults(), faults.major_faults(), SignalOf(answer)}};
}

ErrnoOr<AccessResult> CalledMachine::Explain(Pid pid, VirtualAddress address, AccessKind access) {
  v1::Call call;
  call.mutable_explain()->set_pid(pid.value());
  call.mutable_explain()->set_address(address.value());
  call.mutable_explain()->set_access(static_cast<v1::AccessKind>(static_cast<int>(access) + 1));
  const v1::Answer answer = Execute(call);
  if (answer.error_number() != 0) return ErrorOf(answer);
  std::uint64_t time = 0;
  for (const v1::ExplainedStep& step : answer.explanation().steps()) time += step.duration_ns();
  MEMSIM_CHECK(time == answer.duration_ns(), time, answer.duration_ns());
  return AccessResult{answer.value(), answer.explanation().major_faults(), SignalOf(answer)};
}

}  // namespace memsim
