// A machine's spec as flags: --memory 24GiB --cpus 4 --seed 7 --aslr off --sysctl overcommit_memory=2.

#ifndef MEMSIM_CLIENT_CLI_MACHINE_SPEC_FLAGS_H_
#define MEMSIM_CLIENT_CLI_MACHINE_SPEC_FLAGS_H_

#include <vector>

#include "absl/status/statusor.h"

#include "client/cli/arguments.h"
#include "memsim/v1/machine_service.pb.h"

namespace memsim::cli {

std::vector<FlagSpec> MachineSpecFlags();

// What is not said stays absent, so that the server's default holds. Ranges are the server's to check.
absl::StatusOr<v1::MachineSpec> MachineSpecFromArguments(const Arguments& arguments);

}  // namespace memsim::cli

#endif  // MEMSIM_CLIENT_CLI_MACHINE_SPEC_FLAGS_H_
