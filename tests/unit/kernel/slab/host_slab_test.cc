// Our arithmetic against the caches of the kernel that the test runs on: all of them, whatever its configuration.

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"

#include "server/kernel/slab/boot_caches.h"
#include "server/kernel/slab/cache_merging.h"
#include "server/kernel/slab/slab_layout.h"

namespace memsim {
namespace {

constexpr const char* kRoot = "/sys/kernel/slab/";

// A directory of /sys/kernel/slab, with the names that are linked to it.
struct HostCache {
  std::string directory;
  std::vector<std::string> names;
  std::map<std::string, std::string> fields;

  std::uint64_t Number(const std::string& field) const {
    std::uint64_t number = 0;
    const auto found = fields.find(field);
    if (found == fields.end()) return 0;
    EXPECT_TRUE(absl::SimpleAtoi(found->second, &number)) << directory << "/" << field;
    return number;
  }
  bool Has(const std::string& field) const { return Number(field) != 0; }
  // The part of its flags that merging must agree on, as its directory's name tells.
  bool HasLetter(char letter) const {
    const std::size_t dash = directory.find('-');
    return directory[0] == ':' && dash != std::string::npos &&
           directory.substr(0, dash).find(letter) != std::string::npos;
  }
};

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> List(const std::string& path) {
  std::vector<std::string> names;
  DIR* directory = opendir(path.c_str());
  if (directory == nullptr) return names;
  while (const dirent* entry = readdir(directory)) {
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  closedir(directory);
  return names;
}

HostCache ReadCache(const std::string& directory) {
  HostCache cache;
  cache.directory = directory;
  for (const char* field : {"object_size", "slab_size", "align", "order", "objs_per_slab", "min_partial", "cpu_partial",
                            "hwcache_align", "destroy_by_rcu", "reclaim_account", "cache_dma", "usersize",
                            "sheaf_capacity", "aliases", "red_zone", "poison", "store_user"}) {
    const std::string text = ReadFile(kRoot + directory + "/" + field);
    if (!text.empty()) cache.fields[field] = std::string(absl::StripAsciiWhitespace(text));
  }
  cache.fields["ctor"] = std::string(absl::StripAsciiWhitespace(ReadFile(kRoot + directory + "/ctor")));
  return cache;
}

std::map<std::string, HostCache> ReadHost() {
  std::map<std::string, HostCache> caches;
  std::map<std::string, std::string> links;
  for (const std::string& name : List(kRoot)) {
    char target[256];
    const ssize_t length = readlink((kRoot + name).c_str(), target, sizeof(target));
    if (length > 0) {
      links[name] = std::string(target, static_cast<std::size_t>(length));
    } else {
      caches[name] = ReadCache(name);
    }
  }
  for (const auto& [name, target] : links) {
    if (caches.count(target) != 0) caches[target].names.push_back(name);
  }
  for (auto& [name, cache] : caches) {
    if (name[0] != ':') cache.names.push_back(name);
  }
  return caches;
}

class HostSlabTest : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "only root may read /proc/slabinfo and /sys/kernel/slab";
    host_ = ReadHost();
    if (host_.empty()) GTEST_SKIP() << "no " << kRoot << ": not Linux, or not SLUB";
    // present: "0-1" or "0-3,8-11".
    for (const absl::string_view part :
         absl::StrSplit(ReadFile("/sys/devices/system/cpu/present"), absl::ByAnyChar(",\n"), absl::SkipEmpty())) {
      const std::vector<std::string> ends = absl::StrSplit(part, '-');
      std::uint32_t first = 0;
      std::uint32_t last = 0;
      ASSERT_TRUE(absl::SimpleAtoi(ends.front(), &first) && absl::SimpleAtoi(ends.back(), &last)) << part;
      cpus_ += last - first + 1;
    }
  }

  // What the cache was created with, as far as its files tell.
  static CacheDefinition DefinitionOfHost(const HostCache& cache) {
    CacheDefinition definition;
    definition.name = cache.directory;
    definition.object_size = ByteCount(cache.Number("object_size"));
    definition.align = ByteCount(cache.Number("align"));
    definition.user_size = ByteCount(cache.Number("usersize"));
    definition.sheaf_capacity = static_cast<std::uint32_t>(cache.Number("sheaf_capacity"));
    definition.constructor = cache.fields.at("ctor");
    if (cache.Has("hwcache_align")) definition.flags |= kSlabHwcacheAlign;
    if (cache.Has("destroy_by_rcu")) definition.flags |= kSlabTypesafeByRcu;
    if (cache.Has("reclaim_account")) definition.flags |= kSlabReclaimAccount;
    if (cache.Has("cache_dma")) definition.flags |= kSlabCacheDma;
    if (cache.HasLetter('A')) definition.flags |= kSlabAccount;
    // No file tells whether the free pointer was given a place inside; then the object is smaller by a word.
    if (LayOutObject(definition).size.value() != cache.Number("slab_size")) {
      definition.free_pointer = FreePointer::kInside;
    }
    return definition;
  }
  static bool IsDebugged(const HostCache& cache) {
    return cache.Has("red_zone") || cache.Has("poison") || cache.Has("store_user");
  }

