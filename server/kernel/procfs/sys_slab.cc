#include "server/kernel/procfs/sys_slab.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"

#include "server/kernel/slab/cache_merging.h"
#include "server/kernel/slab/slab_layout.h"

namespace memsim {
namespace {

constexpr absl::string_view kRoot = "kernel/slab";
// What counters of the registry have before the name of their file.
constexpr absl::string_view kPathPrefix = "slub_";

struct CacheView {
  const SlabCaches& slabs;
  CacheId id;

  const CacheDefinition& definition() const { return slabs.definition(id); }
  SlabLayout layout() const { return slabs.LayoutOf(id); }
  CacheUse use() const { return slabs.Look(id); }
};

std::string Line(std::uint64_t number) { return absl::StrCat(number, "\n"); }

template <SlabFlags kFlag>
std::string HasFlag(const CacheView& cache) {
  return Line((cache.definition().flags & kFlag) != 0 ? 1 : 0);
}

// show_slab_objects: the sum, and each node that has any.
std::string OfNodes(std::uint64_t number) { return number == 0 ? Line(0) : absl::StrCat(number, " N0=", number, "\n"); }

std::uint64_t CpuSlabs(const CacheUse& use) {
  std::uint64_t slabs = 0;
  for (const CacheUse::Cpu& cpu : use.cpus) slabs += (cpu.has_slab ? 1 : 0) + cpu.partial_slabs;
  return slabs;
}

// slabs_cpu_partial_show: objects as if the slabs were half full, and the slabs.
std::string CpuPartial(const CacheView& cache) {
  const CacheUse use = cache.use();
  const std::uint32_t objects = cache.layout().objects;
  std::uint32_t all = 0;
  std::string of_cpus;
  for (std::size_t i = 0; i < use.cpus.size(); ++i) {
    const std::uint32_t slabs = use.cpus[i].partial_slabs;
    all += slabs;
    if (slabs != 0) absl::StrAppendFormat(&of_cpus, " C%d=%d(%d)", i, slabs * objects / 2, slabs);
  }
  return absl::StrFormat("%d(%d)%s\n", all * objects / 2, all, of_cpus);
}

// show_stat: the sum, and each CPU that has any.
std::string PathText(const CacheView& cache, std::size_t path) {
  const CacheUse use = cache.use();
  std::uint64_t sum = 0;
  std::string of_cpus;
  for (std::size_t i = 0; i < use.cpus.size(); ++i) {
    const std::uint64_t count = use.cpus[i].paths[path];
    sum += count;
    if (count != 0) absl::StrAppend(&of_cpus, " C", i, "=", count);
  }
  return absl::StrCat(sum, of_cpus, "\n");
}

struct Field {
  absl::string_view name;
  std::string (*read)(const CacheView& cache);
};

const std::array<Field, 30>& Fields() {
  static constexpr std::array<Field, 30> kFields = {{
      {"aliases", [](const CacheView& c) { return Line(c.slabs.AliasCount(c.id)); }},
      {"align", [](const CacheView& c) { return Line(c.layout().object.align.value()); }},
      {"cache_dma", HasFlag<kSlabCacheDma>},
      {"cpu_partial", [](const CacheView& c) { return Line(c.layout().cpu_partial); }},
      {"cpu_slabs", [](const CacheView& c) { return OfNodes(CpuSlabs(c.use())); }},
      {"ctor",
       [](const CacheView& c) {
         return c.definition().constructor.empty() ? "" : absl::StrCat(c.definition().constructor, "\n");
       }},
      {"destroy_by_rcu", HasFlag<kSlabTypesafeByRcu>},
      {"hwcache_align", HasFlag<kSlabHwcacheAlign>},
      {"min_partial", [](const CacheView& c) { return Line(c.layout().min_partial); }},
      {"object_size", [](const CacheView& c) { return Line(c.slabs.ObjectSize(c.id).value()); }},
      {"objects",
       [](const CacheView& c) {
         const CacheUse use = c.use();
         return OfNodes(use.total_objects - use.partial_all_free);
       }},
      {"objects_partial", [](const CacheView& c) { return OfNodes(c.use().partial_inuse); }},
      {"objs_per_slab", [](const CacheView& c) { return Line(c.layout().objects); }},
      {"order", [](const CacheView& c) { return Line(c.layout().order.value()); }},
      {"partial", [](const CacheView& c) { return OfNodes(c.use().partial_slabs); }},
      {"poison", HasFlag<kSlabPoison>},
      {"reclaim_account", HasFlag<kSlabReclaimAccount>},
      {"red_zone", HasFlag<kSlabRedZone>},
      // In percent; with one node nobody asks.
      {"remote_node_defrag_ratio", [](const CacheView&) { return Line(100); }},
      {"sanity_checks", HasFlag<kSlabConsistencyChecks>},
      {"sheaf_capacity", [](const CacheView& c) { return Line(c.definition().sheaf_capacity); }},
      {"shrink", [](const CacheView&) { return std::string(); }},
      {"slab_size", [](const CacheView& c) { return Line(c.layout().object.size.value()); }},
      {"slabs", [](const CacheView& c) { return OfNodes(c.use().slabs); }},
      {"slabs_cpu_partial", CpuPartial},
      {"store_user", HasFlag<kSlabStoreUser>},
      {"total_objects", [](const CacheView& c) { return OfNodes(c.use().total_objects); }},
      {"trace", HasFlag<kSlabTrace>},
      {"usersize", [](const CacheView& c) { return Line(c.definition().user_size.value()); }},
      {"validate", [](const CacheView&) { return std::string(); }},
  }};
  return kFields;
}

absl::string_view PathFile(std::size_t path) { return absl::StripPrefix(kSlabPathInfo[path].name, kPathPrefix); }

std::optional<std::string> ReadField(const CacheView& cache, absl::string_view name) {
  for (const Field& field : Fields()) {
    if (field.name == name) return field.read(cache);
  }
  for (std::size_t path = 0; path < kSlabPathCount; ++path) {
    if (PathFile(path) == name) return PathText(cache, path);
  }
  return std::nullopt;
}

std::string Directory(const CacheDefinition& definition) {
  return IsMergeable(definition) ? UniqueId(definition) : std::string(definition.name);
}

std::string ListCaches(const SlabCaches& slabs) {
  std::vector<std::string> entries;
  const auto add_link = [&](absl::string_view name, CacheId id) {
    entries.push_back(absl::StrCat(name, " -> ", Directory(slabs.definition(id))));
  };
  slabs.ForEachCache([&](CacheId id) {
    const CacheDefinition& definition = slabs.definition(id);
    entries.push_back(Directory(definition));
    if (IsMergeable(definition) && slabs.Find(definition.name) == id) add_link(definition.name, id);
  });
  slabs.ForEachAlias(add_link);
  std::sort(entries.begin(), entries.end());
  return absl::StrCat(absl::StrJoin(entries, "\n"), "\n");
}

// By the directory's name.
std::optional<CacheId> FindDirectory(const SlabCaches& slabs, absl::string_view name) {
  std::optional<CacheId> found;
  slabs.ForEachCache([&](CacheId id) {
    if (!found.has_value() && Directory(slabs.definition(id)) == name) found = id;
  });
  return found;
}

// The files of each cache.
std::vector<absl::string_view> SlabFields() {
  std::vector<absl::string_view> names;
  for (const Field& field : Fields()) names.push_back(field.name);
  for (std::size_t path = 0; path < kSlabPathCount; ++path) names.push_back(PathFile(path));
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

std::optional<std::string> ReadSys(const ProcView& view, absl::string_view path) {
  if (!absl::ConsumePrefix(&path, kRoot)) return std::nullopt;
  if (path.empty() || path == "/") return ListCaches(view.slabs);
  if (!absl::ConsumePrefix(&path, "/")) return std::nullopt;
  const std::size_t slash = path.find('/');
  const absl::string_view name = path.substr(0, slash);
  const std::optional<CacheId> directory = FindDirectory(view.slabs, name);
  const std::optional<CacheId> id = directory.has_value() ? directory : view.slabs.Find(name);
  if (!id.has_value()) return std::nullopt;
  const CacheView cache{view.slabs, *id};
  if (slash != absl::string_view::npos) return ReadField(cache, path.substr(slash + 1));
  if (!directory.has_value()) return absl::StrCat(Directory(cache.definition()), "\n");
  return absl::StrCat(absl::StrJoin(SlabFields(), "\n"), "\n");
}

}  // namespace memsim
