// Calls that ask, or that change nothing that the model follows: who a task is, what is in memory, what is written
// back.

#include "tests/model/machine_twin.h"

namespace memsim {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kTaskEnd = 0x7ffffffff000;

std::string Differ(absl::string_view call, const SlowAnswer& got, const SlowAnswer& expected) {
  if (got == expected) return "";
  return absl::StrCat(call, ": ", ErrnoName(got.error), " ", got.value, ", expected ", ErrnoName(expected.error), " ",
                      expected.value);
}

std::string Differ(absl::string_view call, Errno got, Errno expected) {
  return Differ(call, SlowAnswer{got}, SlowAnswer{expected});
}

// Fills in the process, and what the call is about.
template <typename Request>
Request& Of(Pid pid, Request* request) {
  request->set_pid(pid.value());
  return *request;
}

template <typename Request>
Request& OfRange(Pid pid, std::uint64_t address, std::uint64_t bytes, Request* request) {
  request->set_pid(pid.value());
  request->set_address(address);
  request->set_length_bytes(bytes);
  return *request;
}

}  // namespace

std::string MachineTwin::AskWhoItIs(const MachineOperation& op, Caller caller) {
  constexpr std::uint64_t kEverything = (1ULL << 41) - 1;
  const auto group = static_cast<std::uint32_t>(op.b % 5);
  v1::Call call;
  switch (static_cast<AskChoice>(op.a)) {
    case AskChoice::kSetuid:
      Of(caller.pid, call.mutable_setuid()).set_uid(0);
      break;
    case AskChoice::kSetgid:
      Of(caller.pid, call.mutable_setgid()).set_gid(group);
      break;
    case AskChoice::kSetreuid:
      Of(caller.pid, call.mutable_setreuid()).set_euid(0);
      break;
    case AskChoice::kSetregid:
      Of(caller.pid, call.mutable_setregid()).set_rgid(group);
      break;
    case AskChoice::kSetresuid:
      Of(caller.pid, call.mutable_setresuid()).set_suid(0);
      break;
    case AskChoice::kSetresgid:
      Of(caller.pid, call.mutable_setresgid()).set_sgid(group);
      break;
    case AskChoice::kSetfsuid:
      Of(caller.pid, call.mutable_setfsuid());
      break;
    case AskChoice::kSetfsgid:
      Of(caller.pid, call.mutable_setfsgid()).set_gid(group);
      break;
    case AskChoice::kSetgroups:
      Of(caller.pid, call.mutable_setgroups()).add_gids(group);
      break;
    case AskChoice::kPersonality:
      Of(caller.pid, call.mutable_personality()).set_persona(UINT32_MAX);
      break;
    case AskChoice::kCapset:
      Of(caller.pid, call.mutable_capset()).set_effective(kEverything);
      call.mutable_capset()->set_permitted(kEverything);
      break;
    default:
      // PR_GET_MDWE, of what nobody sets.
      Of(caller.pid, call.mutable_prctl()).set_option(66);
  }
  // Everybody is root, and stays it.
  const v1::Answer answer = machine_.Ask(call);
  return Differ("who it is", static_cast<Errno>(answer.error_number()), Errno::kOk);
}

std::string MachineTwin::Mincore(const MachineOperation& op, Caller caller) {
  const std::uint64_t address = AddressOf(op.place, caller.memory);
  const std::uint64_t first = address / kPage;
  v1::Call call;
  OfRange(caller.pid, address, op.pages * kPage, call.mutable_mincore());
  const v1::Answer answer = machine_.Ask(call);
  std::uint64_t end = first;
  while (end < first + op.pages && caller.memory.pages.contains(end)) ++end;
  Errno expected = end < first + op.pages ? Errno::kNoMem : Errno::kOk;
  if (address > kTaskEnd || op.pages * kPage > kTaskEnd - address) expected = Errno::kNoMem;
  if (address % kPage != 0) expected = Errno::kInval;
  if (std::string error = Differ("mincore", static_cast<Errno>(answer.error_number()), expected); !error.empty()) {
    return error;
  }
  if (expected == Errno::kInval || address > kTaskEnd || op.pages * kPage > kTaskEnd - address) return "";
  if (answer.residency().size() != end - first) return "mincore: not a byte a page";
  for (std::uint64_t page = first; page < end; ++page) {
    const SlowPage& known = caller.memory.pages.at(page);
    const bool resident = answer.residency()[page - first] != 0;
    const bool certain = known.presence == Presence::kOwn || known.presence == Presence::kOwnForked ||
                         known.presence == Presence::kOwnEither || known.presence == Presence::kZero;
    if (certain && !resident) return "mincore: a page that is mapped is not in memory";
    if (known.presence == Presence::kNone && known.IsAnonymous() && !known.maybe_huge && resident) {
      return "mincore: a page that nobody touched is in memory";
    }
  }
  return "";
}

