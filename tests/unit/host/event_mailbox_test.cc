#include "server/host/event_mailbox.h"

#include <chrono>
#include <memory>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/host/hosted_machine.h"
#include "tests/unit/host/host_test_fixture.h"

namespace memsim {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TracepointSet Frees() {
  TracepointSet set;
  set.Add(Tracepoint::kMmPageFree);
  return set;
}

// So many records of page frees, each with another one between that is not for the reader.
std::shared_ptr<EventBatch> Batch(std::uint64_t first_pfn, std::size_t frees, std::uint64_t sequence) {
  TraceBatch trace;
  for (std::size_t i = 0; i < frees; ++i) {
    TraceRecord record;
    record.point = Tracepoint::kMmPageFree;
    record.fields[0] = first_pfn + i;
    trace.records.push_back(record);
    record.point = Tracepoint::kKfree;
    trace.records.push_back(record);
  }
  return std::make_shared<EventBatch>(std::move(trace), sequence);
}

std::vector<std::uint64_t> FramesOf(const EventMailbox::Mail& mail) {
  std::vector<std::uint64_t> frames;
  for (const EventMailbox::Slice& slice : mail.slices) {
    for (std::size_t i = slice.begin; i < slice.end; ++i) {
      const TraceRecord& record = slice.batch->trace.records[i];
      if (record.point == Tracepoint::kMmPageFree) frames.push_back(record.fields[0]);
    }
  }
  return frames;
}

class EventMailboxTest : public testing::Test {
 protected:
  int wakes_ = 0;
  EventMailbox mailbox_{Frees(), [this] { ++wakes_; }};
};

TEST_F(EventMailboxTest, TheFirstBatchIsToldOfAlsoWhenItIsEmpty) {
  EXPECT_FALSE(mailbox_.Take(10).any);
  mailbox_.Put(Batch(0, 0, 7));
  EXPECT_EQ(wakes_, 1);
  const EventMailbox::Mail mail = mailbox_.Take(10);
  EXPECT_TRUE(mail.any);
  EXPECT_THAT(mail.slices, IsEmpty());
  EXPECT_EQ(mail.sequence, 7U);
  EXPECT_FALSE(mailbox_.Take(10).any);
  mailbox_.Put(Batch(0, 0, 8));
  EXPECT_EQ(wakes_, 1) << "nothing has happened that the reader wants to know";
}

TEST_F(EventMailboxTest, AsManyAsAreWantedAreTakenOldestFirstAcrossBatches) {
  mailbox_.Put(Batch(100, 3, 1));
  mailbox_.Put(Batch(200, 3, 2));
  EXPECT_EQ(wakes_, 1) << "it is awake until it finds nothing";
  EventMailbox::Mail mail = mailbox_.Take(2);
  EXPECT_THAT(FramesOf(mail), ElementsAre(100, 101));
  EXPECT_EQ(mail.sequence, 1U);
  mail = mailbox_.Take(2);
  EXPECT_THAT(FramesOf(mail), ElementsAre(102, 200));
  EXPECT_EQ(mail.sequence, 2U);
  EXPECT_THAT(FramesOf(mailbox_.Take(2)), ElementsAre(201, 202));
  EXPECT_FALSE(mailbox_.Take(2).any);
  mailbox_.Put(Batch(300, 1, 3));
  EXPECT_EQ(wakes_, 2);
}

TEST_F(EventMailboxTest, WhatComesWhileItIsFullIsLostAndCounted) {
  constexpr std::size_t kHalf = EventMailbox::kMaxWaitingRecords / 4;
  mailbox_.Put(Batch(0, kHalf, 1));
  mailbox_.Put(Batch(kHalf, kHalf, 2));
  mailbox_.Put(Batch(1'000'000, 5, 3));
  EventMailbox::Mail mail = mailbox_.Take(2 * kHalf + 1);
  EXPECT_EQ(FramesOf(mail).size(), 2 * kHalf);
  EXPECT_EQ(mail.lost, 5U);
  // There is room again, and the count stays.
  mailbox_.Put(Batch(2'000'000, 1, 4));
  mail = mailbox_.Take(10);
  EXPECT_THAT(FramesOf(mail), ElementsAre(2'000'000));
  EXPECT_EQ(mail.lost, 5U);
}

TEST_F(EventMailboxTest, OneBatchIsTakenHoweverLargeItIs) {
  mailbox_.Put(Batch(0, EventMailbox::kMaxWaitingRecords, 1));
  EXPECT_EQ(FramesOf(mailbox_.Take(SIZE_MAX)).size(), EventMailbox::kMaxWaitingRecords);
}

TEST_F(EventMailboxTest, OfWhatTheMachineLostOnlyTheReadersOwnCounts) {
  TraceBatch trace;
  trace.lost[static_cast<std::size_t>(Tracepoint::kMmPageFree)] = 3;
  trace.lost[static_cast<std::size_t>(Tracepoint::kKfree)] = 10;
  mailbox_.Put(std::make_shared<EventBatch>(std::move(trace), 1));
  EXPECT_EQ(mailbox_.Take(10).lost, 3U);
}

TEST_F(EventMailboxTest, TheEndComesAfterWhatIsThere) {
  mailbox_.Put(Batch(100, 2, 1));
  mailbox_.End(absl::AbortedError("first"));
  mailbox_.End(absl::AbortedError("second"));
  mailbox_.Put(Batch(200, 2, 2));
  EventMailbox::Mail mail = mailbox_.Take(10);
  EXPECT_THAT(FramesOf(mail), ElementsAre(100, 101));
  EXPECT_FALSE(mail.end.has_value());
  // The beginning was news, too; then comes the end.
  mail = mailbox_.Take(10);
  ASSERT_TRUE(mail.end.has_value());
  EXPECT_EQ(mail.end->message(), "first");
}

TEST_F(EventMailboxTest, WhatWaitsIsCountedAndWhatFindsNoMemoryIsLost) {
  EXPECT_EQ(mailbox_.HostMemory(), ByteCount(0));
  mailbox_.Put(Batch(100, 10, 1));
  EXPECT_GE(mailbox_.HostMemory(), ByteCount(10 * sizeof(TraceRecord)));
  mailbox_.Lose(*Batch(200, 4, 2));
  const EventMailbox::Mail mail = mailbox_.Take(100);
  EXPECT_EQ(FramesOf(mail).size(), 10U);
  EXPECT_EQ(mail.lost, 4U);
  EXPECT_EQ(mailbox_.HostMemory(), ByteCount(0));
  mailbox_.Lose(*Batch(300, 1, 3));
  EXPECT_EQ(mailbox_.Take(100).sequence, 3U);
}

TEST_F(EventMailboxTest, AClosedOneTakesNothing) {
  mailbox_.Put(Batch(100, 2, 1));
  mailbox_.Close();
  EXPECT_TRUE(mailbox_.closed());
  mailbox_.Put(Batch(200, 2, 2));
  mailbox_.End(absl::AbortedError("end"));
  const EventMailbox::Mail mail = mailbox_.Take(10);
  EXPECT_THAT(mail.slices, IsEmpty());
  EXPECT_FALSE(mail.end.has_value());
}

// --- The machine's side

class ListenTest : public HostTest {
 protected:
  std::shared_ptr<EventMailbox> Listen(const std::string& machine, const char* pattern) {
    auto mailbox = std::make_shared<EventMailbox>(MatchTracepoints(pattern), [] {});
    host().ListenToEvents(machine, mailbox);
    // A look comes after it.
    Sequence(machine);
    return mailbox;
  }
  ByteCount Memory(const std::string& machine) {
    ByteCount bytes;
    EXPECT_EQ(InspectAndWait(host(), machine, Soon(), [&](const Machine& looked) { bytes = looked.HostMemory(); }),
              absl::OkStatus());
    return bytes;
  }
  // Whether the machine comes to count no more than itself, which it does at the end of a turn.
  bool CountsItselfAlone(const std::string& machine) {
    const auto until = Soon();
    while (host().GetMachine(machine)->host_memory > Memory(machine)) {
      if (std::chrono::steady_clock::now() > until) return false;
    }
    return true;
  }
};

TEST_F(ListenTest, EventsAreThereBeforeTheAnswerAndOnlyThoseSinceTheBeginning) {
  Create("demo");
  EXPECT_EQ(Execute(BatchOf("demo", BrkCall())), absl::OkStatus());
  const auto mailbox = Listen("demo", "sys_exit_brk");
  EventMailbox::Mail mail = mailbox->Take(100);
  EXPECT_TRUE(mail.any && mail.slices.empty());
  EXPECT_EQ(mail.sequence, 1U);
  EXPECT_EQ(Execute(BatchOf("demo", BrkCall(), 2)), absl::OkStatus());
  mail = mailbox->Take(100);
  ASSERT_EQ(mail.slices.size(), 1U);
  EXPECT_EQ(mail.slices[0].end, 2U);
  EXPECT_EQ(mail.sequence, 3U);
}

TEST_F(ListenTest, EachHearsWhatItAskedForAndTheMachineTellsNoMore) {
  Create("demo");
  const auto enters = Listen("demo", "sys_enter_*");
  const auto exits = Listen("demo", "sys_exit_*");
  EXPECT_EQ(Execute(BatchOf("demo", BrkCall())), absl::OkStatus());
  for (const auto& mailbox : {enters, exits}) {
    const EventMailbox::Mail mail = mailbox->Take(100);
    ASSERT_EQ(mail.slices.size(), 1U);
    EXPECT_EQ(mail.slices[0].batch->trace.records.size(), 2U) << "shared, and no kmem events among them";
  }
}

TEST_F(ListenTest, WhatNobodyReadsCountsAsTheMachinesMemory) {
  Create("demo");
  for (const bool reads : {true, false}) {
    const auto mailbox = Listen("demo", "syscalls:*");
    EXPECT_EQ(Execute(BatchOf("demo", BrkCall(), 5000)), absl::OkStatus());
    EXPECT_GE(host().GetMachine("demo")->host_memory, Memory("demo") + ByteCount(10'000 * sizeof(TraceRecord)));
    reads ? static_cast<void>(mailbox->Take(SIZE_MAX)) : mailbox->Close();
    EXPECT_TRUE(CountsItselfAlone("demo")) << reads;
    mailbox->Close();
  }
}

TEST_F(ListenTest, WhereMemoryIsShortEventsAreLostAndCounted) {
  Create("demo");
  HostOptions options;
  options.max_host_memory = host().GetMachine("demo")->host_memory;
  StartHost(options);
  Create("demo");
  const auto mailbox = Listen("demo", "syscalls:sys_*_munmap");
  // A process more is more than there is room for, if listening was not already. What frees memory still runs.
  v1::Call spawn;
  spawn.mutable_spawn()->set_comm("one more");
  EXPECT_EQ(Execute(BatchOf("demo", spawn)), absl::OkStatus());
  v1::Call munmap;
  munmap.mutable_munmap()->set_pid(1);
  EXPECT_EQ(Execute(BatchOf("demo", munmap)), absl::OkStatus());
  const EventMailbox::Mail mail = mailbox->Take(100);
  EXPECT_THAT(mail.slices, IsEmpty());
  EXPECT_EQ(mail.lost, 2U) << "its beginning and its end";
}

TEST_F(ListenTest, TheRingIsGoneWithTheLastListener) {
  Create("demo");
  EXPECT_EQ(Execute(BatchOf("demo", BrkCall())), absl::OkStatus()) << "what the call itself needs from now on";
  const ByteCount quiet = Memory("demo");
  const auto one = Listen("demo", "*");
  const auto other = Listen("demo", "*");
  EXPECT_GT(Memory("demo"), quiet);
  one->Close();
  EXPECT_GT(Memory("demo"), quiet);
  other->Close();
  EXPECT_EQ(Execute(BatchOf("demo", BrkCall())), absl::OkStatus());
  EXPECT_EQ(Memory("demo"), quiet);
}

TEST_F(ListenTest, AMachineHasAsManyListenersAsItsLimitAndRoomAgainWhenOneGoes) {
  Create("demo");
  std::vector<std::shared_ptr<EventMailbox>> listeners;
  for (std::size_t i = 0; i < HostedMachine::kMaxListeners; ++i) listeners.push_back(Listen("demo", "kmem:*"));
  EXPECT_FALSE(listeners.back()->Take(1).end.has_value());
  const EventMailbox::Mail refused = Listen("demo", "kmem:*")->Take(1);
  ASSERT_TRUE(refused.end.has_value());
  EXPECT_THAT(*refused.end, HasReason(v1::ERROR_REASON_QUEUE_FULL));
  listeners[3]->Close();
  EXPECT_FALSE(Listen("demo", "kmem:*")->Take(1).end.has_value());
}

TEST_F(ListenTest, DeletingTheMachineEndsTheListening) {
  Create("demo");
  const auto mailbox = Listen("demo", "*");
  EXPECT_TRUE(mailbox->Take(1).any);
  EXPECT_EQ(host().DeleteMachine("demo"), absl::OkStatus());
  EXPECT_TRUE(host().AwaitIdle(Soon()));
  host_ = nullptr;
  const EventMailbox::Mail mail = mailbox->Take(1);
  ASSERT_TRUE(mail.end.has_value());
  EXPECT_THAT(*mail.end, HasReason(v1::ERROR_REASON_MACHINE_DELETED));
}

TEST_F(ListenTest, AMissingMachineEndsItAtOnce) {
  const auto mailbox = std::make_shared<EventMailbox>(Frees(), [] {});
  host().ListenToEvents("ghost", mailbox);
  EXPECT_THAT(*mailbox->Take(1).end, HasReason(v1::ERROR_REASON_MACHINE_NOT_FOUND));
}

}  // namespace
}  // namespace memsim
