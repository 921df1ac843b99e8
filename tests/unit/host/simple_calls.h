// The few calls that the host's tests are made of. What they answer is the kernel's business; the host only counts and
// orders them.

#ifndef MEMSIM_TESTS_UNIT_HOST_SIMPLE_CALLS_H_
#define MEMSIM_TESTS_UNIT_HOST_SIMPLE_CALLS_H_

#include <cstdint>
#include <string>

#include "memsim/v1/execution_service.pb.h"
#include "server/kernel/machine_spec.h"

namespace memsim {

// Succeeds: asks init where its break is.
inline v1::Call BrkCall() {
  v1::Call call;
  call.mutable_brk()->set_pid(1);
  return call;
}

// ESRCH: no process has pid 0.
inline v1::Call FailingCall() {
  v1::Call call;
  call.mutable_brk()->set_pid(0);
  return call;
}

// SIGSEGV: init has nothing at address 0.
inline v1::Call SegfaultCall() {
  v1::Call call;
  call.mutable_touch()->set_pid(1);
  return call;
}

// Misuse: slot 9 is never filled.
inline v1::Call UnsetSlotCall() {
  v1::Call call;
  call.mutable_brk()->set_pid_slot(9);
  return call;
}

inline v1::ExecuteBatchRequest BatchOf(const std::string& machine, const v1::Call& call, int times = 1) {
  v1::ExecuteBatchRequest request;
  request.set_machine(machine);
  for (int i = 0; i < times; ++i) *request.add_calls() = call;
  return request;
}

inline MachineSpec SmallSpec(std::uint64_t seed = 0) {
  MachineSpec spec;
  spec.memory = ByteCount(64ULL << 20);
  spec.seed = seed;
  return spec;
}

}  // namespace memsim

#endif  // MEMSIM_TESTS_UNIT_HOST_SIMPLE_CALLS_H_
