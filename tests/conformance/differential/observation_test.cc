#include "tests/conformance/differential/observation.h"

#include <functional>

#include "gtest/gtest.h"

namespace memsim::differential {
namespace {

constexpr char kMaps[] =
    "40000000000-40000024000 rwxs 00000000 00:01 1034                         /memfd:region (deleted)\n"
    "40000024000-40000028000 rw-p 00000000 00:00 0                            [heap]\n"
    "100000000000-100000001000 r--s 00003000 fe:00 8194                       /tmp/x/f0.dat\n"
    "100000001000-100000002000 rw-p 00000000 00:00 0 \n"
    "100000002000-100000003000 rw-s 00000000 00:01 1                          /dev/zero (deleted)\n"
    "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n";

TEST(ObservationTest, MapsAreReadWithoutWhatBothSidesHaveForThemselves) {
  const std::vector<Mapping> maps = ParseMaps(kMaps);
  ASSERT_EQ(maps.size(), 4U);
  EXPECT_EQ(ToText(maps[0]), "40000024000-40000028000 rw-p 00000000 [heap]");
  EXPECT_EQ(ToText(maps[1]), "100000000000-100000001000 r--s 00003000 f0.dat");
  EXPECT_EQ(ToText(maps[2]), "100000001000-100000002000 rw-p 00000000");
  EXPECT_EQ(ToText(maps[3]), "100000002000-100000003000 rw-s 00000000 zero");
  EXPECT_TRUE(ParseMaps("").empty());
}

TEST(ObservationTest, StatusIsReadRowByRow) {
  ProcessState state;
  ParseStatus(
      "Name:\tx\nVmPeak:\t     144 kB\nVmLck:\t      16 kB\nVmRSS:\t 1 kB\nRssAnon:\t       4 kB\nRssFile:\t       8 "
      "kB\n"
      "RssShmem:\t     144 kB\nVmData:\t      20 kB\nVmStk:\t       0 kB\n",
      state);
  EXPECT_EQ(state.vm_lck, 16U);
  EXPECT_EQ(state.rss_anon, 4U);
  EXPECT_EQ(state.rss_file, 8U);
  EXPECT_EQ(state.rss_shmem, 144U);
  EXPECT_EQ(state.vm_data, 20U);
}

StepOutcome Outcome() {
  StepOutcome outcome;
  outcome.incore = "01-";
  outcome.processes[1].emplace().maps = ParseMaps(kMaps);
  return outcome;
}

TEST(ObservationTest, EqualOutcomesHaveNoDifference) { EXPECT_EQ(Compare(Outcome(), Outcome()), ""); }

// Each of them alone is found.
TEST(ObservationTest, EveryDifferenceIsTold) {
  const std::pair<const char*, std::function<void(StepOutcome&)>> changes[] = {
      {"result: kernel 0x0, simulated ENOMEM", [](StepOutcome& outcome) { outcome.value = -12; }},
      {"signal: kernel none, simulated SIGSEGV SEGV_MAPERR at 0x1000",
       [](StepOutcome& outcome) {
         outcome.signal = SignalSeen{11, 1, 0x1000};
       }},
      {"minor faults: kernel 0, simulated 1", [](StepOutcome& outcome) { outcome.minor_faults = 1; }},
      {"major faults: kernel 0, simulated 2", [](StepOutcome& outcome) { outcome.major_faults = 2; }},
      {"simulated 00-", [](StepOutcome& outcome) { outcome.incore = "00-"; }},
      {"maps of process 1", [](StepOutcome& outcome) { outcome.processes[1]->maps[0].end += 4096; }},
      {"maps of process 1", [](StepOutcome& outcome) { outcome.processes[1]->maps[1].name = "f1.dat"; }},
      {"RssAnon kB of process 1: kernel 0, simulated 4",
       [](StepOutcome& outcome) { outcome.processes[1]->rss_anon = 4; }},
      {"RssFile kB of process 1", [](StepOutcome& outcome) { outcome.processes[1]->rss_file = 4; }},
      {"RssShmem kB of process 1", [](StepOutcome& outcome) { outcome.processes[1]->rss_shmem = 4; }},
      {"VmData kB of process 1", [](StepOutcome& outcome) { outcome.processes[1]->vm_data = 4; }},
      {"VmLck kB of process 1", [](StepOutcome& outcome) { outcome.processes[1]->vm_lck = 4; }},
      {"process 1: lives only on the kernel", [](StepOutcome& outcome) { outcome.processes[1].reset(); }},
      {"process 2: lives only here", [](StepOutcome& outcome) { outcome.processes[2].emplace(); }},
  };
  for (const auto& [text, change] : changes) {
    StepOutcome changed = Outcome();
    change(changed);
    EXPECT_NE(Compare(Outcome(), changed).find(text), std::string::npos) << text << "\n" << Compare(Outcome(), changed);
  }
}

// A machine that cannot say what is in core says nothing.
TEST(ObservationTest, WhatOneSideDoesNotKnowIsNotCompared) {
  StepOutcome silent = Outcome();
  silent.incore = "";
  EXPECT_EQ(Compare(Outcome(), silent), "");
}

}  // namespace
}  // namespace memsim::differential
