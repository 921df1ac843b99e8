// MachineTwin's processes.

#include <vector>

#include "absl/strings/match.h"

#include "server/kernel/process/clone_flags.h"
#include "tests/model/machine_twin.h"

namespace memsim {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kImageBase = 0x400000;

std::string Differ(absl::string_view call, Errno got, Errno expected) {
  return got == expected ? "" : absl::StrCat(call, ": ", ErrnoName(got), ", expected ", ErrnoName(expected));
}

}  // namespace

std::string MachineTwin::Spawn() {
  const ErrnoOr<Pid> pid = machine_.Spawn("twin");
  if (!pid.ok()) return MemoryIsShort() ? "" : Differ("spawn", pid.error(), Errno::kOk);
  if (processes_.count(pid->value()) != 0) return absl::StrCat("spawn: pid ", pid->value(), " is taken");
  SlowProcess& process = processes_[pid->value()];
  process.tgid = pid->value();
  process.parent = 1;
  process.memory = std::make_shared<SlowMemory>();
  process.table = std::make_shared<SlowTable>();
  process.limits = std::make_shared<ResourceLimits>(*processes_.at(1).limits);
  return CompareMemory(*pid, *process.memory);
}

std::string MachineTwin::Clone(const MachineOperation& op) {
  std::uint64_t flags = kCloneChoices[op.a % std::size(kCloneChoices)];
  std::optional<Caller> caller = CallerOf(op);
  if (!caller.has_value()) return "";
  // Now and then init itself forks; it shares its memory with nobody, so that it ends as it began.
  if (op.place % 8 == 0 && (flags & kCloneVm) == 0)
    caller.emplace(Caller{Pid(1), processes_.at(1), *processes_.at(1).memory});
  const auto has = [flags](std::uint64_t flag) { return (flags & flag) != 0; };
  Errno expected = Errno::kOk;
  if (has(kCloneThread) && !has(kCloneSighand)) expected = Errno::kInval;
  if (has(kCloneSighand) && !has(kCloneVm)) expected = Errno::kInval;
  // init has no siblings.
  if (has(kCloneParent) && caller->process.tgid == 1) expected = Errno::kInval;
  const ErrnoOr<Pid> pid = machine_.Clone(caller->pid, flags);
  if (pid.error() == Errno::kNoMem && expected == Errno::kOk && MemoryIsShort()) {
    caller->memory.ForgetExclusive();
    return "";
  }
  if (pid.error() != expected) return Differ("clone", pid.error(), expected);
  if (!pid.ok()) return "";
  if (processes_.count(pid->value()) != 0) return absl::StrCat("clone: pid ", pid->value(), " is taken");
  const SlowProcess& parent = caller->process;
  SlowProcess child;
  child.tgid = has(kCloneThread) ? parent.tgid : pid->value();
  child.parent = has(kCloneThread) || has(kCloneParent) ? parent.parent : parent.tgid;
  child.memory = has(kCloneVm) ? parent.memory : std::make_shared<SlowMemory>(parent.memory->Fork());
  child.table = has(kCloneFiles) ? parent.table : std::make_shared<SlowTable>(*parent.table);
  child.limits = has(kCloneThread) ? parent.limits : std::make_shared<ResourceLimits>(*parent.limits);
  if (child.memory->fork_uncertain) Adopt(*pid, *child.memory);
  processes_[pid->value()] = child;
  return CompareMemory(*pid, *child.memory);
}

// A program of code, data and bss from a file, with memory of its own above; some have a stack.
ExecImage MachineTwin::DrawImage(const MachineOperation& op) const {
  ExecImage image;
  image.path = "/bin/program";
  if (op.a == 0) return image;
  VirtualAddress at(kImageBase);
  const auto add = [&](std::uint64_t pages, std::uint64_t prot, const char* path, std::uint64_t offset) {
    image.mappings.push_back({at, at + ByteCount(pages * kPage), prot, 2, ByteCount(offset * kPage), path});
    at += ByteCount(pages * kPage);
  };
  add(op.pages % 5 + 1, 5, "/bin/program", 0);
  if (op.a > 1) add(2, 3, "/bin/program", op.pages % 5 + 1);
  if (op.a > 2) add(3, 3, "", 0);
  at = VirtualAddress(0x7ffff7000000);
  if (op.a > 3) add(6, 1, "/lib/c.so", 0);
  at = VirtualAddress(0x7ffffff00000);
  if (op.a > 4) add(33, 3, "[stack]", 0);
  return image;
}

