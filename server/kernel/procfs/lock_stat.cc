// /proc/lock_stat: what was waited for and held, a row for each class of locks (seq_stats of
// kernel/locking/lockdep_proc.c). Times are microseconds of virtual time.
//
// Where Linux names the code that waited, below a class, a machine names the locks that were waited for most.
// lock_stat.instances, which Linux does not have, has a row for every lock that is counted by itself.

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "server/kernel/physical/zone_type.h"
#include "server/kernel/procfs/proc_files.h"
#include "server/kernel/procfs/procfs.h"

namespace memsim {
namespace {

// LOCKSTAT_POINTS.
constexpr std::size_t kMaxPoints = 4;
constexpr int kColumns = 12;
constexpr int kNameWidth = 40;
constexpr int kColumnWidth = 14;

std::string RuleLine(char c) { return std::string(kNameWidth + 1 + kColumns * (kColumnWidth + 1), c) + "\n"; }

std::string Header() {
  std::string text = "lock_stat version 0.4\n" + RuleLine('-');
  absl::StrAppendFormat(&text, "%*s", kNameWidth, "class name");
  for (const char* column :
       {"con-bounces", "contentions", "waittime-min", "waittime-max", "waittime-total", "waittime-avg", "acq-bounces",
        "acquisitions", "holdtime-min", "holdtime-max", "holdtime-total", "holdtime-avg"}) {
    absl::StrAppendFormat(&text, " %*s", kColumnWidth, column);
  }
  return text + "\n" + RuleLine('-') + "\n";
}

// seq_time: cut off, not rounded, as snprint_time does it but for the last digit, which that rounds.
void AppendTime(Nanoseconds time, std::string& text) {
  const std::uint64_t hundredths = (time.value() + 5) / 10;
  absl::StrAppendFormat(&text, " %*s", kColumnWidth, absl::StrFormat("%d.%02d", hundredths / 100, hundredths % 100));
}

void AppendTimes(const TimeCounts& times, std::string& text) {
  absl::StrAppendFormat(&text, " %*d", kColumnWidth, times.count);
  AppendTime(times.min, text);
  AppendTime(times.max, text);
  AppendTime(times.total, text);
  AppendTime(times.count == 0 ? Nanoseconds(0) : times.total / times.count, text);
}

// suffix: "-W" where there are readers' rows too.
void AppendRow(absl::string_view name, absl::string_view suffix, const LockCounts& counts, std::string& text) {
  absl::StrAppendFormat(&text, "%*s%s:", kNameWidth - static_cast<int>(suffix.size()), name, suffix);
  // A wait is always for another CPU.
  absl::StrAppendFormat(&text, "%*d", kColumnWidth, counts.waits.count);
  AppendTimes(counts.waits, text);
  absl::StrAppendFormat(&text, " %*d", kColumnWidth, counts.bounces);
  AppendTimes(counts.holds, text);
  text += '\n';
}

void AppendRows(absl::string_view name, const LockModeCounts& counts, std::string& text) {
  const LockCounts& exclusive = counts[static_cast<std::size_t>(LockMode::kExclusive)];
  const LockCounts& shared = counts[static_cast<std::size_t>(LockMode::kShared)];
  const bool both = exclusive.holds.count != 0 && shared.holds.count != 0;
  if (exclusive.holds.count != 0) AppendRow(name, both ? "-W" : "", exclusive, text);
  if (shared.holds.count != 0) AppendRow(name, "-R", shared, text);
}

std::uint64_t WaitsOf(const LockModeCounts& counts) { return counts[0].waits.count + counts[1].waits.count; }
std::uint64_t WaitsOf(const LockRecord& record) { return WaitsOf(record.counts); }

// lock_stat_cmp.
std::vector<LockClass> MostContendedFirst(const LockClassCounts& counts) {
  std::vector<LockClass> classes;
  for (std::size_t i = 0; i < counts.size(); ++i) classes.push_back(static_cast<LockClass>(i));
  std::stable_sort(classes.begin(), classes.end(), [&counts](LockClass a, LockClass b) {
    return WaitsOf(counts[static_cast<std::size_t>(a)]) > WaitsOf(counts[static_cast<std::size_t>(b)]);
  });
  return classes;
}

Nanoseconds WaitedFor(const LockRecord& record) { return record.counts[0].waits.total + record.counts[1].waits.total; }

// "pid 12 (worker)" by the number of the address space.
using AddressSpaceNames = std::map<AddressSpaceNumber, std::string>;

AddressSpaceNames NameAddressSpaces(const Tasks& tasks) {
  AddressSpaceNames names;
  tasks.ForEach([&](const Task& task) {
    if (task.state != TaskState::kAlive || task.IsThread()) return;
    names.emplace(tasks.SpaceOf(task).number(), absl::StrCat("pid ", task.pid.value(), " (", TaskName(task), ")"));
  });
  return names;
}

std::string OwnerName(const AddressSpaceNames& names, const LockRecord& record) {
  // An address space that no task has any more keeps its number.
  const auto address_space = [&names](AddressSpaceNumber number) {
    const auto it = names.find(number);
    return it == names.end() ? absl::StrCat("mm ", number) : it->second;
  };
  const auto zone = [](std::uint64_t number) { return ZoneName(static_cast<ZoneType>(number)); };
  const LockOwner& owner = record.owner;
  switch (record.lock_class) {
    case LockClass::kMmapLock:
    case LockClass::kMmPageTableLock:
      return address_space(owner.first);
    case LockClass::kVmaLock:
      return absl::StrFormat("%s at %x", address_space(owner.first), owner.second);
    case LockClass::kPageTableLock:
      return absl::StrCat("frame ", owner.first);
    case LockClass::kPcpLock:
      return absl::StrCat("cpu ", owner.first, ", ", zone(owner.second));
    case LockClass::kZoneLock:
      return std::string(zone(owner.first));
    case LockClass::kSlabCpuLock:
      return absl::StrCat("cpu ", owner.first, ", cache ", owner.second);
    case LockClass::kSlabNodeLock:
    case LockClass::kSlabBarnLock:
      return absl::StrCat("cache ", owner.first);
    case LockClass::kCount:
      break;
  }
  return "";
}

// Those that were waited for, most first.
std::vector<const LockRecord*> Contended(const Locks& locks, LockClass lock_class) {
  std::vector<const LockRecord*> records;
  locks.ForEachRecord([&](const LockRecord& record) {
    if (record.lock_class == lock_class && WaitsOf(record) != 0) records.push_back(&record);
  });
  std::stable_sort(records.begin(), records.end(),
                   [](const LockRecord* a, const LockRecord* b) { return WaitsOf(*a) > WaitsOf(*b); });
  return records;
}

}  // namespace

std::string LockStat(const ProcView& view) {
  const AddressSpaceNames names = NameAddressSpaces(view.tasks);
  const LockClassCounts counts = view.locks.ClassCounts();
  std::string text = Header();
  for (const LockClass lock_class : MostContendedFirst(counts)) {
    const absl::string_view name = kLockClassInfo[static_cast<std::size_t>(lock_class)].name;
    AppendRows(name, counts[static_cast<std::size_t>(lock_class)], text);
    const std::vector<const LockRecord*> contended = Contended(view.locks, lock_class);
    if (contended.empty()) continue;
    absl::StrAppendFormat(&text, "%*s\n", kNameWidth, std::string(name.size(), '-'));
    for (std::size_t p = 0; p < std::min(contended.size(), kMaxPoints); ++p) {
      absl::StrAppendFormat(&text, "%*s %14d %29s %s\n", kNameWidth, name, WaitsOf(*contended[p]), "",
                            OwnerName(names, *contended[p]));
    }
    absl::StrAppend(&text, "\n", RuleLine('.'), "\n");
  }
  return text;
}

std::string LockStatInstances(const ProcView& view) {
  const AddressSpaceNames names = NameAddressSpaces(view.tasks);
  std::vector<const LockRecord*> records;
  view.locks.ForEachRecord([&records](const LockRecord& record) {
    static constexpr LockModeCounts kNothing;
    if (record.counts != kNothing) records.push_back(&record);
  });
  std::stable_sort(records.begin(), records.end(),
                   [](const LockRecord* a, const LockRecord* b) { return WaitedFor(*a) > WaitedFor(*b); });
  std::string text = Header();
  for (const LockRecord* record : records) {
    const absl::string_view name = kLockClassInfo[static_cast<std::size_t>(record->lock_class)].name;
    AppendRows(absl::StrCat(name, " ", OwnerName(names, *record)), record->counts, text);
    if (text.size() > kMaxProcFileBytes) break;
  }
  return text;
}

}  // namespace memsim
