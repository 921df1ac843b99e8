#include "tests/model/machine_twin.h"

#include <algorithm>
#include <cstdio>
#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

#include "server/base/check.h"

namespace memsim {
namespace {

constexpr std::uint64_t kPage = 4096;

// A row of /proc/PID/status or /proc/meminfo, in pages.
std::uint64_t PagesOf(const std::string& text, absl::string_view row) {
  const std::size_t at = text.find(absl::StrCat(row, ":"));
  MEMSIM_CHECK(at != std::string::npos);
  return std::stoull(text.substr(at + row.size() + 1)) / 4;
}

}  // namespace

MachineTwin::MachineTwin(const MachineProgram& program)
    : program_(program),
      machine_(program.Spec()),
      slabs_(machine_, [this] { return MemoryIsShort(); }),
      objects_(slabs_) {
  SlowProcess& init = processes_[1];
  init.tgid = 1;
  init.memory = std::make_shared<SlowMemory>();
  init.table = std::make_shared<SlowTable>();
  init.limits = std::make_shared<ResourceLimits>();
  for (std::uint32_t i = 0; i < kResourceCount; ++i) {
    (*init.limits)[static_cast<Resource>(i)] = *machine_.Prlimit64(Pid(1), i, std::nullopt);
  }
  files_.Make("/sbin/init", FileKind::kRegular, 19 * kPage);
  LearnProgram(1, init);
  // init's program is in memory from now on, so that its children do not change that.
  for (const auto& [number, page] : init.memory->pages) {
    if (page.inode == nullptr) continue;
    MEMSIM_CHECK(machine_.Touch(Pid(1), VirtualAddress(number * kPage), AccessKind::kRead, PageCount(1)).ok());
  }
  gauges_after_boot_ = Gauges();
}

std::map<std::string, std::int64_t> MachineTwin::Gauges() const {
  std::map<std::string, std::int64_t> gauges;
  // Slabs and CPUs keep pages that nobody uses any more.
  static const std::set<absl::string_view> unused = {"nr_free_pages", "pcp_pages", "nr_slab_reclaimable",
                                                     "nr_slab_unreclaimable"};
  for (const CounterSample& sample : machine_.machine().ReadCounters()) {
    // The first read of huge memory makes the page of zeros, which stays.
    if (sample.info->name == "thp_zero_page_alloc") {
      gauges["pages that are free or kept"] += sample.value * std::int64_t{kHugePages};
    }
    if (sample.info->kind != CounterKind::kGauge || sample.order >= 0 || sample.cpu >= 0) continue;
    if (unused.count(sample.info->name) != 0) {
      gauges["pages that are free or kept"] += sample.value;
    } else {
      gauges[absl::StrCat(sample.zone, " ", sample.info->name)] = sample.value;
    }
  }
  return gauges;
}

std::int64_t MachineTwin::OomKills() const {
  for (const CounterSample& sample : machine_.machine().ReadCounters()) {
    if (sample.info->name == "oom_kill") return sample.value;
  }
  return 0;
}

std::optional<MachineTwin::Caller> MachineTwin::CallerOf(const MachineOperation& op) {
  std::vector<std::uint32_t> living;
  for (const auto& [pid, process] : processes_) {
    if (pid != 1 && !process.zombie) living.push_back(pid);
  }
  if (living.empty()) return std::nullopt;
  const std::uint32_t pid = living[op.process % living.size()];
  SlowProcess& process = processes_.at(pid);
  return Caller{Pid(pid), process, *process.memory};
}

std::uint64_t MachineTwin::AddressOf(std::uint64_t place, const SlowMemory& memory) const {
  if (place < kArenaPages) return kArena.value() + place * kPage;
  if (place >= kOddPlace) return kOddAddresses[(place - kOddPlace) % std::size(kOddAddresses)];
  if (memory.pages.empty()) return kArena.value();
  auto page = memory.pages.begin();
  std::advance(page, (place - kArenaPages) * 7 % memory.pages.size());
  return page->first * kPage;
}

std::vector<SlowMapsLine> MachineTwin::MapsOf(Pid pid) const {
  return ParseMaps(machine_.machine().ReadProc(absl::StrCat(pid.value(), "/maps")).value_or(""));
}

std::string MachineTwin::CompareMemory(Pid pid, const SlowMemory& memory) {
  const std::string difference = memory.Compare(MapsOf(pid));
  if (!difference.empty()) return absl::StrCat("maps of ", pid.value(), ": ", difference);
  const std::string status = machine_.machine().ReadProc(absl::StrCat(pid.value(), "/status")).value_or("");
  const SlowSums sums = memory.Sums();
  const std::pair<const char*, std::uint64_t> rows[] = {
      {"VmSize", sums.size}, {"VmData", sums.data}, {"VmStk", sums.stack}, {"VmLck", sums.locked}};
  for (const auto& [row, expected] : rows) {
    const std::uint64_t pages = PagesOf(status, row);
    if (pages != expected) return absl::StrCat(row, " of ", pid.value(), ": ", pages, " pages, expected ", expected);
  }
  const std::uint64_t anonymous = PagesOf(status, "RssAnon");
  if (anonymous < sums.least_anonymous || anonymous > sums.most_anonymous) {
    return absl::StrCat("RssAnon of ", pid.value(), ": ", anonymous, " pages, expected ", sums.least_anonymous, " to ",
                        sums.most_anonymous);
  }
  const std::uint64_t others = PagesOf(status, "RssFile") + PagesOf(status, "RssShmem");
  if (PagesOf(status, "VmRSS") != anonymous + others) return absl::StrCat("VmRSS of ", pid.value(), " is no sum");
  if (anonymous + others > sums.size) return absl::StrCat("VmRSS of ", pid.value(), " is more than VmSize");
  return "";
}

std::string MachineTwin::CompareAll() {
  for (const auto& [pid, process] : processes_) {
    if (process.zombie) continue;
    if (std::string error = CompareMemory(Pid(pid), *process.memory); !error.empty()) return error;
  }
  if (std::string error = objects_.CompareCounts(); !error.empty()) return error;
  return CompareFrames();
}

bool MachineTwin::MemoryIsShort() const {
  // What one call may take at most, above the mark below which it gets nothing.
  constexpr std::uint64_t kLargestCall = 600;
  const std::string meminfo = *machine_.machine().ReadProc("meminfo");
  std::uint64_t high = 0;
  for (const auto& [name, value] : Gauges()) {
    if (absl::StrContains(name, " high")) high += static_cast<std::uint64_t>(value);
  }
  return PagesOf(meminfo, "MemFree") < high + kLargestCall;
}

bool MachineTwin::MappingsAreShort(Pid pid) const {
  // mremap wants room for five mappings more, and may have made two before it failed.
  return MapsOf(pid).size() + 8 > program_.max_map_count;
}

bool MachineTwin::MayFail(Errno error, Pid pid) const {
  if (error == Errno::kNoMem && MemoryIsShort()) return true;
  return (error == Errno::kNoMem || error == Errno::kAgain) && MappingsAreShort(pid);
}

void MachineTwin::Adopt(Pid pid, SlowMemory& memory) { memory.Adopt(MapsOf(pid), files_); }

bool MachineTwin::MayExpand(const Caller& caller, const SlowPage& kind, std::uint64_t pages, std::uint64_t replaced) {
  const SlowSums sums = caller.memory.Sums();
  const ResourceLimits& limits = *caller.process.limits;
  const std::uint64_t as = limits[Resource::kAs].current / kPage;
  if (sums.size + pages - replaced > as) return false;
  if (!kind.IsData()) return true;
  const std::uint64_t data = sums.data + pages - replaced;
  const ResourceLimit& limit = limits[Resource::kData];
  // A limit of 0 means the hard one, for the sake of Valgrind.
  return data <= limit.current / kPage || (limit.current == 0 && data <= limit.maximum / kPage);
}

std::string MachineTwin::Dispatch(const MachineOperation& op) {
  switch (op.kind) {
    case Kind::kSpawn:
      return Spawn();
    case Kind::kClone:
      return Clone(op);
    case Kind::kAllocPages:
      return AllocPages(op);
    case Kind::kGetZeroedPage:
      return GetZeroedPage(op);
    case Kind::kFreePages:
      return FreePages(op);
    case Kind::kSlab:
      return objects_.Run({static_cast<SlabCall>(op.a % kSlabCallCount), 0, op.place, op.b});
    case Kind::kConcurrent:
      return "";
    case Kind::kAdvanceTime:
      machine_.AdvanceTime(Nanoseconds(op.pages * 1'000'000'000));
      return "";
    default:
      break;
  }
  const std::optional<Caller> caller = CallerOf(op);
  if (!caller.has_value()) return "";
  switch (op.kind) {
    case Kind::kExec:
      return Exec(op);
    case Kind::kExit:
      return op.pages % 2 != 0 && caller->pid.value() != caller->process.tgid ? ExitThread(caller->pid)
                                                                              : Exit(caller->pid);
    case Kind::kWait:
      return Wait(op);
    case Kind::kLimit:
      return Limit(op);
    case Kind::kMmap:
      return Mmap(op, *caller);
    case Kind::kMunmap:
      return Munmap(op, *caller);
    case Kind::kMprotect:
      return Mprotect(op, *caller);
    case Kind::kMremap:
      return Mremap(op, *caller);
    case Kind::kBrk:
      return Brk(op, *caller);
    case Kind::kMadvise:
      return Madvise(op, *caller);
    case Kind::kMlock:
      return Mlock(op, *caller);
    case Kind::kMlockall:
      return Mlockall(op, *caller);
    case Kind::kShm:
      return Shm(op, *caller);
    case Kind::kAsk:
      return Ask(op, *caller);
    case Kind::kBytes:
      return MoveBytes(op, *caller);
    case Kind::kTouch:
      return Touch(op, *caller);
    default:
      return RunFileOperation(op, *caller);
  }
}

std::string MachineTwin::RunOne(const MachineOperation& op) {
  std::string error = Dispatch(op);
  if (!error.empty()) return error;
  if (program_.check_always) {
    machine_.machine().CheckInvariants();
    return CompareAll();
  }
  // Now and then, for it takes long.
  constexpr int kBetweenLooksAtAllFrames = 16;
  if (++done_ % kBetweenLooksAtAllFrames == 0) error = CompareFrames();
  const std::optional<Caller> caller = CallerOf(op);
  return caller.has_value() && error.empty() ? CompareMemory(caller->pid, caller->memory) : error;
}

std::string MachineTwin::Run(absl::Span<const MachineOperation> operations, std::size_t& taken) {
  const MachineOperation& op = operations.front();
  taken = 1;
  if (op.kind == Kind::kConcurrent) {
    taken = std::min(operations.size(), 1 + op.b);
    return RunLanes(op, operations.subspan(1, taken - 1));
  }
  machine_.NameCpu(CpuId(static_cast<std::uint16_t>(op.cpu % program_.cpus)));
  return RunOne(op);
}

std::string MachineTwin::Finish() {
  machine_.machine().CheckInvariants();
  if (std::string error = CompareAll(); !error.empty()) return error;
  while (const std::optional<Caller> caller = CallerOf({})) {
    if (std::string error = Exit(caller->pid); !error.empty()) return error;
  }
  // What a child of init opened in the table that both share.
  for (const auto& [fd, descriptor] : *processes_.at(1).table) {
    if (machine_.Close(Pid(1), fd) != Errno::kOk) return absl::StrCat("init cannot close ", fd);
  }
  if (std::string error = RemoveSegments(); !error.empty()) return error;
  if (std::string error = objects_.GiveBack(); !error.empty()) return error;
  for (SlowBlock& block : blocks_) {
    if (!block.taken) continue;
    block.taken = false;
    if (machine_.FreePages(PageFrameNumber(block.frame), block.order).has_value()) return "a block is not taken back";
  }
  for (const auto& [name, inode] : std::map<std::string, SlowInodeRef>(files_.names())) {
    // init still runs its program, and directories hold no pages.
    if (name == "/sbin/init" || inode->kind == FileKind::kDirectory) continue;
    if (machine_.Unlink(name) != Errno::kOk) return absl::StrCat(name, " cannot be unlinked");
  }
  machine_.machine().CheckInvariants();
  const std::map<std::string, std::int64_t> gauges = Gauges();
  for (const auto& [name, value] : gauges_after_boot_) {
    if (gauges.at(name) != value) return absl::StrCat(name, " is ", gauges.at(name), ", after boot it was ", value);
  }
  return CompareFrames();
}

std::string RunAll(MachineTwin& twin, const MachineProgram& program) {
  const absl::Span<const MachineOperation> operations(program.operations);
  for (std::size_t i = 0, taken = 0; i < operations.size(); i += taken) {
    const std::string error = twin.Run(operations.subspan(i), taken);
    if (!error.empty()) return absl::StrCat("operation ", i, ": ", error);
  }
  const std::string error = twin.Finish();
  return error.empty() ? "" : absl::StrCat("at the end: ", error);
}

bool Agrees(const MachineProgram& program, Outcome& outcome) {
  MachineTwin twin(program);
  std::string error = RunAll(twin, program);
  if (error.empty()) error = CompareWithReplay(twin.machine());
  if (!error.empty()) std::fprintf(stderr, "%s\n", error.c_str());
  outcome.calls = twin.machine().executed();
  outcome.digests.Add(twin.machine().machine().StateDigest());
  outcome.digests.Add(twin.machine().machine().AnswerDigest());
  return error.empty();
}

bool Agrees(const MachineProgram& program) {
  Outcome outcome;
  return Agrees(program, outcome);
}

}  // namespace memsim
