#include "server/host/refusals.h"

#include "absl/strings/str_cat.h"

#include "server/calls/misuse.h"

namespace memsim {

absl::Status ServerDraining() {
  return MisuseStatus(v1::ERROR_REASON_SERVER_DRAINING,
                      "the server is shutting down; connect to another one, or retry later");
}

absl::Status HostMemoryExhausted(const HostMemoryMeter& meter) {
  return MisuseStatus(v1::ERROR_REASON_HOST_MEMORY_EXHAUSTED,
                      absl::StrCat("the state of all machines takes ", meter.used().value(),
                                   " bytes of the server's memory, of at most ", meter.cap().value(),
                                   "; delete a machine, or free memory in one"));
}

absl::Status MachineDeleted(const MachineName& name) {
  return MisuseStatus(v1::ERROR_REASON_MACHINE_DELETED,
                      absl::StrCat("the machine ", name.ToString(), " was deleted meanwhile"));
}

}  // namespace memsim
