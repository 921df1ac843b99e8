#include "server/kernel/machine_spec.h"

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace memsim {
namespace {

constexpr ByteCount kMiB{1ULL << 20};

std::string DigestOf(const MachineSpec& spec) {
  Digest digest;
  spec.DigestTo(digest);
  return digest.ToHex();
}

struct Limit {
  std::string field;
  std::function<void(MachineSpec&, std::uint64_t)> set;
  std::uint64_t lowest;
  std::uint64_t highest;
};

// The spec that they are set in has 64 MiB.
std::vector<Limit> Limits() {
  return {
      {"spec.cpu_count", [](MachineSpec& s, std::uint64_t v) { s.cpu_count = static_cast<std::uint32_t>(v); }, 1, 256},
      {"spec.reserved_bytes", [](MachineSpec& s, std::uint64_t v) { s.reserved = ByteCount(v << 12); }, 0, 12288},
      {"spec.sysctls.overcommit_ratio",
       [](MachineSpec& s, std::uint64_t v) { s.sysctls.overcommit_ratio = static_cast<std::uint32_t>(v); }, 0, 1000},
      {"spec.sysctls.max_map_count",
       [](MachineSpec& s, std::uint64_t v) { s.sysctls.max_map_count = static_cast<std::uint32_t>(v); }, 1, INT32_MAX},
      {"spec.sysctls.mmap_min_addr", [](MachineSpec& s, std::uint64_t v) { s.sysctls.mmap_min_addr = ByteCount(v); }, 0,
       1ULL << 30},
      {"spec.sysctls.min_free_kbytes", [](MachineSpec& s, std::uint64_t v) { s.sysctls.min_free_kbytes = v; }, 0,
       16384},
      {"spec.sysctls.watermark_scale_factor",
       [](MachineSpec& s, std::uint64_t v) { s.sysctls.watermark_scale_factor = static_cast<std::uint32_t>(v); }, 1,
       3000},
  };
}

std::string ErrorWith(const Limit& limit, std::uint64_t value) {
  MachineSpec spec;
  spec.memory = kMiB * 64;
  limit.set(spec, value);
  return std::string(spec.Validate().message());
}

TEST(MachineSpecTest, TheDefaultsAreValid) { EXPECT_TRUE(MachineSpec().Validate().ok()); }

TEST(MachineSpecTest, EveryFieldIsTakenAtItsLimitsAndNamedBeyondThem) {
  for (const Limit& limit : Limits()) {
    EXPECT_EQ(ErrorWith(limit, limit.lowest), "") << limit.field;
    EXPECT_EQ(ErrorWith(limit, limit.highest), "") << limit.field;
    EXPECT_EQ(ErrorWith(limit, limit.highest + 1).find(limit.field + " is "), 0U) << limit.field;
    if (limit.lowest == 0) continue;
    EXPECT_EQ(ErrorWith(limit, limit.lowest - 1).find(limit.field + " is "), 0U) << limit.field;
  }
}

TEST(MachineSpecTest, MemoryIsWholeMebibytesFrom16MiBTo4TiB) {
  MachineSpec spec;
  for (const ByteCount good : {kMiB * 16, kMiB * 17, kMiB * (4ULL << 20)}) {
    spec.memory = good;
    EXPECT_TRUE(spec.Validate().ok()) << good.value();
  }
  for (const ByteCount bad : {ByteCount(0), kMiB * 15, kMiB * 16 + ByteCount(4096), kMiB * ((4ULL << 20) + 1)}) {
    spec.memory = bad;
    EXPECT_EQ(spec.Validate().code(), absl::StatusCode::kInvalidArgument) << bad.value();
  }
}

TEST(MachineSpecTest, ReservedMemoryIsWholePages) {
  MachineSpec spec;
  spec.reserved = ByteCount(4097);
  EXPECT_FALSE(spec.Validate().ok());
}

TEST(MachineSpecTest, EveryFieldIsInTheDigest) {
  std::set<std::string> all = {DigestOf(MachineSpec())};
  std::size_t fields = 1;
  const auto with = [&](const std::function<void(MachineSpec&)>& change) {
    MachineSpec spec;
    change(spec);
    all.insert(DigestOf(spec));
    EXPECT_EQ(all.size(), ++fields);
  };
  for (const Limit& limit : Limits()) {
    with([&limit](MachineSpec& spec) { limit.set(spec, 7); });
  }
  with([](MachineSpec& spec) { spec.memory = kMiB * 32; });
  with([](MachineSpec& spec) { spec.seed = 1; });
  with([](MachineSpec& spec) { spec.address_randomization = AddressRandomization::kOff; });
  with([](MachineSpec& spec) { spec.sysctls.overcommit_memory = OvercommitPolicy::kNever; });
  with([](MachineSpec& spec) { spec.sysctls.overcommit_kbytes = 1; });
  with([](MachineSpec& spec) { spec.sysctls.user_reserve_kbytes = 1; });
  with([](MachineSpec& spec) { spec.sysctls.admin_reserve_kbytes = 1; });
}

}  // namespace
}  // namespace memsim
