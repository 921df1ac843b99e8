// A machine with its name, its queue, and its turns.

#ifndef MEMSIM_SERVER_HOST_HOSTED_MACHINE_H_
#define MEMSIM_SERVER_HOST_HOSTED_MACHINE_H_

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"

#include "server/base/mutex.h"
#include "server/host/batch_job.h"
#include "server/host/event_mailbox.h"
#include "server/host/host_memory_meter.h"
#include "server/host/host_options.h"
#include "server/host/inspection.h"
#include "server/host/machine_info.h"
#include "server/host/machine_queue.h"
#include "server/host/pending_work.h"
#include "server/host/worker_pool.h"
#include "server/kernel/machine.h"

namespace memsim {

// Thread-safe. The machine itself belongs to whoever has the turn: the queue's hand-over between turns orders the
// workers.
class HostedMachine final : public Runnable {
 public:
  // Who may listen to one machine's events at a time. Each costs its turns a look at every event.
  static constexpr std::size_t kMaxListeners = 16;

  // info: name, uid and create time; the rest is asked of the machine. The other arguments must outlive this.
  HostedMachine(MachineInfo info, std::unique_ptr<Machine> machine, const HostOptions& options, HostMemoryMeter& meter,
                PendingWork& pending);
  ~HostedMachine() override;

  // Ends the job with a status if it is cancelled, or the queue does not take it. Runs it on the spot, callback
  // included, if it is short, the machine idle, not short of memory and not about to do what it does once a second, and
  // the thread in no turn. REQUIRES: the job is in the pending work, and its bytes are reserved there.
  [[nodiscard]] Wake Submit(const std::shared_ptr<BatchJob>& job);
  // Ends a cancelled job whose turn has not come.
  void EndIfQueued(BatchJob& job);
  // REQUIRES: it is in the pending work.
  [[nodiscard]] Wake Inspect(const Inspection& inspection);
  // From its next turn on, the machine's events go into the mailbox, until somebody closes that, or the machine is
  // closed. Ends it with QUEUE_FULL or HOST_MEMORY_EXHAUSTED if it may not listen. REQUIRES: as Inspect.
  [[nodiscard]] Wake ListenToEvents(const std::shared_ptr<EventMailbox>& mailbox);
  // Ends with the reason what is queued, at once, and the rest of the batch that is being run, in the turn that must
  // follow, which also destroys the machine.
  [[nodiscard]] Wake Close(const v1::Misuse& reason);

  const MachineName& name() const { return identity_.name; }
  const std::string& uid() const { return identity_.uid; }
  MachineInfo Info() const ABSL_LOCKS_EXCLUDED(snapshot_mutex_);

  AfterTurn RunTurn() override;

 private:
  // What of the machine is shown without waiting for it.
  struct Snapshot {
    std::uint64_t sequence = 0;
    Nanoseconds virtual_time;
    ByteCount host_memory;
  };

  // A turn of this job alone, on the thread that brought it. REQUIRES: the queue said kSchedule to that thread.
  Wake RunOnTheSpot(const BatchJob& job);

  // --- In a turn only.
  // One inspection, one call. False: there was none to do.
  bool LookOnce();
  bool StepBatch();
  // Makes the next batch the one that is being run. False: there is none. REQUIRES: none is being run.
  bool TakeBatch();
  void RunNextCall();
  void RunCall(const v1::Call& call, v1::Answer& answer);
  // Why a call must not run while there is no host memory for what it may take. nullopt: it may.
  std::optional<v1::Misuse> WhyNotNow(const v1::Call& call) const;
  absl::Status CheckSequence() const;
  // Whether the batch ends after the answer.
  bool StopsAfter(const v1::Answer& answer) const;
  void EndBatch(absl::Status status);
  // The reason as the end of a batch of which some calls have been executed: with their number.
  absl::Status AfterSomeCalls(const absl::Status& reason) const;
  // Gives the events so far to those who listen.
  void DeliverEvents();
  void AddListener(const std::shared_ptr<EventMailbox>& mailbox);
  // Forgets those who do not listen any more.
  void ForgetListeners();
  // What the machine must tell of.
  void ListenForAll();
  // Delivers events, shows the machine's present state, and counts its memory.
  void Publish() ABSL_LOCKS_EXCLUDED(snapshot_mutex_);
  // The last turn of a closed machine.
  void Destroy();

  // --- Any thread.
  void EndJob(BatchJob& job, absl::Status status);
  void EndJob(const Inspection& inspection, absl::Status status);

  const MachineInfo identity_;
  const HostOptions& options_;
  HostMemoryMeter& meter_;
  PendingWork& pending_;
  MachineQueue queue_;
  // See HasUsualCosts: without it nothing runs on the spot.
  const bool usual_costs_;

  // --- In a turn only.
  std::unique_ptr<Machine> machine_;
  // The batch that is being run, with the index of its next call.
  std::shared_ptr<BatchJob> batch_;
  int next_call_ = 0;
  std::vector<std::shared_ptr<EventMailbox>> listeners_;

  mutable Mutex snapshot_mutex_;
  Snapshot snapshot_ ABSL_GUARDED_BY(snapshot_mutex_);
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_HOST_HOSTED_MACHINE_H_
