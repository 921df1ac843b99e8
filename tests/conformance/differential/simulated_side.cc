#include "tests/conformance/differential/simulated_side.h"

#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "server/base/check.h"
#include "server/kernel/vm/mman_flags.h"
#include "server/kernel/vm/personality.h"
#include "tests/conformance/differential/arguments.h"
#include "tests/conformance/differential/calls.h"

namespace memsim::differential {
namespace {

// What /proc/PID/stat says of faults: fields 10 and 12.
std::pair<std::uint64_t, std::uint64_t> FaultsOf(const Machine& machine, Pid pid) {
  const std::string text = machine.ReadProc(absl::StrCat(pid.value(), "/stat")).value_or("");
  const std::vector<absl::string_view> fields = absl::StrSplit(text, absl::MaxSplits(' ', 12));
  std::pair<std::uint64_t, std::uint64_t> faults;
  MEMSIM_CHECK(fields.size() == 13 && absl::SimpleAtoi(fields[9], &faults.first) &&
               absl::SimpleAtoi(fields[11], &faults.second));
  return faults;
}

// The first number of a file; absent: no such file.
std::optional<std::uint64_t> ReadNumber(const std::string& path) {
  std::ifstream file(path);
  std::uint64_t number = 0;
  if (file >> number) return number;
  return std::nullopt;
}

ByteCount HostMemory() {
  std::ifstream file("/proc/meminfo");
  std::string name;
  std::uint64_t kib = 0;
  return file >> name >> kib ? ByteCount(kib >> 10 << 20) : MachineSpec().memory;
}

}  // namespace

MachineSpec SimulatedSide::SpecOfHost() {
  MachineSpec spec;
  spec.memory = HostMemory();
  spec.address_randomization = AddressRandomization::kOff;
  if (const auto mode = ReadNumber("/proc/sys/vm/overcommit_memory"); mode.has_value()) {
    spec.sysctls.overcommit_memory = static_cast<OvercommitPolicy>(*mode);
  }
  if (const auto count = ReadNumber("/proc/sys/vm/max_map_count"); count.has_value()) {
    spec.sysctls.max_map_count = static_cast<std::uint32_t>(*count);
  }
  if (const auto lowest = ReadNumber("/proc/sys/vm/mmap_min_addr"); lowest.has_value()) {
    spec.sysctls.mmap_min_addr = ByteCount(*lowest);
  }
  return spec;
}

CapabilitySet SimulatedSide::CapabilitiesOfHost() {
  std::ifstream file("/proc/self/status");
  std::string word;
  std::uint64_t bits = 0;
  while (file >> word && word != "CapEff:") {
  }
  file >> std::hex >> bits;
  return CapabilitySet(bits);
}

absl::Status SimulatedSide::Start(const Program& program) {
  absl::StatusOr<std::unique_ptr<Machine>> machine = Machine::Create(spec_);
  if (!machine.ok()) return machine.status();
  machine_ = *std::move(machine);
  arena_start_ = program.arena_start;
  arena_ = program.arena;
  processes_ = {};
  steps_ = 0;
  machine_->BeginCall(std::nullopt);
  const ErrnoOr<Pid> pid = machine_->Spawn("program");
  if (!pid.ok()) return absl::InternalError("spawn failed");
  processes_[0].pid = *pid;
  processes_[0].alive = true;
  ExecImage image;
  image.path = "/program";
  // As a native process looks when it has unmapped everything else.
  image.mappings = {
      {kRegionBase, kRegionBase + kRegionSize, kProtRead | kProtWrite | kProtExec, kMapShared, ByteCount(0), ""}};
  image.start_brk = kHeapStart;
  if (machine_->Execve(*pid, image) != Errno::kOk ||
      machine_->Madvise(*pid, kRegionBase, kRegionSize, kMadvPopulateWrite) != Errno::kOk) {
    return absl::InternalError("execve failed");
  }
  if (absl::Status opened = OpenFiles(program); !opened.ok()) return opened;
  // As the launcher does for native processes, whether or not machines have huge pages.
  constexpr int kPrSetThpDisable = 41;
  static_cast<void>(machine_->Prctl(*pid, kPrSetThpDisable, {1, 0, 0, 0}));
  static_cast<void>(machine_->SetPersonality(*pid, kAddrNoRandomize));
  const CapabilitySet held = program.privileged ? capabilities_ : CapabilitySet::None();
  if (machine_->Capset(*pid, {held, held, CapabilitySet::None()}) != Errno::kOk) {
    return absl::InternalError("capset failed");
  }
  std::tie(processes_[0].minor_faults, processes_[0].major_faults) = FaultsOf(*machine_, *pid);
  return absl::OkStatus();
}

// At the same numbers as on the other side.
absl::Status SimulatedSide::OpenFiles(const Program& program) {
  for (std::size_t i = 0; i < program.files.size(); ++i) {
    const FileKind kind = program.files[i].kind == FileSystemKind::kDisk ? FileKind::kRegular : FileKind::kTmpfs;
    if (machine_->Mknod(SimulatedPath(program, i), kind, program.files[i].size) != Errno::kOk) {
      return absl::InternalError("mknod failed");
    }
  }
  const Pid pid = processes_[0].pid;
  for (std::size_t i = 0; i < program.descriptors.size(); ++i) {
    const DescriptorSpec& descriptor = program.descriptors[i];
    const ErrnoOr<int> opened = machine_->Open(pid, SimulatedPath(program, descriptor.file), descriptor.access);
    if (!opened.ok()) return absl::InternalError("open failed");
    if (!machine_->Dup(pid, *opened, kFirstDescriptor + static_cast<int>(i), 0, 0).ok() ||
        machine_->Close(pid, *opened) != Errno::kOk) {
      return absl::InternalError("dup failed");
    }
  }
  return absl::OkStatus();
}

void SimulatedSide::BeginStep(const Step& step, std::size_t process, std::size_t new_process) {
  step_ = step;
  ++steps_;
  outcome_ = {};
  machine_->BeginCall(std::nullopt);
  outcome_.value = Do(step, process, new_process);
  Process& actor = processes_[process];
  if (actor.alive) {
    const auto [minor_faults, major_faults] = FaultsOf(*machine_, actor.pid);
    outcome_.minor_faults = minor_faults - std::exchange(actor.minor_faults, minor_faults);
    outcome_.major_faults = major_faults - std::exchange(actor.major_faults, major_faults);
    outcome_.incore = IncoreOf(actor.pid);
  }
  Observe();
  if (falsify_) falsify_(step_, outcome_);
}

std::int64_t SimulatedSide::Do(const Step& step, std::size_t process, std::size_t new_process) {
  const CallRow& row = Calls()[step.call];
  const Pid pid = processes_[process].pid;
  switch (row.kind) {
    case CallKind::kSystemCall:
      return row.simulate(*machine_, pid, step.arguments);
    case CallKind::kRead:
      return Touch(step, pid, AccessKind::kRead);
    case CallKind::kWrite:
      return Touch(step, pid, AccessKind::kWrite);
    case CallKind::kFork:
      return Fork(pid, new_process);
    case CallKind::kExit:
      processes_[process].alive = false;
      return -static_cast<std::int64_t>(machine_->ExitGroup(pid, 0));
    case CallKind::kWait:
      return Wait(pid);
  }
  return 0;
}

std::int64_t SimulatedSide::Touch(const Step& step, Pid pid, AccessKind access) {
  std::uint64_t sum = 0;
  for (std::uint64_t page = 0; page < step.arguments[1]; ++page) {
    const VirtualAddress address = VirtualAddress(step.arguments[0]) + ToBytes(PageCount(page));
    char byte = static_cast<char>(StoredByte(steps_));
    const ErrnoOr<TransferResult> touched = access == AccessKind::kWrite
                                                ? machine_->Store(pid, address, absl::string_view(&byte, 1))
                                                : machine_->Load(pid, address, absl::MakeSpan(&byte, 1));
    if (!touched.ok()) return -static_cast<std::int64_t>(touched.error());
    if (const auto& signal = touched->access.signal; signal.has_value()) {
      outcome_.signal =
          SignalSeen{static_cast<int>(signal->number), static_cast<int>(signal->code), signal->address.value()};
      break;
    }
    if (access != AccessKind::kWrite) sum = AddLoadedByte(sum, static_cast<std::uint8_t>(byte));
  }
  return static_cast<std::int64_t>(sum);
}

// The child fills its region, which fork does not copy.
std::int64_t SimulatedSide::Fork(Pid parent, std::size_t new_process) {
  const ErrnoOr<Pid> child = machine_->Clone(parent, 0);
  if (!child.ok()) return -static_cast<std::int64_t>(child.error());
  const Errno filled = machine_->Madvise(*child, kRegionBase, kRegionSize, kMadvPopulateWrite);
  MEMSIM_CHECK(filled == Errno::kOk);
  Process& process = processes_[new_process];
  process.pid = *child;
  process.alive = true;
  std::tie(process.minor_faults, process.major_faults) = FaultsOf(*machine_, *child);
  return static_cast<std::int64_t>(new_process);
}

std::int64_t SimulatedSide::Wait(Pid parent) {
  const ErrnoOr<Pid> waited = machine_->Wait4(parent, Pid(0));
  if (!waited.ok()) return -static_cast<std::int64_t>(waited.error());
  for (std::size_t i = 0; i < kMaxProcesses; ++i) {
    if (*waited != Pid(0) && processes_[i].pid == *waited) return static_cast<std::int64_t>(i);
  }
  return waited->value();
}

// mincore tells of no page behind a hole: there it is asked again.
std::string SimulatedSide::IncoreOf(Pid pid) {
  std::string digits;
  while (digits.size() < arena_.value()) {
    const PageCount done(digits.size());
    const Residency part = machine_->Mincore(pid, arena_start_ + ToBytes(done), ToBytes(arena_ - done), std::nullopt);
    for (const char page : part.pages) digits += static_cast<char>('0' + page);
    if (part.error != Errno::kOk) digits += '-';
  }
  return digits;
}

void SimulatedSide::Observe() {
  for (std::size_t i = 0; i < kMaxProcesses; ++i) {
    if (!processes_[i].alive) continue;
    const std::string folder = absl::StrCat(processes_[i].pid.value(), "/");
    ProcessState& state = outcome_.processes[i].emplace();
    state.maps = ParseMaps(machine_->ReadProc(folder + "maps").value_or(""));
    ParseStatus(machine_->ReadProc(folder + "status").value_or(""), state);
  }
}

absl::Status SimulatedSide::FinishStep(StepOutcome& outcome) {
  outcome = std::move(outcome_);
  return absl::OkStatus();
}

void SimulatedSide::End() { machine_.reset(); }

}  // namespace memsim::differential
