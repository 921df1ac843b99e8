#include "tests/conformance/differential/trace_text.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/kernel/vm/mman_flags.h"
#include "tests/conformance/differential/calls.h"
#include "tests/conformance/differential/simulated_side.h"

namespace memsim::differential {
namespace {

using ::testing::HasSubstr;

Step MakeStep(absl::string_view call, std::array<std::uint64_t, 6> arguments, std::uint32_t process = 0) {
  return {FindCall(call), process, arguments};
}

// 0..2 written, then a child reads the file and ends.
Program Example() {
  Program program;
  program.files.push_back({FileSystemKind::kTmpfs, ByteCount(8192)});
  program.descriptors.push_back({0, 0});
  const std::uint64_t base = kArenaBase.value();
  program.steps = {
      MakeStep("mmap", {base, 8192, kProtRead | kProtWrite, kMapPrivate | kMapAnonymous, ~0ULL, 0}),
      MakeStep("@touch_write", {base, 3}),
      MakeStep("fork", {}),
      MakeStep("mmap", {base + 8192, 4096, kProtRead, kMapShared | kMapFixed, 10, 4096}, 1),
      MakeStep("exit_group", {}, 1),
      MakeStep("wait4", {}),
      MakeStep("prlimit64", {2, 4096, ~0ULL}),
  };
  return program;
}

std::string Record(const Program& program) {
  MachineSpec spec;
  spec.address_randomization = AddressRandomization::kOff;
  SimulatedSide kernel(spec);
  const absl::StatusOr<std::string> trace = RecordTrace(program, kernel, "an example");
  EXPECT_TRUE(trace.ok()) << trace.status();
  return trace.value_or("");
}

TEST(TraceTextTest, StepsAreLinesOfStrace) {
  const std::string trace = Record(Example());
  for (const char* const line : {
           "# an example\n",
           "1000 @file(\"/dev/shm/f0.dat\", 8192) = 0\n",
           "1000 openat(AT_FDCWD, \"/dev/shm/f0.dat\", O_RDONLY) = 10</dev/shm/f0.dat>\n",
           "1000 mmap(0x100000000000, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x100000000000\n",
           "1000 @touch(0x100000000000, W) = 1\n1000 @status(\"RssAnon\") = 4 kB\n",
           "1000 @touch(0x100000002000, W) = SIGSEGV SEGV_MAPERR\n",
           "1000 clone(child_stack=NULL, flags=SIGCHLD) = 1001\n",
           "1001 mmap(0x100000002000, 4096, PROT_READ, MAP_SHARED|MAP_FIXED, 10</dev/shm/f0.dat>, 0x1000) = "
           "0x100000002000\n",
           "\"100000000000-100000002000 rw-p 00000000\", \"100000002000-100000003000 r--s 00001000 /dev/shm/f0.dat\"\n",
           "1001 exit_group(0) = ?\n1001 +++ exited with 0 +++\n",
           "1000 wait4(-1, NULL, WNOHANG, NULL) = 1001\n",
           "1000 prlimit64(0, RLIMIT_DATA, {rlim_cur=4096, rlim_max=RLIM64_INFINITY}, NULL) = 0\n",
       }) {
    EXPECT_THAT(trace, HasSubstr(line));
  }
}

TEST(TraceTextTest, ARowOfTouchesBecomesALineEach) {
  const Program single = WithSingleTouches(Example());
  ASSERT_EQ(single.steps.size(), Example().steps.size() + 2);
  EXPECT_EQ(PrintStep(single, single.steps[2]), "@touch(0x100000001000, W)");
  EXPECT_EQ(PrintStep(Example(), Example().steps[1]), "@touch(0x100000000000, W) and the 2 pages after it");
}

TEST(TraceTextTest, ErrorsHaveTheirNames) {
  Program program;
  program.steps = {MakeStep("munmap", {kArenaBase.value() + 1, 4096})};
  EXPECT_THAT(Record(program), HasSubstr("munmap(0x100000000001, 4096) = -1 EINVAL (Invalid argument)\n"));
}

}  // namespace
}  // namespace memsim::differential
