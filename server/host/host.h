// Many machines: who they are, whose turn it is, and how much they may take.
//
// Shape: a registry of machines by name, a bounded queue a machine, and a fixed pool of workers. A machine that has
// work is in the pool's run queue once, or with one worker; a worker gives it a turn (calls for about a millisecond)
// and puts it back at the tail if work is left. So one core runs one machine at a time, and a busy machine stops no
// other.
//
// A batch of one short call (short_calls.h) that finds its machine idle is run at once by the thread that submits it,
// which for some microseconds stands in for a worker: handing it over would take longer than the call.
//
// Thread-safe; the destructor, as always, comes after every other method has returned. Nothing here blocks but
// AwaitIdle, Abandon and the destructor, so gRPC's callback threads may call everything else. Results come by callback:
// exactly once each, without any lock held, on a worker, or on the calling thread when the request is refused,
// cancelled or executed at once. A callback may call the host again; it must not block.

#ifndef MEMSIM_SERVER_HOST_HOST_H_
#define MEMSIM_SERVER_HOST_HOST_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "server/host/batch_job.h"
#include "server/host/event_mailbox.h"
#include "server/host/host_options.h"
#include "server/host/inspection.h"
#include "server/host/machine_info.h"
#include "server/host/machine_name.h"
#include "server/kernel/machine_spec.h"

namespace memsim {

class HostState;

class Host {
 public:
  explicit Host(const HostOptions& options);
  // As Abandon, then joins the workers.
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  const HostOptions& options() const;

  using CreateDone = std::function<void(absl::StatusOr<MachineInfo>)>;
  // Boots a machine, on a worker. id empty: the host chooses one. MACHINE_ALREADY_EXISTS, NAME_INVALID, SPEC_INVALID,
  // TOO_MANY_MACHINES, HOST_MEMORY_EXHAUSTED, SERVER_DRAINING.
  void CreateMachine(absl::string_view tenant, absl::string_view id, const MachineSpec& spec, CreateDone done);

  // By long or short name. NAME_INVALID, MACHINE_NOT_FOUND.
  absl::StatusOr<MachineInfo> GetMachine(absl::string_view name) const;

  // Up to limit machines of the tenant (kAnyTenant: of all) in the order of their names, from the first one after
  // `after`; from the beginning if that is null.
  std::vector<MachineInfo> ListMachines(absl::string_view tenant, const MachineName* after, std::size_t limit) const;

  // The name is free at once. What is queued on the machine ends with MACHINE_DELETED, and so does the rest of a batch
  // that is being run; a call that has begun finishes. uid: only the machine that has it; empty: whichever has the
  // name. NAME_INVALID, MACHINE_NOT_FOUND.
  absl::Status DeleteMachine(absl::string_view name, absl::string_view uid = {});

  // Counts the memory of a batch that waits to be submitted, until the job ends. BATCH_TOO_LARGE, QUEUE_FULL.
  // REQUIRES: request() is complete, and the job ends before the host does.
  absl::Status Reserve(BatchJob& job);
  // Whether who has a batch in hand may reserve for more. Half of the limit is kept for those that have none, so that
  // streams to one slow machine leave room for batches to the others.
  bool MayReserveAhead() const;

  // Runs a batch on the machine that its request names; reserves its memory, unless that was done. Batches of one
  // machine run in the order in which they were submitted. A call that grows the machine's state while the host's
  // memory is exhausted is answered with misuse HOST_MEMORY_EXHAUSTED. A batch of which some calls were executed before
  // it ended with an error has metadata: "executed", how many, and "sequence", the machine's. NAME_INVALID,
  // MACHINE_NOT_FOUND, BATCH_TOO_LARGE, QUEUE_FULL, SEQUENCE_STALE, MACHINE_DELETED, CALLER_GONE, SERVER_DRAINING.
  void Submit(const std::shared_ptr<BatchJob>& job);
  // The caller is gone: the batch ends with CALLER_GONE, at once if it waits for its turn, otherwise after the call
  // that has begun. Nothing happens if it has ended, or has not been submitted: Submit ends it then.
  void Cancel(const std::shared_ptr<BatchJob>& job);

  // Looks into a machine at its next call boundary; it does not wait for the batches that are queued. uid: that of the
  // machine that the caller has seen under this name, MACHINE_DELETED if it is not there any more; empty: whichever has
  // the name. NAME_INVALID, MACHINE_NOT_FOUND, QUEUE_FULL, MACHINE_DELETED, SERVER_DRAINING.
  void Inspect(absl::string_view name, const Inspection& inspection, absl::string_view uid = {});

  // From the machine's next turn on, its events go into the mailbox, until that is closed; a look into the machine
  // makes it notice sooner. The mailbox ends with the reason: QUEUE_FULL, HOST_MEMORY_EXHAUSTED, and as Inspect.
  void ListenToEvents(absl::string_view name, const std::shared_ptr<EventMailbox>& mailbox);

  HostLoad Load() const;

  // draining() is true from now on, for those who show it. Nothing is refused yet: an RPC that was let in may still
  // need the host, more than once.
  void AnnounceDrain();
  // From now on creating, submitting and inspecting end with SERVER_DRAINING. What was accepted before goes on.
  void BeginDrain();
  // Whether either was called.
  bool draining() const;
  // Waits until everything that was accepted has ended. False: the deadline passed first. Not for callbacks.
  bool AwaitIdle(std::chrono::steady_clock::time_point deadline);
  // Drains at once: ends what is queued, and the rest of batches that are being run, with SERVER_DRAINING, and waits
  // for the calls that have begun. The destructor does it, unless it was done. Not for callbacks.
  void Abandon();

 private:
  std::unique_ptr<HostState> state_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_HOST_HOST_H_
