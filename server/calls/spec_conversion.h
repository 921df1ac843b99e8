// A machine's spec between the API's message and the kernel's struct.

#ifndef MEMSIM_SERVER_CALLS_SPEC_CONVERSION_H_
#define MEMSIM_SERVER_CALLS_SPEC_CONVERSION_H_

#include "absl/status/statusor.h"

#include "memsim/v1/machine_service.pb.h"
#include "server/kernel/machine_spec.h"

namespace memsim {

// Fields that are not said get their defaults. Output-only fields are ignored. SPEC_INVALID, naming the field and its
// range.
absl::StatusOr<MachineSpec> SpecFromMessage(const v1::MachineSpec& message);

// Sets every field. REQUIRES: the spec is a machine's own, in which every default is filled in.
void SpecToMessage(const MachineSpec& spec, v1::MachineSpec& message);

}  // namespace memsim

#endif  // MEMSIM_SERVER_CALLS_SPEC_CONVERSION_H_
