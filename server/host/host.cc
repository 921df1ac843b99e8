#include "server/host/host.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <random>
#include <thread>
#include <utility>

#include "server/calls/misuse.h"
#include "server/host/batch_limits.h"
#include "server/host/host_memory_meter.h"
#include "server/host/hosted_machine.h"
#include "server/host/machine_registry.h"
#include "server/host/pending_work.h"
#include "server/host/refusals.h"
#include "server/host/worker_pool.h"

namespace memsim {
namespace {

ByteCount PhysicalMemory() {
  return ByteCount(static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) *
                   static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)));
}

HostOptions Resolved(HostOptions options) {
  if (options.worker_count == 0) options.worker_count = std::max(1U, std::thread::hardware_concurrency());
  if (options.max_host_memory == ByteCount(0)) options.max_host_memory = PhysicalMemory() / 2;
  return options;
}

std::uint64_t RandomSeed() {
  std::random_device device;
  return static_cast<std::uint64_t>(device()) << 32 | device();
}

absl::Status SpecStatus(const absl::Status& status) {
  return status.ok() ? status : MisuseStatus(v1::ERROR_REASON_SPEC_INVALID, status.message());
}

}  // namespace

// The members' order is the reverse of the order in which they may go: the workers first.
class HostState {
 public:
  explicit HostState(const HostOptions& host_options)
      : options(Resolved(host_options)),
        meter(options.max_host_memory),
        pending(options.max_queued_bytes),
        registry(options.max_machines, RandomSeed()),
        pool(options.worker_count) {}

  absl::StatusOr<std::shared_ptr<HostedMachine>> Find(absl::string_view text) const {
    const absl::StatusOr<MachineName> name = MachineName::Parse(text);
    if (!name.ok()) return name.status();
    return registry.Find(*name);
  }

  // The machine that had the name when the caller learned its uid; any if it is empty.
  absl::StatusOr<std::shared_ptr<HostedMachine>> FindSame(absl::string_view text, absl::string_view uid) const {
    absl::StatusOr<std::shared_ptr<HostedMachine>> machine = Find(text);
    if (uid.empty() || (machine.ok() && (*machine)->uid() == uid)) return machine;
    const absl::StatusOr<MachineName> name = MachineName::Parse(text);
    return name.ok() ? MachineDeleted(*name) : name.status();
  }

  absl::Status Reserve(BatchJob& job) {
    if (job.wire_bytes() == 0) job.set_wire_bytes(job.request().ByteSizeLong());
    const std::size_t memory = job.MemoryBytes();
    absl::Status status = CheckBatchWireBytes(job.wire_bytes(), options.batch);
    status.Update(CheckBatchMemory(memory, options.batch));
    status.Update(CheckBatchCalls(CountCalls(job.request()), options.batch));
    if (!status.ok()) return status;
    absl::StatusOr<PendingBytes> bytes = pending.Reserve(memory);
    if (!bytes.ok()) return bytes.status();
    job.Hold(*std::move(bytes));
    return absl::OkStatus();
  }

  // Finds the job's machine, and counts the job as pending.
  absl::StatusOr<std::shared_ptr<HostedMachine>> Accept(BatchJob& job) {
    absl::Status status = job.reserved_bytes() == 0 ? Reserve(job) : absl::OkStatus();
    if (!status.ok()) return status;
    absl::StatusOr<std::shared_ptr<HostedMachine>> machine = Find(job.request().machine());
    if (!machine.ok()) return machine;
    status = pending.Add();
    if (!status.ok()) return status;
    return machine;
  }

  void WakeUp(Wake wake, std::shared_ptr<HostedMachine> machine) {
    if (wake == Wake::kSchedule) pool.Schedule(std::move(machine));
  }

  const HostOptions options;
  HostMemoryMeter meter;
  PendingWork pending;
  std::atomic<bool> draining = false;
  MachineRegistry registry;
  WorkerPool pool;
};

namespace {

// The turn in which a machine comes to life.
class Boot final : public Runnable {
 public:
  Boot(HostState& host, MachineName name, const MachineSpec& spec, Host::CreateDone done)
      : host_(host), name_(std::move(name)), spec_(spec), done_(std::move(done)) {}

  AfterTurn RunTurn() override {
    done_(Run());
    host_.pending.Remove();
    return AfterTurn::kIdle;
  }

 private:
  absl::StatusOr<MachineInfo> Run() {
    absl::StatusOr<std::unique_ptr<Machine>> machine = Machine::Create(spec_);
    if (!machine.ok()) {
      host_.registry.CancelReservation(name_);
      return SpecStatus(machine.status());
    }
    MachineInfo info;
    info.name = name_;
    info.uid = host_.registry.NewUid();
    info.create_time = std::chrono::system_clock::now();
    auto hosted = std::make_shared<HostedMachine>(std::move(info), *std::move(machine), host_.options, host_.meter,
                                                  host_.pending);
    host_.registry.Insert(hosted);
    return hosted->Info();
  }

  HostState& host_;
  const MachineName name_;
  const MachineSpec spec_;
  const Host::CreateDone done_;
};

}  // namespace

Host::Host(const HostOptions& options) : state_(std::make_unique<HostState>(options)) {}

Host::~Host() { Abandon(); }

