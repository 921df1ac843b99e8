// Programs of this host, as its kernel loads them and as a machine does: the same rows of maps.

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"

#include "client/elf/elf_program.h"
#include "client/record/program_image.h"
#include "tests/unit/calls/call_fixture.h"

namespace memsim {
namespace {

// "555555554000-555555555000 r--p 00000000 /usr/bin/x": without device and inode, which are the host's own.
std::string Comparable(const std::string& row) {
  std::vector<std::string> words = absl::StrSplit(row, ' ', absl::SkipEmpty());
  if (words.size() < 5) return row;
  return absl::StrCat(words[0], " ", words[1], " ", words[2], " ", words.size() > 5 ? words[5] : "");
}

class HostImageTest : public CallTest {
 protected:
  // Empty where this host cannot be asked.
  static std::vector<std::string> OfHost(const std::string& path) {
    const absl::StatusOr<std::vector<std::string>> rows = record::ImageOf({path, {path}, {"HOME=/"}, "/"});
    std::vector<std::string> comparable;
    if (!rows.ok()) return comparable;
    for (const std::string& row : *rows) comparable.push_back(Comparable(row));
    return comparable;
  }
  std::vector<std::string> OfMachine(const std::string& path) {
    v1::Call call;
    call.mutable_execve()->set_pid(Run("spawn {}").value());
    call.mutable_execve()->set_path(path);
    const absl::StatusOr<v1::ElfProgram> program = elf::ReadElfProgram(path);
    EXPECT_TRUE(program.ok()) << program.status();
    if (program.ok()) *call.mutable_execve()->mutable_program() = *program;
    EXPECT_EQ(Ask(call.ShortDebugString()), "0");
    std::vector<std::string> comparable;
    const std::string maps = machine_->ReadProc(absl::StrCat(call.execve().pid(), "/maps")).value_or("");
    for (const absl::string_view row : absl::StrSplit(maps, '\n', absl::SkipEmpty())) {
      comparable.push_back(Comparable(std::string(row)));
    }
    return comparable;
  }
};

TEST_F(HostImageTest, ItsKernelAndAMachineLoadAProgramAlike) {
  for (const std::string path : {"/bin/sh", "/bin/cat", "/usr/bin/python3", "/lib64/ld-linux-x86-64.so.2",
                                 MEMSIM_STATIC_PROGRAM, MEMSIM_STATIC_PIE}) {
    const std::vector<std::string> host = OfHost(path);
    if (host.empty()) GTEST_SKIP() << "this host forbids tracing, or has no " << path;
    const bool as_618 = std::any_of(host.begin(), host.end(),
                                    [](const std::string& row) { return absl::EndsWith(row, " [vvar_vclock]"); });
    if (!as_618) GTEST_SKIP() << "this host's kernel lays out vvar in another way than Linux 6.18";
    EXPECT_EQ(OfMachine(path), host) << path;
  }
}

}  // namespace
}  // namespace memsim
