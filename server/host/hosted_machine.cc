#include "server/host/hosted_machine.h"

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"

#include "server/calls/execute_call.h"
#include "server/calls/misuse.h"
#include "server/host/growing_calls.h"
#include "server/host/refusals.h"
#include "server/host/short_calls.h"
#include "server/host/thread_turn.h"
#include "server/host/turn_clock.h"

namespace memsim {
namespace {

// How long the calls of a Concurrent run between two looks at the host memory that they take.
constexpr std::chrono::milliseconds kBetweenLooks{2};

MachineInfo WithSpec(MachineInfo info, const Machine& machine) {
  info.spec = machine.spec();
  return info;
}

absl::Status CallerGone() {
  return MisuseStatus(v1::ERROR_REASON_CALLER_GONE, "the caller gave up before all of its calls had begun");
}

}  // namespace

HostedMachine::HostedMachine(MachineInfo info, std::unique_ptr<Machine> machine, const HostOptions& options,
                             HostMemoryMeter& meter, PendingWork& pending)
    : identity_(WithSpec(std::move(info), *machine)),
      options_(options),
      meter_(meter),
      pending_(pending),
      queue_(options.queue),
      usual_costs_(HasUsualCosts(machine->spec())),
      machine_(std::move(machine)) {
  Publish();
}

HostedMachine::~HostedMachine() {
  if (machine_ != nullptr) Destroy();
}

Wake HostedMachine::Submit(const std::shared_ptr<BatchJob>& job) {
  // Before the queue has it, for then the job may end at any time, and its request be changed.
  const bool on_the_spot = usual_costs_ && !ThreadTurn::InOne() && IsShort(job->request());
  absl::StatusOr<Wake> wake = queue_.PushBatch(job);
  if (!wake.ok()) {
    EndJob(*job, std::move(wake).status());
    return Wake::kNotNeeded;
  }
  // Who cancels sets the flag and then looks into the queue; here it is the other way round, so that one of us ends it.
  if (job->cancelled()) EndIfQueued(*job);
  return *wake == Wake::kSchedule && on_the_spot ? RunOnTheSpot(*job) : *wake;
}

void HostedMachine::EndIfQueued(BatchJob& job) {
  if (queue_.Remove(job)) EndJob(job, CallerGone());
}

Wake HostedMachine::Inspect(const Inspection& inspection) {
  absl::StatusOr<Wake> wake = queue_.PushInspection(inspection);
  if (wake.ok()) return *wake;
  EndJob(inspection, std::move(wake).status());
  return Wake::kNotNeeded;
}

Wake HostedMachine::ListenToEvents(const std::shared_ptr<EventMailbox>& mailbox) {
  return Inspect([this, mailbox](const absl::StatusOr<const Machine*>& machine) {
    machine.ok() ? AddListener(mailbox) : mailbox->End(machine.status());
  });
}

Wake HostedMachine::Close(const v1::Misuse& reason) {
  const MachineQueue::Backlog backlog = queue_.Close(reason);
  for (const std::shared_ptr<BatchJob>& job : backlog.batches) EndJob(*job, queue_.CloseStatus());
  for (const Inspection& inspection : backlog.inspections) EndJob(inspection, queue_.CloseStatus());
  return backlog.wake;
}

void HostedMachine::EndJob(BatchJob& job, absl::Status status) {
  job.Finish(std::move(status));
  job.GiveBack();
  pending_.Remove();
}

void HostedMachine::EndJob(const Inspection& inspection, absl::Status status) {
  inspection(std::move(status));
  pending_.Remove();
}

MachineInfo HostedMachine::Info() const {
  MachineInfo info = identity_;
  info.queued_jobs = queue_.job_count();
  MutexLock lock(snapshot_mutex_);
  info.sequence = snapshot_.sequence;
  info.virtual_time = snapshot_.virtual_time;
  info.host_memory = snapshot_.host_memory;
  return info;
}

AfterTurn HostedMachine::RunTurn() {
  TurnClock clock(options_.turn, machine_ != nullptr ? machine_->now() : Nanoseconds(0));
  bool over = false;
  while (!over) {
    if (queue_.closed()) {
      Destroy();
      return AfterTurn::kIdle;
    }
    const bool looked = LookOnce();
    const bool called = StepBatch();
    if (!looked && !called) break;
    over = looked ? clock.OverNow() : clock.OverAfterCall(machine_->now());
  }
  Publish();
  return queue_.EndTurn();
}

// Whatever else has come meanwhile, a look, another batch, the machine's end, is for a worker, so that the thread is in
// this turn for one short call and no more.
Wake HostedMachine::RunOnTheSpot(const BatchJob& job) {
  const ThreadTurn turn;
  // Its caller may have gone, so that the first batch is another one, which may be long.
  const bool taken = TakeBatch() && batch_.get() == &job;
  if (taken && machine_->HasMemoryFor(kHeadroomOfShortCall) && !machine_->TimersAreDueWithin(kMaxTimeOfShortCall)) {
    RunNextCall();
  }
  return queue_.EndTurn() == AfterTurn::kRunAgain ? Wake::kSchedule : Wake::kNotNeeded;
}

bool HostedMachine::LookOnce() {
  const Inspection inspection = queue_.TakeInspection();
  if (inspection == nullptr) return false;
  inspection(machine_.get());
  pending_.Remove();
  return true;
}

bool HostedMachine::StepBatch() {
  if (batch_ == nullptr && !TakeBatch()) return false;
  RunNextCall();
  return true;
}

bool HostedMachine::TakeBatch() {
  batch_ = queue_.TakeBatch();
  if (batch_ == nullptr) return false;
  next_call_ = 0;
  batch_->response().mutable_answers()->Reserve(batch_->request().calls_size());
  return true;
}

void HostedMachine::RunNextCall() {
  if (batch_->cancelled()) return EndBatch(CallerGone());
  const v1::ExecuteBatchRequest& request = batch_->request();
  if (next_call_ == 0) {
    absl::Status status = CheckSequence();
    if (!status.ok()) return EndBatch(std::move(status));
  }
  bool stopped = false;
  if (next_call_ < request.calls_size()) {
    v1::Answer& answer = *batch_->response().add_answers();
    RunCall(request.calls(next_call_), answer);
    if (machine_->EventsPress()) DeliverEvents();
    ++next_call_;
    stopped = StopsAfter(answer);
  }
  if (stopped || next_call_ == request.calls_size()) EndBatch(absl::OkStatus());
}

void HostedMachine::RunCall(const v1::Call& call, v1::Answer& answer) {
  if (std::optional<v1::Misuse> refusal = WhyNotNow(call)) {
    *answer.mutable_misuse() = *std::move(refusal);
    return;
  }
  if (!call.has_concurrent()) return ExecuteCall(*machine_, call, answer);
  auto last_look = std::chrono::steady_clock::now();
  ExecuteCall(*machine_, call, answer, [this, &last_look](const v1::Call& of_lane) -> std::optional<v1::Misuse> {
    // The calls of lanes are one call's, so what happens at every call's end otherwise is done here.
    if (batch_->cancelled()) return ToMisuse(CallerGone());
    if (queue_.closed()) return ToMisuse(queue_.CloseStatus());
    const auto now = std::chrono::steady_clock::now();
    if (now - last_look >= kBetweenLooks || machine_->EventsPress()) {
      Publish();
      last_look = now;
    }
    return WhyNotNow(of_lane);
  });
}

std::optional<v1::Misuse> HostedMachine::WhyNotNow(const v1::Call& call) const {
  if (!meter_.exhausted() || !MayGrowState(call)) return std::nullopt;
  return ToMisuse(HostMemoryExhausted(meter_));
}

absl::Status HostedMachine::CheckSequence() const {
  const v1::ExecuteBatchRequest& request = batch_->request();
  const std::uint64_t sequence = machine_->sequence();
  if (!request.has_expected_sequence() || request.expected_sequence() == sequence) return absl::OkStatus();
  absl::Status status =
      MisuseStatus(v1::ERROR_REASON_SEQUENCE_STALE,
                   absl::StrCat("expected_sequence is ", request.expected_sequence(), ", but the machine has executed ",
                                sequence, " calls: another call came between, or this one has run already"));
  AddMisuseMetadata("sequence", absl::StrCat(sequence), status);
  return status;
}

bool HostedMachine::StopsAfter(const v1::Answer& answer) const {
  const v1::StopConditions& stop = batch_->request().stop();
  return (stop.on_error_number() && answer.error_number() != 0) || (stop.on_signal() && answer.has_signal()) ||
         (stop.on_misuse() && answer.has_misuse());
}

void HostedMachine::EndBatch(absl::Status status) {
  if (!status.ok() && next_call_ > 0) status = AfterSomeCalls(status);
  // Before the callback, so that whoever has the answer sees what it did in the machine's information.
  Publish();
  batch_->response().set_sequence(machine_->sequence());
  queue_.FinishBatch(*batch_);
  EndJob(*std::exchange(batch_, nullptr), std::move(status));
}

absl::Status HostedMachine::AfterSomeCalls(const absl::Status& reason) const {
  absl::Status status = MisuseStatus(MisuseReason(reason),
                                     absl::StrCat(reason.message(), "; of the batch's ", batch_->request().calls_size(),
                                                  " calls the first ", next_call_, " were executed, the rest was not"));
  AddMisuseMetadata("executed", absl::StrCat(next_call_), status);
  AddMisuseMetadata("sequence", absl::StrCat(machine_->sequence()), status);
  return status;
}

void HostedMachine::AddListener(const std::shared_ptr<EventMailbox>& mailbox) {
  // What has happened is only for those who were there.
  DeliverEvents();
  ForgetListeners();
  if (meter_.exhausted()) return mailbox->End(HostMemoryExhausted(meter_));
  if (listeners_.size() >= kMaxListeners) {
    return mailbox->End(
        MisuseStatus(v1::ERROR_REASON_QUEUE_FULL, absl::StrCat("the machine's events have ", kMaxListeners,
                                                               " watchers, the most that they may; end one of them")));
  }
  listeners_.push_back(mailbox);
  ListenForAll();
  mailbox->Put(std::make_shared<EventBatch>(TraceBatch(), machine_->sequence()));
}

void HostedMachine::ForgetListeners() {
  const auto closed = [](const std::shared_ptr<EventMailbox>& mailbox) { return mailbox->closed(); };
  if (std::none_of(listeners_.begin(), listeners_.end(), closed)) return;
  listeners_.erase(std::remove_if(listeners_.begin(), listeners_.end(), closed), listeners_.end());
  ListenForAll();
}

void HostedMachine::ListenForAll() {
  TracepointSet wanted;
  for (const std::shared_ptr<EventMailbox>& mailbox : listeners_) wanted |= mailbox->tracepoints();
  machine_->ListenTo(wanted);
}

void HostedMachine::DeliverEvents() {
  if (listeners_.empty()) return;
  const auto batch = std::make_shared<EventBatch>(machine_->TakeEvents(), machine_->sequence());
  if (!batch->trace.records.empty()) {
    const bool keep = !meter_.exhausted();
    for (const std::shared_ptr<EventMailbox>& mailbox : listeners_) keep ? mailbox->Put(batch) : mailbox->Lose(*batch);
  }
  ForgetListeners();
}

void HostedMachine::Publish() {
  DeliverEvents();
  ByteCount host_memory = machine_->HostMemory();
  for (const std::shared_ptr<EventMailbox>& mailbox : listeners_) host_memory += mailbox->HostMemory();
  const Snapshot now{machine_->sequence(), machine_->now(), host_memory};
  MutexLock lock(snapshot_mutex_);
  meter_.Change(snapshot_.host_memory, now.host_memory);
  snapshot_ = now;
}

void HostedMachine::Destroy() {
  if (batch_ != nullptr) EndBatch(queue_.CloseStatus());
  DeliverEvents();
  for (const std::shared_ptr<EventMailbox>& mailbox : listeners_) mailbox->End(queue_.CloseStatus());
  listeners_.clear();
  machine_.reset();
  ByteCount taken;
  {
    MutexLock lock(snapshot_mutex_);
    taken = std::exchange(snapshot_.host_memory, ByteCount(0));
  }
  if (meter_.Release(taken)) malloc_trim(0);
}

}  // namespace memsim
