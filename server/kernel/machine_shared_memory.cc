// Machine's calls of System V shared memory.

#include "server/kernel/ipc/shm_attach.h"
#include "server/kernel/ipc/shmctl.h"
#include "server/kernel/machine.h"
#include "server/kernel/machine_state.h"
#include "server/kernel/system_call.h"

namespace memsim {

using Caller = MachineState::Caller;

ErrnoOr<std::int32_t> Machine::Shmget(Pid pid, std::int32_t key, ByteCount size, std::uint32_t flags) {
  const SystemCall<system_call::kShmget> call(*state_, pid, key, size, flags);
  return call.Run([&](const Caller& caller) {
    state_->cpus.Charge(state_->costs.shm);
    return state_->shm.Get(MachineState::IpcOf(caller), caller.space, key, size, flags);
  });
}

ErrnoOr<VirtualAddress> Machine::Shmat(Pid pid, std::int32_t shmid, VirtualAddress address, std::uint32_t flags) {
  const SystemCall<system_call::kShmat> call(*state_, pid, shmid, address, flags);
  return call.Run([&](const Caller& caller) {
    return memsim::Shmat(state_->shm, caller.space, MachineState::IpcOf(caller), shmid, address, flags);
  });
}

Errno Machine::Shmdt(Pid pid, VirtualAddress address) {
  const SystemCall<system_call::kShmdt> call(*state_, pid, address);
  return call.Run([&](const Caller& caller) { return memsim::Shmdt(caller.space, address); });
}

ErrnoOr<ShmctlResult> Machine::Shmctl(Pid pid, const ShmctlArguments& arguments) {
  const SystemCall<system_call::kShmctl> call(*state_, pid, arguments.id, arguments.command, 0);
  return call.Run([&](const Caller& caller) {
    state_->cpus.Charge(state_->costs.shm);
    return memsim::Shmctl(state_->shm, MachineState::IpcOf(caller), arguments);
  });
}

}  // namespace memsim