std::string MachineTwin::Msync(const MachineOperation& op, Caller caller) {
  constexpr std::uint64_t kInvalidate = 2;
  const std::uint64_t address = AddressOf(op.place, caller.memory);
  const std::uint64_t flags = op.b % 9;
  const std::uint64_t first = address / kPage;
  v1::Call call;
  OfRange(caller.pid, address, op.pages * kPage, call.mutable_msync()).set_flags(flags);
  const auto error = static_cast<Errno>(machine_.Ask(call).error_number());
  Errno expected = Errno::kOk;
  bool locked = false;
  for (std::uint64_t page = first; page < first + op.pages; ++page) {
    const auto found = caller.memory.pages.find(page);
    if (found == caller.memory.pages.end()) {
      expected = Errno::kNoMem;
    } else {
      locked = locked || found->second.locked;
      // Whoever stores to what was written back faults again.
      if ((flags & 4) != 0 && found->second.shared) found->second.presence = Presence::kUnknown;
    }
  }
  if (address % kPage != 0 || flags == 8 || (flags & 5) == 5) return Differ("msync", error, Errno::kInval);
  if (address + op.pages * kPage < address) return Differ("msync", error, Errno::kNoMem);
  // Which comes first, a hole or a lock, decides.
  if ((flags & kInvalidate) != 0 && locked && (error == Errno::kBusy || error == Errno::kNoMem)) return "";
  return Differ("msync", error, expected);
}

// Of ranges that are empty, or that the call does not change: that it does is seen by its own tests.
std::string MachineTwin::AskOther(const MachineOperation& op, Caller caller) {
  const std::uint64_t address = AddressOf(op.place, caller.memory);
  v1::Call call;
  if (static_cast<AskChoice>(op.a) == AskChoice::kMseal) {
    OfRange(caller.pid, address, 0, call.mutable_mseal());
  } else if (static_cast<AskChoice>(op.a) == AskChoice::kProcessMadvise) {
    Of(caller.pid, call.mutable_process_madvise()).set_target_pid(caller.pid.value());
    v1::AddressRange& range = *call.mutable_process_madvise()->add_ranges();
    range.set_address(address);
  } else if (static_cast<AskChoice>(op.a) == AskChoice::kWriteProc) {
    // To what it is.
    Of(caller.pid, call.mutable_write_proc()).set_path("sys/vm/overcommit_ratio");
    call.mutable_write_proc()->set_text("50");
    return Differ("write_proc", static_cast<Errno>(machine_.Ask(call).error_number()), Errno::kOk);
  } else {
    return RemapFilePages(op, caller);
  }
  const auto error = static_cast<Errno>(machine_.Ask(call).error_number());
  return Differ("an empty range", error, address % kPage != 0 ? Errno::kInval : Errno::kOk);
}

// Which it is depends on when memory was first mapped for execution alone.
std::string MachineTwin::AllocateKey(Caller caller) {
  v1::Call call;
  // Closed, as it is for everybody else: one that is given back may become the key of memory for execution alone, and
  // what it was open to it stays open to.
  Of(caller.pid, call.mutable_pkey_alloc()).set_access_rights(1);
  const v1::Answer answer = machine_.Ask(call);
  const bool fresh =
      answer.value() >= 1 && answer.value() <= 15 && caller.memory.keys.insert(static_cast<int>(answer.value())).second;
  if (fresh) return Differ("pkey_alloc", static_cast<Errno>(answer.error_number()), Errno::kOk);
  return absl::StrCat("pkey_alloc: key ", answer.value(), " is not free");
}