void Host::Abandon() {
  BeginDrain();
  const v1::Misuse draining = ToMisuse(ServerDraining());
  // A boot that was accepted may still bring a machine, so go on until nothing is pending.
  do {
    for (const auto& machine : state_->registry.List(kAnyTenant, nullptr, SIZE_MAX)) {
      state_->WakeUp(machine->Close(draining), machine);
    }
  } while (!AwaitIdle(std::chrono::steady_clock::now() + std::chrono::milliseconds(10)));
}

const HostOptions& Host::options() const { return state_->options; }

void Host::CreateMachine(absl::string_view tenant, absl::string_view id, const MachineSpec& spec, CreateDone done) {
  absl::Status status = ValidateNamePart("the tenant", tenant);
  if (status.ok() && !id.empty()) status = ValidateNamePart("machine_id", id);
  if (status.ok()) status = SpecStatus(spec.Validate());
  if (status.ok() && state_->meter.exhausted()) status = HostMemoryExhausted(state_->meter);
  if (!status.ok()) return done(status);

  absl::StatusOr<MachineName> name = MachineName{std::string(tenant), std::string(id)};
  if (id.empty()) {
    name = state_->registry.ReserveAny(tenant);
  } else if (const absl::Status reserved = state_->registry.Reserve(*name); !reserved.ok()) {
    name = reserved;
  }
  if (!name.ok()) return done(name.status());
  if (const absl::Status added = state_->pending.Add(); !added.ok()) {
    state_->registry.CancelReservation(*name);
    return done(added);
  }
  state_->pool.Schedule(std::make_shared<Boot>(*state_, *std::move(name), spec, std::move(done)));
}

absl::StatusOr<MachineInfo> Host::GetMachine(absl::string_view name) const {
  const absl::StatusOr<std::shared_ptr<HostedMachine>> machine = state_->Find(name);
  if (!machine.ok()) return machine.status();
  return (*machine)->Info();
}

std::vector<MachineInfo> Host::ListMachines(absl::string_view tenant, const MachineName* after,
                                            std::size_t limit) const {
  std::vector<MachineInfo> infos;
  for (const auto& machine : state_->registry.List(tenant, after, limit)) infos.push_back(machine->Info());
  return infos;
}

absl::Status Host::DeleteMachine(absl::string_view text, absl::string_view uid) {
  const absl::StatusOr<MachineName> name = MachineName::Parse(text);
  if (!name.ok()) return name.status();
  const absl::StatusOr<std::shared_ptr<HostedMachine>> machine = state_->registry.Remove(*name, uid);
  if (!machine.ok()) return machine.status();
  state_->WakeUp((*machine)->Close(ToMisuse(MachineDeleted(*name))), *machine);
  return absl::OkStatus();
}

absl::Status Host::Reserve(BatchJob& job) { return state_->Reserve(job); }

bool Host::MayReserveAhead() const { return state_->pending.bytes() < state_->options.max_queued_bytes / 2; }

void Host::Submit(const std::shared_ptr<BatchJob>& job) {
  absl::StatusOr<std::shared_ptr<HostedMachine>> machine = state_->Accept(*job);
  if (machine.ok()) return state_->WakeUp((*machine)->Submit(job), *machine);
  job->Finish(std::move(machine).status());
  job->GiveBack();
}

void Host::Cancel(const std::shared_ptr<BatchJob>& job) {
  job->Cancel();
  const absl::StatusOr<std::shared_ptr<HostedMachine>> machine = state_->Find(job->request().machine());
  if (machine.ok()) (*machine)->EndIfQueued(*job);
}

void Host::Inspect(absl::string_view name, const Inspection& inspection, absl::string_view uid) {
  const absl::StatusOr<std::shared_ptr<HostedMachine>> machine = state_->FindSame(name, uid);
  if (!machine.ok()) return inspection(machine.status());
  const absl::Status status = state_->pending.Add();
  if (!status.ok()) return inspection(status);
  state_->WakeUp((*machine)->Inspect(inspection), *machine);
}

void Host::ListenToEvents(absl::string_view name, const std::shared_ptr<EventMailbox>& mailbox) {
  const absl::StatusOr<std::shared_ptr<HostedMachine>> machine = state_->Find(name);
  if (!machine.ok()) return mailbox->End(machine.status());
  const absl::Status status = state_->pending.Add();
  if (!status.ok()) return mailbox->End(status);
  state_->WakeUp((*machine)->ListenToEvents(mailbox), *machine);
}

HostLoad Host::Load() const {
  HostLoad load;
  load.machines = state_->registry.size();
  load.host_memory = state_->meter.used();
  load.max_host_memory = state_->meter.cap();
  load.pending_jobs = state_->pending.count();
  load.queued_bytes = state_->pending.bytes();
  load.workers = state_->pool.size();
  return load;
}

void Host::AnnounceDrain() { state_->draining.store(true, std::memory_order_relaxed); }

void Host::BeginDrain() {
  AnnounceDrain();
  state_->pending.Close();
}

bool Host::draining() const { return state_->draining.load(std::memory_order_relaxed); }

bool Host::AwaitIdle(std::chrono::steady_clock::time_point deadline) { return state_->pending.AwaitNone(deadline); }

}  // namespace memsim
