// /proc/slabinfo and /sys/kernel/slab, beside those of the kernel that runs this test where it is Linux 6.18.

#include "server/kernel/procfs/sys_slab.h"

#include <dirent.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"

#include "server/kernel/machine.h"
#include "tests/unit/kernel/procfs/proc_text.h"

namespace memsim {
namespace {

std::string ReadHost(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

std::string WhyNoHost() {
  utsname system = {};
  if (uname(&system) != 0 || !absl::StartsWith(system.release, "6.18.")) return "the host is no Linux 6.18";
  return geteuid() == 0 ? "" : "only root may read /proc/slabinfo and /sys/kernel/slab";
}

class SysSlabTest : public testing::Test {
 protected:
  SysSlabTest() {
    MachineSpec spec;
    spec.memory = ByteCount(64ULL << 20);
    spec.cpu_count = 2;
    machine_ = *Machine::Create(spec);
  }

  std::string Read(const std::string& path) const { return machine_->ReadProc(path).value_or("none"); }
  std::string Field(const std::string& cache, const std::string& field) const {
    return Read(absl::StrCat("/sys/kernel/slab/", cache, "/", field));
  }
  // The row of a cache, its words separated by single spaces.
  std::string Row(const std::string& cache) const {
    for (const std::string& line : Lines(Read("slabinfo"))) {
      if (absl::StartsWith(line, cache + " ")) {
        const std::vector<std::string> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
        std::string row;
        for (const std::string& word : words) absl::StrAppend(&row, row.empty() ? "" : " ", word);
        return row;
      }
    }
    return "none";
  }
  CacheId Create(absl::string_view name, std::uint64_t size, SlabFlags flags = 0) {
    CacheDefinition definition;
    definition.name = name;
    definition.object_size = ByteCount(size);
    definition.flags = flags;
    return *machine_->KmemCacheCreate(definition);
  }

  std::unique_ptr<Machine> machine_;
};

TEST_F(SysSlabTest, SlabinfoHasTheColumnsOfLinux) {
  const CacheId cell = Create("cell", 1000);
  const VirtualAddress object = *machine_->KmemCacheAlloc(cell, kGfpKernel);
  const std::vector<std::string> lines = Lines(Read("slabinfo"));
  EXPECT_EQ(lines[0], "slabinfo - version: 2.1");
  EXPECT_EQ(lines[1],
            "# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables <limit> "
            "<batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>");
  // The newest cache first. All objects of a CPU's slab are active.
  EXPECT_EQ(
      lines[2],
      "cell                  16     16   1000   16    4 : tunables    0    0    0 : slabdata      1      1      0");
  ASSERT_EQ(machine_->KmemCacheFree(cell, object), std::nullopt);
  machine_->KmemCacheShrink(cell);
  EXPECT_EQ(Row("cell"), "cell 0 0 1000 16 4 : tunables 0 0 0 : slabdata 0 0 0");
}

TEST_F(SysSlabTest, FreeObjectsOfTheNodesSlabsAreNotActive) {
  const CacheId cell = Create("cell", 1000);
  std::vector<VirtualAddress> objects(40);
  ASSERT_EQ(machine_->KmemCacheAllocBulk(cell, kGfpKernel, absl::MakeSpan(objects)), Errno::kOk);
  ASSERT_EQ(machine_->KmemCacheFree(cell, objects[0]), std::nullopt);
  machine_->KmemCacheShrink(cell);
  EXPECT_EQ(Row("cell"), "cell 39 48 1000 16 4 : tunables 0 0 0 : slabdata 3 3 0");
  EXPECT_EQ(Field("cell", "objects"), "39 N0=39\n");
  EXPECT_EQ(Field("cell", "total_objects"), "48 N0=48\n");
  EXPECT_EQ(Field("cell", "objects_partial"), "23 N0=23\n");
  EXPECT_EQ(Field("cell", "partial"), "2 N0=2\n");
  EXPECT_EQ(Field("cell", "slabs"), "3 N0=3\n");
  EXPECT_EQ(Field("cell", "cpu_slabs"), "0\n");
}

TEST_F(SysSlabTest, CpusShowTheirSlabsAndPaths) {
  const CacheId cell = Create("cell", 1000);
  std::vector<VirtualAddress> objects(40);
  ASSERT_EQ(machine_->KmemCacheAllocBulk(cell, kGfpKernel, absl::MakeSpan(objects)), Errno::kOk);
  machine_->BeginCall(CpuId(1));
  ASSERT_EQ(machine_->KmemCacheFree(cell, objects[0]), std::nullopt);
  ASSERT_EQ(machine_->KmemCacheFree(cell, objects[16]), std::nullopt);
  EXPECT_EQ(Field("cell", "cpu_slabs"), "3 N0=3\n");
  EXPECT_EQ(Field("cell", "slabs_cpu_partial"), "16(2) C1=16(2)\n");
  EXPECT_EQ(Field("cell", "alloc_fastpath"), "37 C0=37\n");
  EXPECT_EQ(Field("cell", "free_slowpath"), "2 C1=2\n");
  EXPECT_EQ(Field("cell", "order_fallback"), "0\n");
}

TEST_F(SysSlabTest, NamesOfCachesThatMayHaveSeveralAreLinks) {
  EXPECT_EQ(Read("/sys/kernel/slab/cred"), ":A-0000192\n");
  EXPECT_EQ(Field("cred", "object_size"), "184\n");
  EXPECT_EQ(Field(":A-0000192", "slab_size"), "192\n");
  EXPECT_EQ(Field("pid", "aliases"), "2\n");
  const std::string list = absl::StrCat("\n", Read("/sys/kernel/slab"));
  EXPECT_TRUE(absl::StrContains(list, "\n:A-0000192\n"));
  EXPECT_TRUE(absl::StrContains(list, "\ncred -> :A-0000192\n"));
  EXPECT_TRUE(absl::StrContains(list, "\ntask_struct\n"));
  EXPECT_FALSE(absl::StrContains(list, "\ntask_struct ->"));
  EXPECT_TRUE(absl::StrContains(Read("/sys/kernel/slab/task_struct"), "slab_size\n"));
  Create("cell", 200);
  EXPECT_EQ(Read("/sys/kernel/slab/cell"), ":0000200\n");
  EXPECT_EQ(Field("cell", "aliases"), "1\n");
}

TEST_F(SysSlabTest, WhatIsNotThereIsNotFound) {
  for (const char* path : {"/sys", "/sys/", "/sys/kernel", "/sys/kernel/slabs", "/sys/kernel/slab/nothing",
                           "/sys/kernel/slab/dentry/nothing", "/sys/kernel/slab/dentry/", "/sys/kernel/slab//order",
                           "sys/kernel/slab/dentry/order", "/proc/sys/kernel/slab"}) {
    EXPECT_EQ(Read(path), "none") << path;
  }
}

TEST_F(SysSlabTest, RowsOfSlabinfoLookAsOnTheHost) {
  const std::string why_not = WhyNoHost();
  if (!why_not.empty()) GTEST_SKIP() << why_not;
  const std::vector<std::string> host = Lines(ReadHost("/proc/slabinfo"));
  const std::vector<std::string> ours = Lines(Read("slabinfo"));
  EXPECT_EQ(ours[0], host[0]);
  EXPECT_EQ(ours[1], host[1]);
  std::vector<std::string> host_names;
  std::vector<std::string> our_names;
  for (std::size_t i = 2; i < host.size(); ++i) host_names.push_back(RowNames(host[i])[0]);
  for (std::size_t i = 2; i < ours.size(); ++i) our_names.push_back(RowNames(ours[i])[0]);
  const std::set<std::string> theirs(host_names.begin(), host_names.end());
  const std::set<std::string> known(our_names.begin(), our_names.end());
  // A kernel of another configuration has other caches; those that both have stand in one order.
  host_names.erase(std::remove_if(host_names.begin(), host_names.end(), [&](auto& n) { return known.count(n) == 0; }),
                   host_names.end());
  our_names.erase(std::remove_if(our_names.begin(), our_names.end(), [&](auto& n) { return theirs.count(n) == 0; }),
                  our_names.end());
  EXPECT_EQ(our_names, host_names);
  EXPECT_GT(our_names.size(), 50U);
}

TEST_F(SysSlabTest, FieldsThatDoNotMoveAreThoseOfTheHost) {
  const std::string why_not = WhyNoHost();
  if (!why_not.empty()) GTEST_SKIP() << why_not;
  int compared = 0;
  // Not task_struct, which ends in the FPU's state, whose size is the processor's; and not how many names a cache has,
  // for modules bring more.
  for (const char* cache : {"signal_cache", "vm_area_struct", "anon_vma", "dentry", "kmalloc-64", "dma-kmalloc-8k",
                            "kmalloc-rcl-96", "cred", "fs_cache", "maple_node", "sighand_cache", "kmem_cache"}) {
    for (const char* field : {"align",          "cache_dma",
                              "cpu_partial",    "ctor",
                              "destroy_by_rcu", "hwcache_align",
                              "min_partial",    "object_size",
                              "objs_per_slab",  "order",
                              "poison",         "reclaim_account",
                              "red_zone",       "remote_node_defrag_ratio",
                              "sanity_checks",  "sheaf_capacity",
                              "shrink",         "slab_size",
                              "store_user",     "trace",
                              "usersize"}) {
      const std::string host = ReadHost(absl::StrCat("/sys/kernel/slab/", cache, "/", field));
      const bool missing = access(absl::StrCat("/sys/kernel/slab/", cache, "/", field).c_str(), F_OK) != 0;
      if (missing) continue;
      EXPECT_EQ(Field(cache, field), host) << cache << "/" << field;
      ++compared;
    }
  }
  EXPECT_GT(compared, 200);
}

TEST_F(SysSlabTest, EveryFileOfTheHostsCachesIsThere) {
  const std::string why_not = WhyNoHost();
  if (!why_not.empty()) GTEST_SKIP() << why_not;
  DIR* directory = opendir("/sys/kernel/slab/dentry");
  ASSERT_NE(directory, nullptr);
  int files = 0;
  while (const dirent* entry = readdir(directory)) {
    if (entry->d_name[0] == '.') continue;
    EXPECT_NE(Field("dentry", entry->d_name), "none") << entry->d_name;
    ++files;
  }
  closedir(directory);
  EXPECT_GT(files, 20);
}

}  // namespace
}  // namespace memsim
