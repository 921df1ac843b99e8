#include "server/host/machine_registry.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "server/calls/misuse.h"

namespace memsim {
namespace {

absl::Status NotFound(const MachineName& name) {
  return MisuseStatus(v1::ERROR_REASON_MACHINE_NOT_FOUND,
                      absl::StrCat("there is no machine ", name.ToString(), "; ListMachines shows those that exist"));
}

}  // namespace

MachineRegistry::MachineRegistry(std::size_t max_machines, std::uint64_t seed)
    : max_machines_(max_machines), random_(seed), run_(seed) {}

absl::Status MachineRegistry::Reserve(const MachineName& name) {
  MutexLock lock(mutex_);
  return ReserveLocked(name);
}

absl::Status MachineRegistry::ReserveLocked(const MachineName& name) {
  if (machines_.count(name) != 0 || reserved_.count(name) != 0) {
    return MisuseStatus(
        v1::ERROR_REASON_MACHINE_ALREADY_EXISTS,
        absl::StrCat("the name ", name.ToString(), " is taken; choose another machine_id, or delete the machine"));
  }
  if (machines_.size() + reserved_.size() >= max_machines_) {
    return MisuseStatus(
        v1::ERROR_REASON_TOO_MANY_MACHINES,
        absl::StrCat("the server holds ", max_machines_, " machines, as many as it may; delete one first"));
  }
  reserved_.insert(name);
  return absl::OkStatus();
}

absl::StatusOr<MachineName> MachineRegistry::ReserveAny(absl::string_view tenant) {
  MutexLock lock(mutex_);
  MachineName name{std::string(tenant), ""};
  do {
    name.machine = absl::StrFormat("machine-%08x", random_.Below(1ULL << 32));
  } while (machines_.count(name) != 0 || reserved_.count(name) != 0);
  const absl::Status status = ReserveLocked(name);
  if (!status.ok()) return status;
  return name;
}

void MachineRegistry::CancelReservation(const MachineName& name) {
  MutexLock lock(mutex_);
  reserved_.erase(name);
}

void MachineRegistry::Insert(std::shared_ptr<HostedMachine> machine) {
  MutexLock lock(mutex_);
  reserved_.erase(machine->name());
  machines_.emplace(machine->name(), std::move(machine));
}

absl::StatusOr<std::shared_ptr<HostedMachine>> MachineRegistry::Find(const MachineName& name) const {
  MutexLock lock(mutex_);
  const auto found = machines_.find(name);
  if (found == machines_.end()) return NotFound(name);
  return found->second;
}

absl::StatusOr<std::shared_ptr<HostedMachine>> MachineRegistry::Remove(const MachineName& name, absl::string_view uid) {
  MutexLock lock(mutex_);
  const auto found = machines_.find(name);
  if (found == machines_.end()) return NotFound(name);
  if (!uid.empty() && found->second->uid() != uid) {
    return MisuseStatus(v1::ERROR_REASON_MACHINE_NOT_FOUND,
                        absl::StrCat("the machine that has the name ", name.ToString(), " has the uid ",
                                     found->second->uid(), ", not the one that was sent; GetMachine shows it"));
  }
  std::shared_ptr<HostedMachine> machine = std::move(found->second);
  machines_.erase(found);
  return machine;
}

std::vector<std::shared_ptr<HostedMachine>> MachineRegistry::List(absl::string_view tenant, const MachineName* after,
                                                                  std::size_t limit) const {
  const bool any = tenant == kAnyTenant;
  std::vector<std::shared_ptr<HostedMachine>> found;
  MutexLock lock(mutex_);
  // No machine's own name is empty, so this lies before the tenant's first.
  const MachineName start{any ? "" : std::string(tenant), ""};
  auto next = machines_.upper_bound(after != nullptr && start < *after ? *after : start);
  for (; next != machines_.end() && found.size() < limit; ++next) {
    if (!any && next->first.tenant != tenant) break;
    found.push_back(next->second);
  }
  return found;
}

std::size_t MachineRegistry::size() const {
  MutexLock lock(mutex_);
  return machines_.size();
}

std::string MachineRegistry::NewUid() {
  MutexLock lock(mutex_);
  return absl::StrFormat("%016x-%x", run_, next_uid_++);
}

}  // namespace memsim
