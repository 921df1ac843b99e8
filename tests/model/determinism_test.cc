// The same calls give the same answers and the same digests on any machine of the same spec; one other call, others.
// How they travel is tests/service/methods_test.cc's.

#include <cstdint>
#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "server/calls/execute_call.h"
#include "tests/model/random_calls.h"
#include "tests/model/seeds.h"

namespace memsim {
namespace {

constexpr int kCallsPerSeed = 300;
constexpr std::uint64_t kArenaStart = 1ULL << 44;

// What a machine has to say after each call.
struct Transcript {
  std::vector<std::string> answers;
  std::string state;
  std::string all_answers;
};

Transcript RunCalls(std::uint64_t seed, const std::vector<v1::Call>& calls) {
  const std::unique_ptr<Machine> machine = MachineOfSeed(seed);
  Transcript transcript;
  for (const v1::Call& call : calls) {
    v1::Answer answer;
    ExecuteCall(*machine, call, answer);
    transcript.answers.push_back(answer.ShortDebugString());
  }
  transcript.state = machine->StateDigest();
  transcript.all_answers = machine->AnswerDigest();
  return transcript;
}

v1::Call Write(std::uint64_t page) {
  v1::Call call;
  call.mutable_touch()->set_pid(2);
  call.mutable_touch()->set_address(kArenaStart + page * 4096);
  call.mutable_touch()->set_access(v1::ACCESS_KIND_WRITE);
  return call;
}

// A process with 16 pages at the arena's start.
std::vector<v1::Call> FirstCalls() { return DrawCalls(1, 0); }

TEST(DeterminismTest, TheSameCallsGiveTheSameAnswersAndDigests) {
  for (std::uint64_t seed = FirstSeed(); seed < FirstSeed() + Seeds(50); ++seed) {
    const std::vector<v1::Call> calls = DrawCalls(seed, kCallsPerSeed);
    const Transcript first = RunCalls(seed, calls);
    const Transcript second = RunCalls(seed, calls);
    for (std::size_t i = 0; i < calls.size(); ++i) {
      ASSERT_EQ(first.answers[i], second.answers[i]) << "seed " << seed << ", " << calls[i].ShortDebugString();
    }
    ASSERT_EQ(first.state, second.state) << "seed " << seed;
    ASSERT_EQ(first.all_answers, second.all_answers) << "seed " << seed;
  }
}

TEST(DeterminismTest, OneCallMoreShowsInBothDigests) {
  for (std::uint64_t seed = FirstSeed(); seed < FirstSeed() + Seeds(50); ++seed) {
    std::vector<v1::Call> calls = DrawCalls(seed, 50);
    const Transcript without = RunCalls(seed, calls);
    calls.insert(calls.begin() + 20, Write(3));
    const Transcript with = RunCalls(seed, calls);
    EXPECT_NE(with.state, without.state) << "seed " << seed;
    EXPECT_NE(with.all_answers, without.all_answers) << "seed " << seed;
  }
}

TEST(DeterminismTest, AnotherPageTouchedShowsInTheStateAloneAsTheAnswersAreEqual) {
  std::vector<v1::Call> third = FirstCalls();
  std::vector<v1::Call> fourth = FirstCalls();
  third.push_back(Write(3));
  fourth.push_back(Write(4));
  const Transcript of_third = RunCalls(1, third);
  const Transcript of_fourth = RunCalls(1, fourth);
  EXPECT_EQ(of_third.answers, of_fourth.answers);
  EXPECT_EQ(of_third.all_answers, of_fourth.all_answers);
  EXPECT_NE(of_third.state, of_fourth.state);
}

TEST(DeterminismTest, ACallThatIsRefusedLeavesBothDigestsAsTheyWere) {
  std::vector<v1::Call> calls = FirstCalls();
  const Transcript before = RunCalls(1, calls);
  calls.emplace_back();
  calls.emplace_back(Write(3));
  calls.back().mutable_touch()->set_pid_slot(77);
  const Transcript after = RunCalls(1, calls);
  EXPECT_EQ(after.state, before.state);
  EXPECT_EQ(after.all_answers, before.all_answers);
}

TEST(DeterminismTest, TheOrderOfCallsShows) {
  std::vector<v1::Call> upwards = FirstCalls();
  std::vector<v1::Call> downwards = FirstCalls();
  for (const std::uint64_t page : {5, 6}) upwards.push_back(Write(page));
  for (const std::uint64_t page : {6, 5}) downwards.push_back(Write(page));
  // The frames are the same, but the other way round.
  EXPECT_NE(RunCalls(1, upwards).state, RunCalls(1, downwards).state);
}

}  // namespace
}  // namespace memsim