// Of keys that no memory bears: what they close is seen by tests of their own.
std::string MachineTwin::AskKeys(const MachineOperation& op, Caller caller) {
  constexpr int kUnusedKey = 15;
  constexpr std::size_t kMostKeys = 3;
  std::set<int>& keys = caller.memory.keys;
  v1::Call call;
  Errno expected = Errno::kOk;
  switch (static_cast<AskChoice>(op.a)) {
    case AskChoice::kPkeyAlloc:
      // So that one is always left for memory that may only be executed.
      if (keys.size() < kMostKeys) return AllocateKey(caller);
      Of(caller.pid, call.mutable_pkey_alloc()).set_flags(1);
      expected = Errno::kInval;
      break;
    case AskChoice::kPkeyFree:
      Of(caller.pid, call.mutable_pkey_free()).set_pkey(keys.empty() ? kUnusedKey : *keys.begin());
      if (keys.empty()) expected = Errno::kInval;
      if (!keys.empty()) keys.erase(keys.begin());
      break;
    case AskChoice::kPkeySet:
      Of(caller.pid, call.mutable_pkey_set()).set_pkey(kUnusedKey);
      call.mutable_pkey_set()->set_access_rights(op.b % 5);
      if (op.b % 5 == 4) expected = Errno::kInval;
      break;
    default:
      Of(caller.pid, call.mutable_pkey_get()).set_pkey(op.b % 2 == 0 ? 0 : -1);
      if (op.b % 2 != 0) expected = Errno::kInval;
  }
  const v1::Answer answer = machine_.Ask(call);
  return Differ("protection keys", {static_cast<Errno>(answer.error_number()), answer.value()}, {expected});
}

// A shared page shows itself again, from where it was.
std::string MachineTwin::RemapFilePages(const MachineOperation& op, Caller caller) {
  const std::uint64_t address = AddressOf(op.place, caller.memory);
  const auto found = caller.memory.pages.find(address / kPage);
  v1::Call call;
  v1::RemapFilePagesRequest& request = OfRange(caller.pid, address, kPage, call.mutable_remap_file_pages());
  const bool shared = found != caller.memory.pages.end() && found->second.ReallyShared();
  if (shared) request.set_page_offset(found->second.index);
  const auto error = static_cast<Errno>(machine_.Ask(call).error_number());
  if (shared) found->second.presence = Presence::kUnknown;
  if (!shared) return Differ("remap_file_pages", error, Errno::kInval);
  // A limit that has been lowered since holds for a page in the place of another, too.
  if (!MayExpand(caller, found->second, 1, 1)) return Differ("remap_file_pages", error, Errno::kNoMem);
  if (error != Errno::kOk) return MayFail(error, caller.pid) ? "" : Differ("remap_file_pages", error, Errno::kOk);
  // It is a new mapping.
  if (caller.memory.lock_future != 0) found->second.locked = true;
  found->second.on_fault = (caller.memory.lock_future & kMclOnFault) != 0;
  return "";
}

namespace {

// What fallocate with FALLOC_FL_KEEP_SIZE answers, which changes nothing of a file on the disk.
Errno Allocatable(const SlowOpenFile* file, std::uint64_t bytes) {
  if (file == nullptr || file->path_only()) return Errno::kBadF;
  if (bytes == 0) return Errno::kInval;
  if (!file->can_write()) return Errno::kBadF;
  if (file->inode->kind == FileKind::kPipe) return Errno::kSPipe;
  if (file->inode->kind == FileKind::kDirectory) return Errno::kIsDir;
  return file->inode->HasPages() ? Errno::kOk : Errno::kNoDev;
}

}  // namespace

std::string MachineTwin::AskDescriptor(const MachineOperation& op, Caller caller) {
  SlowTable& table = *caller.process.table;
  const int fd = static_cast<int>(op.b % 9);
  const auto found = table.find(fd);
  v1::Call call;
  SlowAnswer expected{Errno::kBadF};
  if (static_cast<AskChoice>(op.a) == AskChoice::kMemfdCreate) {
    Of(caller.pid, call.mutable_memfd_create()).set_name("m");
    call.mutable_memfd_create()->set_flags(op.b & 1);
    const v1::Answer answer = machine_.Ask(call);
    const auto error = static_cast<Errno>(answer.error_number());
    if (error == Errno::kNoMem && MayFail(error, caller.pid)) return "";
    const std::uint64_t limit = (*caller.process.limits)[Resource::kNofile].current;
    return Differ("memfd_create", {error, answer.value()}, SlowFiles::CreateMemfd(table, limit, (op.b & 1) != 0));
  }
  if (static_cast<AskChoice>(op.a) == AskChoice::kFcntl) {
    Of(caller.pid, call.mutable_fcntl()).set_fd(fd);
    call.mutable_fcntl()->set_command(1);
    if (found != table.end()) expected = {Errno::kOk, found->second.close_on_exec ? 1U : 0U};
  } else if (static_cast<AskChoice>(op.a) == AskChoice::kCachestat) {
    Of(caller.pid, call.mutable_cachestat()).set_fd(fd);
    if (found != table.end() && !found->second.file->path_only()) expected = {Errno::kOk};
  } else {
    const SlowOpenFile* file = found == table.end() ? nullptr : found->second.file.get();
    // Shared memory would get pages.
    if (file != nullptr && file->inode->HasPages() && file->inode->kind != FileKind::kRegular) return "";
    v1::FallocateRequest& request = Of(caller.pid, call.mutable_fallocate());
    request.set_fd(fd);
    request.set_mode(1);
    request.set_length_bytes(static_cast<std::int64_t>(op.pages * kPage));
    expected = {Allocatable(file, op.pages * kPage)};
  }
  const v1::Answer answer = machine_.Ask(call);
  return Differ("a descriptor", {static_cast<Errno>(answer.error_number()), answer.value()}, expected);
}