  std::map<std::string, HostCache> host_;
  std::uint32_t cpus_ = 0;
};

TEST_F(HostSlabTest, EveryCacheHasTheSizeOrderAndReservesOfOurFormulas) {
  int checked = 0;
  for (const auto& [name, cache] : host_) {
    if (IsDebugged(cache)) continue;
    const std::optional<SlabLayout> layout = LayOutSlab(DefinitionOfHost(cache), cpus_);
    ASSERT_TRUE(layout.has_value()) << name;
    EXPECT_EQ(layout->object.size.value(), cache.Number("slab_size")) << name;
    EXPECT_EQ(layout->object.align.value(), cache.Number("align")) << name;
    EXPECT_EQ(layout->order.value(), cache.Number("order")) << name;
    EXPECT_EQ(layout->objects, cache.Number("objs_per_slab")) << name;
    EXPECT_EQ(layout->min_partial, cache.Number("min_partial")) << name;
    EXPECT_EQ(layout->cpu_partial, cache.Number("cpu_partial")) << name;
    ++checked;
  }
  std::printf("%d caches of the host agree, with %u CPUs\n", checked, cpus_);
  EXPECT_GT(checked, 50);
}

TEST_F(HostSlabTest, SlabinfoAgreesToo) {
  const std::vector<std::string> lines = absl::StrSplit(ReadFile("/proc/slabinfo"), '\n', absl::SkipEmpty());
  ASSERT_GT(lines.size(), 2U);
  std::map<std::string, const HostCache*> by_name;
  for (const auto& [directory, cache] : host_) {
    for (const std::string& name : cache.names) by_name[name] = &cache;
  }
  for (std::size_t i = 2; i < lines.size(); ++i) {
    const std::vector<std::string> row = absl::StrSplit(lines[i], ' ', absl::SkipEmpty());
    ASSERT_EQ(by_name.count(row[0]), 1U) << row[0];
    if (IsDebugged(*by_name[row[0]])) continue;
    const SlabLayout layout = *LayOutSlab(DefinitionOfHost(*by_name[row[0]]), cpus_);
    EXPECT_EQ(std::to_string(layout.object.size.value()), row[3]) << row[0];
    EXPECT_EQ(std::to_string(layout.objects), row[4]) << row[0];
    EXPECT_EQ(std::to_string(PagesOfOrder(layout.order).value()), row[5]) << row[0];
  }
}

TEST_F(HostSlabTest, CachesThatMayBeMergedBearTheNameThatWeMake) {
  int merged = 0;
  for (const auto& [name, cache] : host_) {
    if (IsDebugged(cache)) continue;
    const CacheDefinition definition = DefinitionOfHost(cache);
    if (name[0] == ':') {
      EXPECT_TRUE(IsMergeable(definition)) << name;
      EXPECT_EQ(UniqueId(definition), name);
      EXPECT_EQ(cache.names.size(), cache.Number("aliases") + 1) << name;
      merged += static_cast<int>(cache.Number("aliases"));
    }
  }
  std::printf("%d caches of the host are names of others\n", merged);
}

TEST_F(HostSlabTest, NoTwoCachesOfTheHostAreAlikeByOurRule) {
  // Linux asks every older cache, so of two that are alike only one exists.
  for (const auto& [name, cache] : host_) {
    for (const auto& [other_name, other] : host_) {
      if (name == other_name || name[0] != ':' || other_name[0] != ':') continue;
      CacheDefinition added = DefinitionOfHost(cache);
      // The alignment that a file shows is what the first of its names got. Another may have asked for less.
      added.object_size = LayOutObject(added).size;
      const CacheDefinition old = DefinitionOfHost(other);
      EXPECT_FALSE(CanMergeInto(added, old)) << name << " into " << other_name;
    }
  }
}

// What the processor decides is not the kernel's: kvm_vcpu is Intel's or AMD's, and the FPU's state, whose size
// differs, ends each task_struct.
bool IsOfAProcessor(const CacheDefinition& definition) { return definition.name == "kvm_vcpu"; }
bool EndsInFpuState(const CacheDefinition& definition) { return definition.name == "task_struct"; }

TEST_F(HostSlabTest, OurBootCachesAreThoseOfTheSameKernel) {
  const std::string version = ReadFile("/proc/version");
  if (version.find("Linux version 6.18.") == std::string::npos)
    GTEST_SKIP() << "the table is Linux 6.18's: " << version;
  std::map<std::string, const HostCache*> by_name;
  for (const auto& [directory, cache] : host_) {
    for (const std::string& name : cache.names) by_name[name] = &cache;
  }
  int compared = 0;
  for (const CacheDefinition& definition : kBootCaches) {
    const auto found = by_name.find(std::string(definition.name));
    // Another configuration has other caches.
    if (found == by_name.end() || IsDebugged(*found->second) || IsOfAProcessor(definition)) continue;
    if (EndsInFpuState(definition)) {
      EXPECT_EQ((definition.object_size - definition.user_size).value(),
                found->second->Number("object_size") - found->second->Number("usersize"));
      continue;
    }
    const SlabLayout layout = *LayOutSlab(definition, cpus_);
    EXPECT_EQ(layout.object.size.value(), found->second->Number("slab_size")) << definition.name;
    EXPECT_EQ(layout.object.align.value(), found->second->Number("align")) << definition.name;
    EXPECT_EQ(definition.object_size.value(), found->second->Number("object_size")) << definition.name;
    EXPECT_EQ(layout.objects, found->second->Number("objs_per_slab")) << definition.name;
    EXPECT_EQ(definition.sheaf_capacity, found->second->Number("sheaf_capacity")) << definition.name;
    ++compared;
  }
  for (const BootCacheAlias& alias : kBootCacheAliases) {
    const auto found = by_name.find(std::string(alias.name));
    const auto primary = by_name.find(std::string(DefinitionOf(alias.cache).name));
    if (found == by_name.end() || primary == by_name.end()) continue;
    EXPECT_EQ(found->second, primary->second) << alias.name;
    ++compared;
  }
  std::printf("%d names of our table are the host's too\n", compared);
  EXPECT_GT(compared, 50);
}

}  // namespace
}  // namespace memsim
