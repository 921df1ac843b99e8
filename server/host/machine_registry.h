// Which machine has which name.

#ifndef MEMSIM_SERVER_HOST_MACHINE_REGISTRY_H_
#define MEMSIM_SERVER_HOST_MACHINE_REGISTRY_H_

#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "server/base/mutex.h"
#include "server/base/random.h"
#include "server/host/hosted_machine.h"
#include "server/host/machine_name.h"

namespace memsim {

// Thread-safe. It calls nobody while it holds its lock, and lets no machine end its life there.
//
// A name is reserved while its machine boots: nobody else can have it, and nobody sees it.
class MachineRegistry {
 public:
  // seed: where the names and uids come from that the server chooses; another one in each run of the server.
  MachineRegistry(std::size_t max_machines, std::uint64_t seed);

  // MACHINE_ALREADY_EXISTS, TOO_MANY_MACHINES.
  absl::Status Reserve(const MachineName& name) ABSL_LOCKS_EXCLUDED(mutex_);
  // Reserves a name that is free.
  absl::StatusOr<MachineName> ReserveAny(absl::string_view tenant) ABSL_LOCKS_EXCLUDED(mutex_);
  void CancelReservation(const MachineName& name) ABSL_LOCKS_EXCLUDED(mutex_);
  // Makes the machine known under its reserved name.
  void Insert(std::shared_ptr<HostedMachine> machine) ABSL_LOCKS_EXCLUDED(mutex_);

  // MACHINE_NOT_FOUND.
  absl::StatusOr<std::shared_ptr<HostedMachine>> Find(const MachineName& name) const ABSL_LOCKS_EXCLUDED(mutex_);
  // uid: only if the machine has it; empty: whichever has the name.
  absl::StatusOr<std::shared_ptr<HostedMachine>> Remove(const MachineName& name, absl::string_view uid)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // See Host::ListMachines.
  std::vector<std::shared_ptr<HostedMachine>> List(absl::string_view tenant, const MachineName* after,
                                                   std::size_t limit) const ABSL_LOCKS_EXCLUDED(mutex_);
  std::size_t size() const ABSL_LOCKS_EXCLUDED(mutex_);

  // Never the same twice.
  std::string NewUid() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  absl::Status ReserveLocked(const MachineName& name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::size_t max_machines_;
  mutable Mutex mutex_;
  std::map<MachineName, std::shared_ptr<HostedMachine>> machines_ ABSL_GUARDED_BY(mutex_);
  std::set<MachineName> reserved_ ABSL_GUARDED_BY(mutex_);
  Random random_ ABSL_GUARDED_BY(mutex_);
  // What all uids of this run of the server begin with, and the number that follows.
  const std::uint64_t run_;
  std::uint64_t next_uid_ ABSL_GUARDED_BY(mutex_) = 1;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_HOST_MACHINE_REGISTRY_H_