// The kernel's own mappings are left out, as parts of them cannot be cut off.
std::string MachineTwin::AskPolicy(const MachineOperation& op, Caller caller) {
  constexpr std::uint32_t kModes[] = {0, 2, 3, 4, 6};
  const std::uint32_t mode = kModes[op.b % std::size(kModes)];
  const bool takes_nodes = mode != 0 && mode != 4;
  // Node 1 is not there.
  const std::uint64_t nodes = op.b / 8 % 8 == 0 ? 2 : 1;
  const bool sound = !takes_nodes || nodes == 1;
  v1::Call call;
  if (static_cast<AskChoice>(op.a) == AskChoice::kSetMempolicy) {
    v1::SetMempolicyRequest& request = Of(caller.pid, call.mutable_set_mempolicy());
    request.set_mode(mode);
    if (takes_nodes) request.add_nodemask(nodes);
    request.set_maxnode(65);
    const auto error = static_cast<Errno>(machine_.Ask(call).error_number());
    return MayFail(error, caller.pid) ? "" : Differ("set_mempolicy", error, sound ? Errno::kOk : Errno::kInval);
  }
  const std::uint64_t address = AddressOf(op.place, caller.memory);
  const std::uint64_t first = address / kPage;
  if (static_cast<AskChoice>(op.a) == AskChoice::kGetMempolicy) {
    constexpr std::uint64_t kOfMapping = 2;
    v1::GetMempolicyRequest& request = Of(caller.pid, call.mutable_get_mempolicy());
    request.set_address(address);
    request.set_flags(kOfMapping);
    const auto error = static_cast<Errno>(machine_.Ask(call).error_number());
    return Differ("get_mempolicy", error, caller.memory.pages.contains(first) ? Errno::kOk : Errno::kFault);
  }
  const std::uint64_t end = first + op.pages;
  if (caller.memory.AnySpecial(first, end)) return "";
  v1::MbindRequest& request = OfRange(caller.pid, address, op.pages * kPage, call.mutable_mbind());
  request.set_mode(mode);
  if (takes_nodes) request.add_nodemask(nodes);
  request.set_maxnode(65);
  const auto error = static_cast<Errno>(machine_.Ask(call).error_number());
  const std::uint64_t mapped = caller.memory.CountMapped(first, end);
  Errno expected = mapped == op.pages || (mode == 0 && mapped != 0) ? Errno::kOk : Errno::kFault;
  if (!sound) expected = Errno::kInval;
  if (op.pages == 0) expected = Errno::kOk;
  if (address % kPage != 0 || address + op.pages * kPage < address) expected = Errno::kInval;
  return MayFail(error, caller.pid) ? "" : Differ("mbind", error, expected);
}

std::string MachineTwin::Ask(const MachineOperation& op, Caller caller) {
  switch (static_cast<AskChoice>(op.a)) {
    case AskChoice::kMincore:
      return Mincore(op, caller);
    case AskChoice::kMsync:
      return Msync(op, caller);
    case AskChoice::kMseal:
    case AskChoice::kProcessMadvise:
    case AskChoice::kWriteProc:
    case AskChoice::kRemapFilePages:
      return AskOther(op, caller);
    case AskChoice::kPkeyAlloc:
    case AskChoice::kPkeyFree:
    case AskChoice::kPkeySet:
    case AskChoice::kPkeyGet:
      return AskKeys(op, caller);
    case AskChoice::kMbind:
    case AskChoice::kSetMempolicy:
    case AskChoice::kGetMempolicy:
      return AskPolicy(op, caller);
    case AskChoice::kCachestat:
    case AskChoice::kMemfdCreate:
    case AskChoice::kFcntl:
    case AskChoice::kFallocate:
      return AskDescriptor(op, caller);
    case AskChoice::kFindVma:
    case AskChoice::kFindVmaPrev:
    case AskChoice::kFindVmaIntersection:
    case AskChoice::kGetUnmappedArea:
    case AskChoice::kMmStruct:
    case AskChoice::kMmlist:
    case AskChoice::kRmapWalk:
      return Inspect(op, caller);
    default:
      return AskWhoItIs(op, caller);
  }
}

}  // namespace memsim
