#include "client/library/linux_constants.h"

#include <fcntl.h>
#include <linux/memfd.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace memsim::client {
namespace {

using ::testing::HasSubstr;

std::uint64_t Parse(const char* family, const char* text) {
  const auto value = ParseConstants(*FindConstantFamily(family), text);
  EXPECT_TRUE(value.ok()) << family << " " << text << ": " << value.status();
  return value.value_or(0xdead);
}

std::string Format(const char* family, std::uint64_t value) {
  return FormatConstants(*FindConstantFamily(family), value);
}

TEST(LinuxConstantsTest, EveryConstantIsUnderstoodByItsWholeName) {
  for (const ConstantFamily& family : ConstantFamilies()) {
    for (const LinuxConstant& constant : family.constants) {
      EXPECT_EQ(Parse(std::string(family.name).c_str(), std::string(constant.name).c_str()), constant.value)
          << constant.name;
    }
  }
}

TEST(LinuxConstantsTest, EveryConstantIsFoundWithoutKnowingItsFamily) {
  for (const ConstantFamily& family : ConstantFamilies()) {
    for (const LinuxConstant& constant : family.constants) {
      EXPECT_EQ(FindConstant(constant.name), constant.value) << constant.name;
    }
  }
  EXPECT_EQ(FindConstant("MAP_NOTHING"), std::nullopt);
}

TEST(LinuxConstantsTest, EveryPrintedConstantComesBackFromItsText) {
  for (const ConstantFamily& family : ConstantFamilies()) {
    for (const LinuxConstant& constant : family.constants) {
      const std::string text = FormatConstants(family, constant.value);
      EXPECT_EQ(Parse(std::string(family.name).c_str(), text.c_str()), constant.value)
          << constant.name << " as " << text;
    }
  }
}

TEST(LinuxConstantsTest, AnySetOfBitsComesBackFromItsText) {
  for (const char* family : {"PROT", "MAP", "MREMAP", "CLONE", "O", "MFD", "GFP", "MADV", "PERSONALITY"}) {
    std::uint64_t bits = 0x9e3779b97f4a7c15;
    for (int i = 0; i < 1000; ++i) {
      bits = bits * 6364136223846793005 + 1442695040888963407;
      EXPECT_EQ(Parse(family, Format(family, bits >> 20).c_str()), bits >> 20) << family;
    }
  }
}

TEST(LinuxConstantsTest, NumbersAreThoseOfTheCLibrary) {
  EXPECT_EQ(FindConstant("PROT_GROWSDOWN"), static_cast<std::uint64_t>(PROT_GROWSDOWN));
  EXPECT_EQ(FindConstant("MAP_32BIT"), static_cast<std::uint64_t>(MAP_32BIT));
  EXPECT_EQ(FindConstant("MAP_DENYWRITE"), static_cast<std::uint64_t>(MAP_DENYWRITE));
  EXPECT_EQ(FindConstant("MAP_NORESERVE"), static_cast<std::uint64_t>(MAP_NORESERVE));
  EXPECT_EQ(FindConstant("MAP_FIXED_NOREPLACE"), static_cast<std::uint64_t>(MAP_FIXED_NOREPLACE));
  EXPECT_EQ(FindConstant("MREMAP_DONTUNMAP"), static_cast<std::uint64_t>(MREMAP_DONTUNMAP));
  EXPECT_EQ(FindConstant("MADV_WIPEONFORK"), static_cast<std::uint64_t>(MADV_WIPEONFORK));
  EXPECT_EQ(FindConstant("MADV_DONTNEED_LOCKED"), std::uint64_t{24});
  EXPECT_EQ(FindConstant("MADV_GUARD_REMOVE"), std::uint64_t{103});
  EXPECT_EQ(FindConstant("MCL_ONFAULT"), static_cast<std::uint64_t>(MCL_ONFAULT));
  EXPECT_EQ(FindConstant("MS_SYNC"), static_cast<std::uint64_t>(MS_SYNC));
  EXPECT_EQ(FindConstant("MFD_ALLOW_SEALING"), static_cast<std::uint64_t>(MFD_ALLOW_SEALING));
  EXPECT_EQ(FindConstant("CLONE_CHILD_CLEARTID"), static_cast<std::uint64_t>(CLONE_CHILD_CLEARTID));
  EXPECT_EQ(FindConstant("CLONE_INTO_CGROUP"), std::uint64_t{0x200000000});
  EXPECT_EQ(FindConstant("RLIMIT_MEMLOCK"), static_cast<std::uint64_t>(RLIMIT_MEMLOCK));
  EXPECT_EQ(FindConstant("O_TMPFILE"), std::uint64_t{020200000});
  EXPECT_EQ(FindConstant("O_CLOEXEC"), static_cast<std::uint64_t>(O_CLOEXEC));
  EXPECT_EQ(FindConstant("F_DUPFD_CLOEXEC"), static_cast<std::uint64_t>(F_DUPFD_CLOEXEC));
  EXPECT_EQ(FindConstant("PR_SET_VMA"), std::uint64_t{0x53564d41});
  EXPECT_EQ(FindConstant("AT_FDCWD"), static_cast<std::uint64_t>(std::int64_t{AT_FDCWD}));
  EXPECT_EQ(FindConstant("GFP_KERNEL"), std::uint64_t{0xcc0});
  EXPECT_EQ(FindConstant("GFP_ATOMIC"), std::uint64_t{0x820});
}

TEST(LinuxConstantsTest, PeopleMayWriteShortNamesLettersAndNumbers) {
  EXPECT_EQ(Parse("PROT", "rw"), 3U);
  EXPECT_EQ(Parse("PROT", "r-x"), 5U);
  EXPECT_EQ(Parse("PROT", "none"), 0U);
  EXPECT_EQ(Parse("PROT", "read | WRITE|PROT_EXEC"), 7U);
  EXPECT_EQ(Parse("MAP", "private|anonymous"), 0x22U);
  EXPECT_EQ(Parse("MAP", "MAP_PRIVATE|MAP_ANON"), 0x22U);
  EXPECT_EQ(Parse("MAP", "0x22"), 0x22U);
  EXPECT_EQ(Parse("MAP", "34"), 34U);
  EXPECT_EQ(Parse("O", "0102"), 0102U);
  EXPECT_EQ(Parse("GFP", "KERNEL|ZERO"), 0xdc0U);
  EXPECT_EQ(Parse("GFP", "GFP_KERNEL|__GFP_ZERO"), 0xdc0U);
  EXPECT_EQ(Parse("CLONE", "CLONE_CHILD_SETTID|SIGCHLD"), 0x1000011U);
  EXPECT_EQ(Parse("MAP", "21<<MAP_HUGE_SHIFT"), 21U << 26);
}

TEST(LinuxConstantsTest, UnknownWordsAreAnsweredWithTheNearestKnownOne) {
  const auto status = [](const char* family, const char* text) {
    return std::string(ParseConstants(*FindConstantFamily(family), text).status().message());
  };
  EXPECT_THAT(status("MAP", "PRIVTE"), HasSubstr("did you mean PRIVATE?"));
  EXPECT_THAT(status("MAP", "MAP_PRIVTE"), HasSubstr("did you mean MAP_PRIVATE?"));
  EXPECT_THAT(status("MADV", "dont-need"), HasSubstr("did you mean DONTNEED?"));
  EXPECT_THAT(status("PROT", "rr"), HasSubstr("neither"));
  for (const char* bad : {"", "READ|", "|", "rwq", "0x", "09", "READ WRITE", "1<<64", "1<<", "99999999999999999999"}) {
    EXPECT_FALSE(ParseConstants(*FindConstantFamily("PROT"), bad).ok()) << bad;
  }
}

TEST(LinuxConstantsTest, AConstantOfAnotherFamilyIsRefusedAndItsFamilyNamed) {
  const auto status = [](const char* family, const char* text) {
    const auto value = ParseConstants(*FindConstantFamily(family), text);
    EXPECT_FALSE(value.ok()) << family << " took " << text << " as " << *value;
    return std::string(value.status().message());
  };
  EXPECT_THAT(status("PROT", "MAP_ANONYMOUS"), HasSubstr("a MAP constant, and this takes PROT constants"));
  EXPECT_THAT(status("MADV", "PROT_READ"), HasSubstr("a PROT constant"));
  EXPECT_THAT(status("MAP", "PRIVATE|SIGINT"), HasSubstr("\"SIGINT\" is a SIG constant"));
  EXPECT_THAT(status("MAP", "1<<PROT_READ"), HasSubstr("a PROT constant"));
  EXPECT_THAT(status("SIG", "CLONE_VM"), HasSubstr("a CLONE constant"));
  EXPECT_EQ(Parse("CLONE", "CLONE_VM|SIGUSR1"), 0x100U + SIGUSR1) << "clone's flags have a field for a signal";
}

TEST(LinuxConstantsTest, NumbersArePrintedAsTheKernelsPeopleWriteThem) {
  EXPECT_EQ(Format("PROT", 0), "PROT_NONE");
  EXPECT_EQ(Format("PROT", 3), "PROT_READ|PROT_WRITE");
  EXPECT_EQ(Format("MAP", 0), "0");
  EXPECT_EQ(Format("MAP", 0x22), "MAP_PRIVATE|MAP_ANONYMOUS");
  EXPECT_EQ(Format("MAP", 3), "MAP_SHARED_VALIDATE");
  EXPECT_EQ(Format("MAP", 0x40000 | 2 | (21U << 26)), "MAP_PRIVATE|MAP_HUGETLB|MAP_HUGE_2MB");
  EXPECT_EQ(Format("MAP", 0x80000002), "MAP_PRIVATE|0x80000000");
  EXPECT_EQ(Format("O", 02000000), "O_RDONLY|O_CLOEXEC");
  EXPECT_EQ(Format("O", 04010002), "O_RDWR|O_SYNC");
  EXPECT_EQ(Format("MADV", 4), "MADV_DONTNEED");
  EXPECT_EQ(Format("MADV", 77), "77");
  EXPECT_EQ(Format("GFP", 0xcc0), "GFP_KERNEL");
  EXPECT_EQ(Format("GFP", 0xdc0), "GFP_KERNEL|__GFP_ZERO");
  EXPECT_EQ(Format("CLONE", 0x1000011), "CLONE_CHILD_SETTID|SIGCHLD");
}

TEST(LinuxConstantsTest, NoNameStandsTwiceInAFamily) {
  for (const ConstantFamily& family : ConstantFamilies()) {
    std::set<absl::string_view> names;
    for (const LinuxConstant& constant : family.constants)
      EXPECT_TRUE(names.insert(constant.name).second) << constant.name;
  }
}

TEST(LinuxConstantsTest, ErrorsAndSignalsHaveTheirNames) {
  EXPECT_EQ(ErrorNumberName(12), "ENOMEM");
  EXPECT_EQ(ErrorNumberName(11), "EAGAIN");
  EXPECT_EQ(ErrorNumberName(0), "E0");
  EXPECT_EQ(ErrorNumberName(999), "E999");
  EXPECT_EQ(ErrorNumberText(12), "Cannot allocate memory");
  EXPECT_EQ(ErrorNumberText(999), "Unknown error 999");
  EXPECT_EQ(SignalName(11), "SIGSEGV");
  EXPECT_EQ(SignalName(SIGCHLD), "SIGCHLD");
  EXPECT_EQ(SignalName(99), "SIG99");
  EXPECT_EQ(SignalCodeName(11, 1), "SEGV_MAPERR");
  EXPECT_EQ(SignalCodeName(7, 2), "BUS_ADRERR");
  EXPECT_EQ(SignalCodeName(11, 128), "SI_KERNEL");
  EXPECT_EQ(SignalCodeName(9, 0), "SI_USER");
  EXPECT_EQ(SignalCodeName(11, 77), "77");
}

}  // namespace
}  // namespace memsim::client
