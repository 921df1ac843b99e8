// Computes the watermarks, protection and page lists of the zones of the host that runs this test, from their sizes and
// its number of CPUs, and compares them with what its own /proc/zoneinfo shows.

#include <sys/utsname.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"

#include "server/kernel/physical/per_cpu_policy.h"
#include "server/kernel/physical/watermarks.h"
#include "server/kernel/procfs/pageset.h"

namespace memsim {
namespace {

struct HostPageset {
  std::map<std::string, std::uint64_t> rows;
  std::uint64_t threshold = 0;
};

struct HostZone {
  // The first of each name: those of the zone itself stand before those of its lists, which end with a colon.
  std::map<std::string, std::uint64_t> rows;
  std::vector<std::uint64_t> protection;
  std::vector<HostPageset> pagesets;
};

std::string ReadHost(const std::string& path) {
  std::ifstream file("/proc/" + path);
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

std::optional<std::uint64_t> ReadSysctl(const std::string& name) {
  std::uint64_t value = 0;
  return absl::SimpleAtoi(ReadHost("sys/vm/" + name), &value) ? std::optional<std::uint64_t>(value) : std::nullopt;
}

std::vector<std::uint64_t> Numbers(absl::string_view text) {
  std::vector<std::uint64_t> numbers;
  for (const absl::string_view word : absl::StrSplit(text, absl::ByAnyChar(" (,)"), absl::SkipEmpty())) {
    std::uint64_t number = 0;
    if (absl::SimpleAtoi(word, &number)) numbers.push_back(number);
  }
  return numbers;
}

void ReadLine(absl::string_view line, HostZone& zone) {
  const std::vector<absl::string_view> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
  const std::vector<std::uint64_t> numbers = Numbers(line);
  if (words.empty() || numbers.empty()) return;
  if (words[0] == "protection:") {
    zone.protection = numbers;
  } else if (words[0] == "cpu:") {
    zone.pagesets.emplace_back();
  } else if (absl::StartsWith(line, "  vm stats threshold:")) {
    if (!zone.pagesets.empty()) zone.pagesets.back().threshold = numbers[0];
  } else if (words.size() == 2 && absl::EndsWith(words[0], ":") && !zone.pagesets.empty()) {
    zone.pagesets.back().rows.emplace(std::string(words[0].substr(0, words[0].size() - 1)), numbers[0]);
  } else if (words.size() == 2) {
    zone.rows.emplace(std::string(words[0]), numbers[0]);
  }
}

// By node and name: "0 DMA32".
std::map<std::string, HostZone> ReadZoneinfo() {
  std::map<std::string, HostZone> zones;
  HostZone* zone = nullptr;
  for (const absl::string_view line : absl::StrSplit(ReadHost("zoneinfo"), '\n')) {
    int node = 0;
    char name[32] = {};
    if (std::sscanf(std::string(line).c_str(), "Node %d, zone %31s", &node, name) == 2) {
      zone = &zones[absl::StrCat(node, " ", name)];
    } else if (zone != nullptr) {
      ReadLine(line, *zone);
    }
  }
  return zones;
}

class HostZonesTest : public testing::Test {
 protected:
  void SetUp() override {
    utsname system = {};
    int major = 0;
    int minor = 0;
    const bool known = uname(&system) == 0 && std::sscanf(system.release, "%d.%d", &major, &minor) == 2;
    if (!known || absl::string_view(system.sysname) != "Linux" || std::pair(major, minor) < std::pair(6, 13) ||
        absl::string_view(system.machine) != "x86_64") {
      GTEST_SKIP() << "only Linux 6.13 and later on x86-64 shows all that is compared; this is " << system.sysname
                   << " " << system.release << " on " << system.machine;
    }
    zones_ = ReadZoneinfo();
    if (zones_.empty()) GTEST_SKIP() << "the host's /proc/zoneinfo cannot be read";
    for (const auto& [name, zone] : zones_) {
      if (!absl::StartsWith(name, "0 ")) GTEST_SKIP() << "the host has more than one NUMA node";
      if (zone.rows.count("boost") != 0 && zone.rows.at("boost") != 0) {
        GTEST_SKIP() << "the host's zone " << name << " is short of memory just now: its watermarks are boosted";
      }
    }
    min_free_kbytes_ = ReadSysctl("min_free_kbytes");
    scale_factor_ = ReadSysctl("watermark_scale_factor");
    if (!min_free_kbytes_ || !scale_factor_) GTEST_SKIP() << "the host's /proc/sys/vm cannot be read";
    for (int z = 0; z < kZoneTypeCount; ++z) {
      const auto at = zones_.find(absl::StrCat("0 ", ZoneName(static_cast<ZoneType>(z))));
      if (at == zones_.end()) GTEST_SKIP() << "the host has other zones";
      const HostZone& zone = at->second;
      sizes_[static_cast<std::size_t>(z)] = {PageCount(zone.rows.at("managed")), zone.rows.at("present") != 0};
    }
    marks_ = ComputeWatermarks(sizes_, *min_free_kbytes_, static_cast<std::uint32_t>(*scale_factor_));
  }

  const HostZone& Zone(std::size_t z) { return zones_[absl::StrCat("0 ", ZoneName(static_cast<ZoneType>(z)))]; }

  std::map<std::string, HostZone> zones_;
  std::optional<std::uint64_t> min_free_kbytes_;
  std::optional<std::uint64_t> scale_factor_;
  PerZone<ZoneSize> sizes_;
  PerZone<ZoneWatermarks> marks_;
};

TEST_F(HostZonesTest, HaveOurMinimum) {
  // With transparent huge pages khugepaged raises it, unless somebody has set it.
  if (!absl::StrContains(ReadHost("../sys/kernel/mm/transparent_hugepage/enabled"), "[never]")) {
    EXPECT_EQ(MinFreeKbytes(sizes_, WatermarkParameters{}), *min_free_kbytes_) << "unless vm.min_free_kbytes was set";
  }
}

TEST_F(HostZonesTest, HaveOurWatermarks) {
  for (std::size_t z = 0; z < kZoneTypeCount; ++z) {
    const auto& rows = Zone(z).rows;
    const ZoneWatermarks host{PageCount(rows.at("min")), PageCount(rows.at("low")), PageCount(rows.at("high")),
                              PageCount(rows.at("promo"))};
    EXPECT_EQ(marks_[z].min, host.min) << "min of zone " << z;
    EXPECT_EQ(marks_[z].low, host.low) << "low of zone " << z;
    EXPECT_EQ(marks_[z].high, host.high) << "high of zone " << z;
    EXPECT_EQ(marks_[z].promo, host.promo) << "promo of zone " << z;
  }
}

TEST_F(HostZonesTest, HaveOurProtection) {
  const std::vector<std::uint64_t> ratios =
      Numbers(absl::StrReplaceAll(ReadHost("sys/vm/lowmem_reserve_ratio"), {{"\t", " "}, {"\n", " "}}));
  if (ratios != std::vector<std::uint64_t>{256, 256, 32, 0, 0}) GTEST_SKIP() << "vm.lowmem_reserve_ratio was changed";
  const LowmemReserve reserve = ComputeLowmemReserve(sizes_);
  for (std::size_t z = 0; z < kZoneTypeCount; ++z) {
    std::vector<std::uint64_t> ours;
    for (const PageCount pages : reserve[z]) ours.push_back(pages.value());
    EXPECT_EQ(ours, Zone(z).protection) << "zone " << z;
  }
}

TEST_F(HostZonesTest, HaveOurPageLists) {
  if (ReadSysctl("percpu_pagelist_high_fraction") != 0U) {
    GTEST_SKIP() << "vm.percpu_pagelist_high_fraction was set";
  }
  for (std::size_t z = 0; z < kZoneTypeCount; ++z) {
    const std::vector<HostPageset>& pagesets = Zone(z).pagesets;
    if (pagesets.empty()) continue;
    const auto cpus = static_cast<std::uint32_t>(pagesets.size());
    const PagesetSizes ours = ComputePagesetSizes(sizes_[z].managed, marks_[z].low, cpus);
    for (const HostPageset& pageset : pagesets) {
      EXPECT_EQ(ours.batch.value(), pageset.rows.at("batch")) << "zone " << z;
      EXPECT_EQ(ours.high_min.value(), pageset.rows.at("high_min")) << "zone " << z;
      EXPECT_EQ(ours.high_max.value(), pageset.rows.at("high_max")) << "zone " << z;
      EXPECT_EQ(VmStatThreshold(sizes_[z].managed, cpus), pageset.threshold) << "zone " << z;
      // Lists that were never used have no high, as ours have not; the others stay between the two. But khugepaged
      // raises the watermarks, and with them high_min, while the host boots: a list that nobody has used since then
      // keeps the high that it had, which is four batches at least.
      const std::uint64_t high = pageset.rows.at("high");
      const std::uint64_t least = std::min(ours.high_min.value(), 4 * ours.batch.value());
      EXPECT_TRUE(high == 0 || (least <= high && high <= ours.high_max.value())) << high;
      if (high == 0) {
        EXPECT_EQ(pageset.rows.at("count"), 0U) << "zone " << z;
      }
    }
  }
}

}  // namespace
}  // namespace memsim
