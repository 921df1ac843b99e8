// /proc/PID/oom_score_adj, read and written.

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "server/kernel/machine.h"
#include "server/kernel/vm/capability.h"

namespace memsim {
namespace {

class OomScoreAdjTest : public testing::Test {
 protected:
  OomScoreAdjTest() {
    MachineSpec spec;
    spec.memory = ByteCount(4ULL << 30);
    machine_ = *Machine::Create(spec);
    pid_ = *machine_->Spawn("test");
    other_ = *machine_->Spawn("other");
  }

  // The bytes taken, or the errno's name.
  std::string Write(absl::string_view text) { return WriteAs(pid_, text); }
  std::string WriteAs(Pid writer, absl::string_view text) {
    const ErrnoOr<ByteCount> taken = machine_->WriteProc(writer, Path("oom_score_adj"), text);
    machine_->CheckInvariants();
    return taken.ok() ? absl::StrCat(taken->value()) : std::string(ErrnoName(taken.error()));
  }
  std::string Path(absl::string_view name) const { return absl::StrCat(pid_.value(), "/", name); }
  std::string Adjustment() const { return *machine_->ReadProc(Path("oom_score_adj")); }
  std::string Score() const { return *machine_->ReadProc(Path("oom_score")); }
  // Without any capability, as the user.
  void BecomeUser(Pid pid, UserId user) { EXPECT_EQ(machine_->Setuid(pid, user), Errno::kOk); }

  std::unique_ptr<Machine> machine_;
  Pid pid_;
  Pid other_;
};

TEST_F(OomScoreAdjTest, NumbersAreWrittenAsTheKernelReadsThem) {
  for (const auto& [text, taken, adjustment] : {std::tuple{"5", "1", "5\n"},
                                                {"-5", "2", "-5\n"},
                                                {"+7", "2", "7\n"},
                                                {"0x10", "4", "16\n"},
                                                {"010", "3", "8\n"},
                                                {" 13\n", "4", "13\n"},
                                                {"0", "1", "0\n"},
                                                {"1000", "4", "1000\n"},
                                                {"-1000", "5", "-1000\n"},
                                                {"00000000000001", "12", "0\n"}}) {
    EXPECT_EQ(Write(text), taken) << text;
    EXPECT_EQ(Adjustment(), adjustment) << text;
  }
  EXPECT_EQ(Write("3"), "1");
  for (const char* text : {"", "1 2", "x", "08", "0x", "--1", "-+1", "1001", "-1001"}) {
    EXPECT_EQ(Write(text), "EINVAL") << text;
  }
  EXPECT_EQ(Write("99999999999"), "ERANGE");
  EXPECT_EQ(Adjustment(), "3\n");
}

TEST_F(OomScoreAdjTest, TheScoreFollows) {
  EXPECT_EQ(Score(), "666\n");
  EXPECT_EQ(Write("1000"), "4");
  EXPECT_NEAR(std::stoi(Score()), 1333, 3);
  EXPECT_EQ(Write("-999"), "4");
  EXPECT_NEAR(std::stoi(Score()), 0, 3);
  EXPECT_EQ(Write("-1000"), "5");
  EXPECT_EQ(Score(), "0\n");
}

TEST_F(OomScoreAdjTest, WhoLacksTheCapabilityDoesNotGoBelowWhatItWasGiven) {
  EXPECT_EQ(Write("-100"), "4");
  BecomeUser(pid_, 1000);
  EXPECT_EQ(Write("50"), "2");
  EXPECT_EQ(Write("-100"), "4");
  EXPECT_EQ(Write("-101"), "EACCES");
  EXPECT_EQ(Adjustment(), "-100\n");
}

TEST_F(OomScoreAdjTest, TheFileIsItsProcesss) {
  EXPECT_EQ(WriteAs(other_, "5"), "1");
  BecomeUser(other_, 1000);
  EXPECT_EQ(WriteAs(other_, "6"), "EACCES");
  BecomeUser(pid_, 1000);
  EXPECT_EQ(WriteAs(other_, "6"), "1");
  EXPECT_EQ(machine_->WriteProc(pid_, "99/oom_score_adj", "1").error(), Errno::kNoEnt);
}

}  // namespace
}  // namespace memsim