// The built-in program lies where the kernel puts it. Only the top of its stack was touched.
void MachineTwin::LearnProgram(std::uint32_t pid, SlowProcess& process) {
  process.memory = std::make_shared<SlowMemory>();
  Adopt(Pid(pid), *process.memory);
  SlowMemory& memory = *process.memory;
  std::uint64_t stack_top = 0;
  for (auto& [number, page] : memory.pages) {
    page.Forget();
    if (page.grows_down) stack_top = number;
    // The initialised data of either program is its only writable part with a file.
    if (page.inode != nullptr && (page.prot & 2) != 0) memory.initialised_data += kPage;
  }
  if (stack_top != 0) memory.pages.at(stack_top).presence = Presence::kOwn;
  memory.start_brk = machine_.Brk(Pid(pid), VirtualAddress(0))->value();
  memory.brk = memory.start_brk;
}

std::string MachineTwin::Exec(const MachineOperation& op) {
  const Caller caller = *CallerOf(op);
  const ExecImage image = DrawImage(op);
  // What execve does not find it makes, as long as it needs.
  std::map<std::string, std::uint64_t> extents;
  for (const ImageMapping& mapping : image.mappings) {
    if (mapping.path.empty() || mapping.path[0] != '/') continue;
    const std::uint64_t end = mapping.offset.value() + (mapping.end - mapping.start).value();
    extents[mapping.path] = std::max(extents[mapping.path], end);
  }
  if (image.mappings.empty()) extents[image.path] = 19 * kPage;
  Errno expected = Errno::kOk;
  for (const auto& [path, extent] : extents) {
    const SlowInodeRef file = files_.Find(path);
    if (file != nullptr && !file->HasPages() && file->kind != FileKind::kZeroDevice) expected = Errno::kAcces;
  }
  const Errno error = machine_.Execve(caller.pid, image);
  for (const auto& [path, extent] : extents) {
    if (files_.Find(path) == nullptr && machine_.Mknod(path, FileKind::kRegular, ByteCount(0)) == Errno::kExist) {
      files_.Make(path, FileKind::kRegular, extent);
    } else if (files_.Find(path) == nullptr) {
      files_.Make(path, FileKind::kRegular, 0);
    }
  }
  if (error == Errno::kNoMem && MemoryIsShort()) return "";
  if (error != expected || error != Errno::kOk) return Differ("execve", error, expected);
  // Its other threads are gone, and it has the pid of the first.
  const std::uint32_t tgid = caller.process.tgid;
  SlowProcess survivor = caller.process;
  for (auto it = processes_.begin(); it != processes_.end();) {
    it = it->second.tgid == tgid ? processes_.erase(it) : std::next(it);
  }
  survivor.table = std::make_shared<SlowTable>(*survivor.table);
  for (auto it = survivor.table->begin(); it != survivor.table->end();) {
    it = it->second.close_on_exec ? survivor.table->erase(it) : std::next(it);
  }
  LearnProgram(tgid, survivor);
  processes_[tgid] = survivor;
  for (const ImageMapping& mapping : image.mappings) {
    const SlowPage* first = survivor.memory->Find(mapping.start.value() / kPage);
    const SlowPage* last = survivor.memory->Find(mapping.end.value() / kPage - 1);
    if (first == nullptr || last == nullptr || first->prot != mapping.prot || last->prot != mapping.prot) {
      return absl::StrCat("execve: no mapping at ", absl::Hex(mapping.start.value()));
    }
  }
  return "";
}

