#include "client/replay/trace_line.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace memsim::replay {
namespace {

using Kind = TraceLine::Kind;

TEST(TraceLine, ACallHasPidNameArgumentsAndResult) {
  const TraceLine line =
      ParseTraceLine("1000 mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7fc0000");
  ASSERT_EQ(line.kind, Kind::kCall) << line.text;
  EXPECT_EQ(line.pid, 1000U);
  EXPECT_EQ(line.name, "mmap");
  EXPECT_EQ(line.arguments.size(), 6U);
  EXPECT_EQ(line.result.kind, TraceResult::Kind::kValue);
  EXPECT_EQ(line.result.value, 0x7ffff7fc0000U);
  EXPECT_EQ(line.text, "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)");
}

TEST(TraceLine, ThePidMayBeMissingOrInBrackets) {
  EXPECT_EQ(ParseTraceLine("brk(NULL) = 0x1000").pid, std::nullopt);
  EXPECT_EQ(ParseTraceLine("brk(NULL) = 0x1000").kind, Kind::kCall);
  EXPECT_EQ(ParseTraceLine("[pid   12] brk(NULL) = 0x1000").pid, 12U);
  EXPECT_EQ(ParseTraceLine("12    brk(NULL)         = 0x1000").pid, 12U);
  EXPECT_EQ(ParseTraceLine("12    brk(NULL)         = 0x1000").result.value, 0x1000U);
}

TEST(TraceLine, ResultsOfEveryKind) {
  const auto result = [](absl::string_view text) {
    return ParseTraceLine(std::string("1 f() = ") + std::string(text)).result;
  };
  EXPECT_EQ(result("0").kind, TraceResult::Kind::kValue);
  EXPECT_EQ(result("-1 ENOMEM (Cannot allocate memory)").kind, TraceResult::Kind::kError);
  EXPECT_EQ(result("-1 ENOMEM (Cannot allocate memory)").error_number, 12);
  EXPECT_EQ(result("-1 (errno 524)").kind, TraceResult::Kind::kError);
  EXPECT_EQ(result("-1 (errno 524)").error_number, 524);
  EXPECT_EQ(result("-1 (errno 4095) <0.000012>").error_number, 4095);
  EXPECT_EQ(result("?").kind, TraceResult::Kind::kNone);
  EXPECT_EQ(result("? ERESTARTSYS (To be restarted if SA_RESTART is set)").kind, TraceResult::Kind::kNone);
  EXPECT_EQ(result("3</etc/ld.so.cache>").path, "/etc/ld.so.cache");
  EXPECT_EQ(result("3</etc/ld.so.cache>").value, 3U);
  EXPECT_EQ(result("0x1 (flags FD_CLOEXEC)").value, 1U);
  EXPECT_EQ(result("0 <0.000012>").value, 0U);
  EXPECT_EQ(result("-1").value, ~std::uint64_t{0});
}

TEST(TraceLine, WhatBeginsWithAtKeepsItsResultAsText) {
  const TraceLine touch = ParseTraceLine("1000 @touch(0x100000000000, W) = SIGSEGV SEGV_ACCERR");
  ASSERT_EQ(touch.kind, Kind::kCall) << touch.text;
  EXPECT_EQ(touch.name, "@touch");
  EXPECT_EQ(touch.result.kind, TraceResult::Kind::kText);
  EXPECT_EQ(touch.result.text, "SIGSEGV SEGV_ACCERR");
  EXPECT_EQ(ParseTraceLine("1 @maps(0x0, 0x1) = \"0-1 rw-p 0 /a\", \"1-2 r--p 0\"").result.text,
            "\"0-1 rw-p 0 /a\", \"1-2 r--p 0\"");
}

TEST(TraceLine, SignalsExitsAndRemarks) {
  const TraceLine signal =
      ParseTraceLine("7 --- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x7ffff7fbf000} ---");
  EXPECT_EQ(signal.kind, Kind::kSignal);
  EXPECT_EQ(signal.name, "SIGSEGV");
  EXPECT_EQ(ParseTraceLine("7 --- stopped by SIGTTOU ---").kind, Kind::kNothing);
  const TraceLine exited = ParseTraceLine("7 +++ exited with 3 +++");
  EXPECT_EQ(exited.kind, Kind::kExited);
  EXPECT_EQ(exited.status, 3);
  const TraceLine killed = ParseTraceLine("7 +++ killed by SIGABRT (core dumped) +++");
  EXPECT_EQ(killed.kind, Kind::kKilled);
  EXPECT_EQ(killed.status, 128 + 6);
  EXPECT_EQ(ParseTraceLine("7 +++ superseded by execve in pid 8 +++").kind, Kind::kNothing);
  EXPECT_EQ(ParseTraceLine("strace: Process 8 attached").kind, Kind::kNothing);
  EXPECT_EQ(ParseTraceLine("").kind, Kind::kNothing);
  EXPECT_EQ(ParseTraceLine("# memory: 24 GiB, 2 CPUs").kind, Kind::kHeader);
  EXPECT_EQ(ParseTraceLine("# memory: 24 GiB, 2 CPUs").text, "memory: 24 GiB, 2 CPUs");
}

TEST(TraceLine, ARemarkMayBreakIntoALine) {
  const std::optional<AttachRemark> alone = FindAttachRemark("strace: Process 12 attached");
  ASSERT_TRUE(alone.has_value());
  EXPECT_EQ(alone->pid, 12U);
  EXPECT_EQ(alone->before, "");
  const std::optional<AttachRemark> inside = FindAttachRemark("vfork(strace: Process 12 attached\r");
  ASSERT_TRUE(inside.has_value());
  EXPECT_EQ(inside->before, "vfork(");
  for (const char* none : {"", "brk(NULL) = 0", "strace: Process x attached", "strace: Process 12 detached",
                           "write(2, \"strace: Process 12 attached\", 27) = 27"}) {
    EXPECT_FALSE(FindAttachRemark(none).has_value()) << none;
  }
}

TEST(TraceLine, TwoHalvesMakeOneCall) {
  const TraceLine unfinished = ParseTraceLine("5 clone(child_stack=NULL, flags=CLONE_VM|SIGCHLD <unfinished ...>");
  ASSERT_EQ(unfinished.kind, Kind::kUnfinished);
  const TraceLine resumed = ParseTraceLine("5 <... clone resumed>, child_tidptr=0x10) = 6");
  ASSERT_EQ(resumed.kind, Kind::kResumed);
  const TraceLine joined = JoinTraceLine(unfinished, resumed);
  ASSERT_EQ(joined.kind, Kind::kCall) << joined.text;
  EXPECT_EQ(joined.arguments.size(), 3U);
  EXPECT_EQ(joined.result.value, 6U);
  EXPECT_EQ(EndTraceLine(unfinished).result.kind, TraceResult::Kind::kNone);
  EXPECT_EQ(JoinTraceLine(unfinished, ParseTraceLine("5 <... clone resumed>]) = 6")).kind, Kind::kUnknown);
}

TEST(TraceLine, WhatIsNoneOfTheseSaysWhy) {
  for (const char* text :
       {"hello world", "1000 mmap(NULL, 81", "1000 mmap(NULL) 0x1", "1000 mmap(NULL) = EFISH",
        "1000 mmap(NULL) = -1 EFISH (?)", "1000 mmap(NULL) = -1 (errno 0)", "1000 mmap(NULL) = -1 (errno 4096)",
        "1000 mmap(NULL) = -1 (errno x)", "1000 mmap(NULL) = -1 (errno 5", "1000 (1) = 0", "1000", "1000 @(1) = 0",
        "1000 --- SIGSEGV {", "1000 +++ exited with", "1000 +++ exited with x +++", "1000 <... resumed>", "\xff\xfe"}) {
    const TraceLine line = ParseTraceLine(text);
    EXPECT_EQ(line.kind, Kind::kUnknown) << text;
    EXPECT_FALSE(line.text.empty()) << text;
  }
}

TEST(TraceLine, AnEndlessLineIsUnknown) {
  const std::string most = "1 f(\"" + std::string(kMaxTraceLineBytes - 12, 'x') + "\") = 0";
  EXPECT_EQ(ParseTraceLine(most).kind, Kind::kCall);
  EXPECT_EQ(ParseTraceLine(most + std::string(8, ' ')).kind, Kind::kUnknown);
}

}  // namespace
}  // namespace memsim::replay
