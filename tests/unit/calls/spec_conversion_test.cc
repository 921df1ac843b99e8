#include "server/calls/spec_conversion.h"

#include <cstdint>
#include <functional>
#include <string>
#include <tuple>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "proto/machine_limits.h"
#include "server/calls/misuse.h"

namespace memsim {
namespace {

using testing::HasSubstr;

TEST(SpecConversionTest, AnEmptyMessageIsTheDefaultSpec) {
  const absl::StatusOr<MachineSpec> spec = SpecFromMessage(v1::MachineSpec());
  ASSERT_TRUE(spec.ok());
  const MachineSpec expected;
  EXPECT_EQ(spec->cpu_count, expected.cpu_count);
  EXPECT_EQ(spec->memory, expected.memory);
  EXPECT_FALSE(spec->reserved.has_value());
  EXPECT_EQ(spec->address_randomization, AddressRandomization::kOn);
  EXPECT_EQ(spec->sysctls.overcommit_ratio, 50);
  EXPECT_EQ(spec->sysctls.max_map_count, 65530U);
  EXPECT_FALSE(spec->sysctls.min_free_kbytes.has_value());
  EXPECT_FALSE(spec->sysctls.user_reserve_kbytes.has_value());
}

TEST(SpecConversionTest, NoFreePagesAskedForAreWhatTheFormulaSays) {
  v1::MachineSpec message;
  message.mutable_sysctls()->set_min_free_kbytes(0);
  const absl::StatusOr<MachineSpec> spec = SpecFromMessage(message);
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_FALSE(spec->sysctls.min_free_kbytes.has_value());
}

TEST(SpecConversionTest, EveryFieldGoesThereAndBack) {
  v1::MachineSpec message;
  message.set_cpu_count(7);
  message.set_memory_bytes(256ULL << 20);
  message.set_reserved_bytes(8ULL << 20);
  message.set_seed(42);
  message.set_address_randomization(v1::ADDRESS_RANDOMIZATION_OFF);
  v1::Sysctls& sysctls = *message.mutable_sysctls();
  sysctls.set_overcommit_memory(2);
  sysctls.set_overcommit_ratio(0);
  sysctls.set_overcommit_kbytes(1);
  sysctls.set_max_map_count(3);
  sysctls.set_mmap_min_addr(0);
  sysctls.set_min_free_kbytes(4);
  sysctls.set_watermark_scale_factor(5);
  sysctls.set_user_reserve_kbytes(0);
  sysctls.set_admin_reserve_kbytes(6);
  message.set_transparent_huge_pages(v1::TRANSPARENT_HUGE_PAGES_ALWAYS);
  message.set_huge_page_defrag(v1::HUGE_PAGE_DEFRAG_DEFER);
  (*message.mutable_cost_ns())["page_zero"] = 300;
  message.set_model_version(kModelVersion);
  // A field that is added to the API must be converted too.
  EXPECT_EQ(v1::MachineSpec::descriptor()->field_count(), 10);
  EXPECT_EQ(v1::Sysctls::descriptor()->field_count(), 9);

  const absl::StatusOr<MachineSpec> spec = SpecFromMessage(message);
  ASSERT_TRUE(spec.ok()) << spec.status();
  v1::MachineSpec back;
  SpecToMessage(*spec, back);
  EXPECT_EQ(back.DebugString(), message.DebugString());
}

TEST(SpecConversionTest, EveryWayToUseHugePagesGoesThereAndBack) {
  v1::MachineSpec message;
  message.mutable_sysctls()->set_min_free_kbytes(4);
  const auto back = [&message] {
    MachineSpec spec = *SpecFromMessage(message);
    spec.reserved = spec.memory / 4;
    spec.sysctls.user_reserve_kbytes = spec.sysctls.admin_reserve_kbytes = 0;
    v1::MachineSpec result;
    SpecToMessage(spec, result);
    return result;
  };
  EXPECT_EQ(back().transparent_huge_pages(), v1::TRANSPARENT_HUGE_PAGES_MADVISE);
  EXPECT_EQ(back().huge_page_defrag(), v1::HUGE_PAGE_DEFRAG_MADVISE);
  for (int value = 1; value < v1::TransparentHugePages_ARRAYSIZE; ++value) {
    message.set_transparent_huge_pages(static_cast<v1::TransparentHugePages>(value));
    EXPECT_EQ(back().transparent_huge_pages(), value);
  }
  for (int value = 1; value < v1::HugePageDefrag_ARRAYSIZE; ++value) {
    message.set_huge_page_defrag(static_cast<v1::HugePageDefrag>(value));
    EXPECT_EQ(back().huge_page_defrag(), value);
  }
}

TEST(SpecConversionTest, ABadFieldIsNamed) {
  const std::pair<std::string, std::function<void(v1::MachineSpec&)>> cases[] = {
      {"spec.cpu_count is 257", [](v1::MachineSpec& spec) { spec.set_cpu_count(257); }},
      {"spec.memory_bytes is 1", [](v1::MachineSpec& spec) { spec.set_memory_bytes(1); }},
      {"spec.reserved_bytes", [](v1::MachineSpec& spec) { spec.set_reserved_bytes(4ULL << 30); }},
      {"spec.address_randomization is 9",
       [](v1::MachineSpec& spec) { spec.set_address_randomization(static_cast<v1::AddressRandomization>(9)); }},
      {"spec.transparent_huge_pages is 4",
       [](v1::MachineSpec& spec) { spec.set_transparent_huge_pages(static_cast<v1::TransparentHugePages>(4)); }},
      {"spec.huge_page_defrag is 6",
       [](v1::MachineSpec& spec) { spec.set_huge_page_defrag(static_cast<v1::HugePageDefrag>(6)); }},
      {"spec.cost_ns has \"tea\", which is no cost; costs are syscall, fault,",
       [](v1::MachineSpec& spec) { (*spec.mutable_cost_ns())["tea"] = 1; }},
      {"spec.cost_ns.fork is 1000000001",
       [](v1::MachineSpec& spec) { (*spec.mutable_cost_ns())["fork"] = 1'000'000'001; }},
      {"spec.sysctls.overcommit_memory is 3",
       [](v1::MachineSpec& spec) { spec.mutable_sysctls()->set_overcommit_memory(3); }},
      {"spec.sysctls.max_map_count is 0", [](v1::MachineSpec& spec) { spec.mutable_sysctls()->set_max_map_count(0); }},
      {"spec.sysctls.watermark_scale_factor is 0",
       [](v1::MachineSpec& spec) { spec.mutable_sysctls()->set_watermark_scale_factor(0); }},
  };
  for (const auto& [words, spoil] : cases) {
    v1::MachineSpec message;
    spoil(message);
    const absl::Status status = SpecFromMessage(message).status();
    EXPECT_EQ(MisuseReason(status), v1::ERROR_REASON_SPEC_INVALID) << words;
    EXPECT_THAT(std::string(status.message()), HasSubstr(words));
  }
}

// One field of a spec, set to a value.
using Field = std::function<void(v1::MachineSpec&, std::uint64_t)>;

bool Takes(const Field& field, std::uint64_t value) {
  v1::MachineSpec message;
  field(message, value);
  return SpecFromMessage(message).ok();
}

TEST(SpecConversionTest, TheLimitsThatProgramsReadAreThoseOfTheServer) {
  constexpr std::uint64_t kMebibyte = std::uint64_t{1} << 20;
  const Field cpu_count = [](auto& spec, std::uint64_t value) {
    spec.set_cpu_count(static_cast<std::uint32_t>(value));
  };
  const Field memory_bytes = [](auto& spec, std::uint64_t value) { spec.set_memory_bytes(value); };
  const Field overcommit_memory = [](auto& spec, std::uint64_t value) {
    spec.mutable_sysctls()->set_overcommit_memory(static_cast<std::uint32_t>(value));
  };
  const Field overcommit_ratio = [](auto& spec, std::uint64_t value) {
    spec.mutable_sysctls()->set_overcommit_ratio(static_cast<std::uint32_t>(value));
  };
  const Field max_map_count = [](auto& spec, std::uint64_t value) {
    spec.mutable_sysctls()->set_max_map_count(static_cast<std::uint32_t>(value));
  };
  const Field mmap_min_addr = [](auto& spec, std::uint64_t value) { spec.mutable_sysctls()->set_mmap_min_addr(value); };
  EXPECT_TRUE(Takes(cpu_count, 1));
  EXPECT_TRUE(Takes(memory_bytes, kMinMemoryBytes));
  EXPECT_FALSE(Takes(memory_bytes, kMinMemoryBytes - kMebibyte));
  const std::tuple<Field, std::uint64_t, std::uint64_t> most[] = {
      {cpu_count, kMaxCpuCount, 1},
      {memory_bytes, kMaxMemoryBytes, kMebibyte},
      {overcommit_memory, kMaxOvercommitMemory, 1},
      {overcommit_ratio, kMaxOvercommitRatio, 1},
      {max_map_count, kMaxMaxMapCount, 1},
      {mmap_min_addr, kMaxMmapMinAddr, 1},
  };
  for (const auto& [field, limit, step] : most) {
    EXPECT_TRUE(Takes(field, limit - step)) << limit;
    EXPECT_TRUE(Takes(field, limit)) << limit;
    EXPECT_FALSE(Takes(field, limit + step)) << limit;
  }
}

}  // namespace
}  // namespace memsim