void MachineTwin::ExitOnPaper(std::uint32_t tgid) {
  const std::uint32_t parent = processes_.at(tgid).parent;
  for (auto it = processes_.begin(); it != processes_.end();) {
    SlowProcess& process = it->second;
    const bool thread = process.tgid == tgid && it->first != tgid;
    bool gone = thread || (it->first == tgid && parent == 1);
    if (it->first == tgid && !gone) {
      process.zombie = true;
      process.memory = nullptr;
      process.table = nullptr;
    }
    if (process.parent == tgid) {
      process.parent = 1;
      gone = gone || process.zombie;
    }
    it = gone ? processes_.erase(it) : std::next(it);
  }
}

std::string MachineTwin::Exit(Pid pid) {
  const std::uint32_t tgid = processes_.at(pid.value()).tgid;
  const Errno error = machine_.ExitGroup(pid, 3);
  if (tgid == 1) return Differ("exit_group", error, Errno::kPerm);
  if (error != Errno::kOk) return Differ("exit_group", error, Errno::kOk);
  ExitOnPaper(tgid);
  return "";
}

std::string MachineTwin::ExitThread(Pid pid) {
  v1::Call call;
  call.mutable_exit()->set_pid(pid.value());
  call.mutable_exit()->set_status(5);
  const auto error = static_cast<Errno>(machine_.Ask(call).error_number());
  processes_.erase(pid.value());
  return Differ("exit", error, Errno::kOk);
}

void MachineTwin::BuryTheKilled() {
  std::vector<std::uint32_t> killed;
  for (const auto& [pid, process] : processes_) {
    if (process.zombie || pid != process.tgid) continue;
    const std::string status = machine_.machine().ReadProc(absl::StrCat(pid, "/status")).value_or("State:\tZ");
    if (absl::StrContains(status, "State:\tZ")) killed.push_back(pid);
  }
  for (const std::uint32_t pid : killed) {
    // The burial of one may have been that of another.
    if (processes_.count(pid) != 0 && !processes_.at(pid).zombie) ExitOnPaper(pid);
  }
}

std::string MachineTwin::Wait(const MachineOperation& op) {
  const Caller caller = *CallerOf(op);
  const std::uint32_t wanted = static_cast<std::uint32_t>(op.a);
  bool any = false;
  std::optional<std::uint32_t> found;
  for (const auto& [pid, process] : processes_) {
    if (process.parent != caller.process.tgid || pid != process.tgid || (wanted != 0 && wanted != pid)) continue;
    any = true;
    if (process.zombie && !found.has_value()) found = pid;
  }
  const ErrnoOr<Pid> answer = machine_.Wait4(caller.pid, Pid(wanted));
  if (!any) return Differ("wait4", answer.error(), Errno::kChild);
  if (!answer.ok()) return Differ("wait4", answer.error(), Errno::kOk);
  if (answer->value() != found.value_or(0)) {
    return absl::StrCat("wait4: ", answer->value(), ", expected ", found.value_or(0));
  }
  if (found.has_value()) processes_.erase(*found);
  return "";
}

std::string MachineTwin::Limit(const MachineOperation& op) {
  const Caller caller = *CallerOf(op);
  std::optional<ResourceLimit> wanted;
  if (op.b != 0) {
    // Room for what there is, so that the process can do something.
    const std::uint64_t bytes = op.b == UINT64_MAX ? UINT64_MAX : op.b * kPage;
    wanted = ResourceLimit{bytes, op.pages == 7 ? bytes - 1 : UINT64_MAX};
    if (op.a == 7)
      wanted = ResourceLimit{std::min<std::uint64_t>(op.b, 1U << 20), std::min<std::uint64_t>(op.b, 1U << 20)};
  }
  Errno expected = op.a >= kResourceCount ? Errno::kInval : Errno::kOk;
  if (wanted.has_value() && wanted->current > wanted->maximum) expected = Errno::kInval;
  const ErrnoOr<ResourceLimit> old = machine_.Prlimit64(caller.pid, static_cast<std::uint32_t>(op.a), wanted);
  if (old.error() != expected) return Differ("prlimit64", old.error(), expected);
  if (!old.ok()) return "";
  ResourceLimit& limit = (*caller.process.limits)[static_cast<Resource>(op.a)];
  if (!(*old == limit)) return absl::StrCat("prlimit64: old limit of ", op.a, " is ", old->current);
  if (wanted.has_value()) limit = *wanted;
  return "";
}

}  // namespace memsim
