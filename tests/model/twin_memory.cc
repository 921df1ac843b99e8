// MachineTwin's address spaces: everything but mremap.

#include "server/kernel/vm/mman_flags.h"
#include "tests/model/machine_twin.h"

namespace memsim {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kTaskEnd = 0x7ffffffff000;

std::string Differ(absl::string_view call, Errno got, Errno expected) {
  return got == expected ? "" : absl::StrCat(call, ": ", ErrnoName(got), ", expected ", ErrnoName(expected));
}

// What mmap's arguments ask for.
struct Wanted {
  std::uint64_t address = 0;
  std::uint64_t pages = 0;
  std::uint64_t flags = 0;
  int fd = -1;
  std::uint64_t offset = 0;
  std::shared_ptr<SlowOpenFile> file;
  SlowPage kind;

  bool Has(std::uint64_t flag) const { return (flags & flag) != 0; }
  bool fixed() const { return Has(kMapFixed | kMapFixedNoReplace); }
  std::uint64_t type() const { return flags & kMapType; }
};

// The checks that need no address space, in Linux's order from the place on.
Errno CheckKind(const Wanted& wanted) {
  const bool shared = wanted.type() == kMapShared || wanted.type() == kMapSharedValidate;
  if (wanted.Has(kMapAnonymous)) {
    if (wanted.type() != kMapShared && wanted.type() != kMapPrivate) return Errno::kInval;
    return shared && wanted.Has(kMapGrowsDown) ? Errno::kInval : Errno::kOk;
  }
  if (!shared && wanted.type() != kMapPrivate) return Errno::kInval;
  const SlowOpenFile& file = *wanted.file;
  if (shared && (wanted.kind.prot & 2) != 0 && !file.can_write()) return Errno::kAcces;
  if (!file.can_read()) return Errno::kAcces;
  if (!file.inode->HasPages() && file.inode->kind != FileKind::kZeroDevice) return Errno::kNoDev;
  return wanted.Has(kMapGrowsDown) ? Errno::kInval : Errno::kOk;
}

Errno CheckPlace(const Wanted& wanted, const SlowMemory& memory) {
  if (!wanted.fixed()) return Errno::kOk;
  if (wanted.address > kTaskEnd - wanted.pages * kPage) return Errno::kNoMem;
  if (wanted.address % kPage != 0) return Errno::kInval;
  const std::uint64_t first = wanted.address / kPage;
  if (wanted.Has(kMapFixedNoReplace) && memory.AnyMapped(first, first + wanted.pages)) return Errno::kExist;
  return Errno::kOk;
}

Errno Check(const Wanted& wanted, const SlowMemory& memory) {
  if (!wanted.Has(kMapAnonymous) && wanted.file == nullptr) return Errno::kBadF;
  if (wanted.pages == 0) return Errno::kInval;
  if (const Errno error = CheckPlace(wanted, memory); error != Errno::kOk) return error;
  return CheckKind(wanted);
}

// What each page of the mapping will be.
SlowPage KindOf(const Wanted& wanted, std::uint64_t lock_future) {
  SlowPage page = wanted.kind;
  page.shared = wanted.type() != kMapPrivate;
  page.grows_down = wanted.Has(kMapGrowsDown);
  page.locked = wanted.Has(kMapLocked) || lock_future != 0;
  page.on_fault = (lock_future & kMclOnFault) != 0;
  const bool zeroes = wanted.file == nullptr || wanted.file->inode->kind == FileKind::kZeroDevice;
  if (wanted.file != nullptr && page.shared) page.may_write = wanted.file->can_write();
  if (zeroes && page.shared) {
    page.inode = std::make_shared<SlowInode>();
    page.inode->kind = FileKind::kSharedAnonymous;
    page.inode->size = wanted.pages * kPage;
    page.inode->name = "/dev/zero";
    // Linux keeps the offset even in memory that is no longer than the mapping.
    page.index = wanted.offset;
  } else if (wanted.file != nullptr) {
    page.inode = wanted.file->inode;
    page.index = wanted.offset;
  }
  return page;
}

// Whether the kernel may have chosen this place.
std::string CheckChosen(const Wanted& wanted, const SlowMemory& memory, std::uint64_t chosen) {
  if (wanted.fixed()) return chosen == wanted.address ? "" : "mmap: not at the fixed address";
  if (chosen % kPage != 0) return "mmap: the address is not aligned";
  const std::uint64_t first = chosen / kPage;
  if (chosen == 0 || chosen > kTaskEnd - wanted.pages * kPage) return "mmap: the address is out of range";
  if (!memory.IsFreeForHint(first, first + wanted.pages)) return "mmap: the address was taken";
  std::uint64_t hint = wanted.address / kPage;
  if (hint == 0) return "";
  hint = std::max<std::uint64_t>(hint, 16);
  const bool free = hint <= kTaskEnd / kPage - wanted.pages && memory.IsFreeForHint(hint, hint + wanted.pages);
  return free && first != hint ? "mmap: the hint was free and not taken" : "";
}

}  // namespace

std::string MachineTwin::Mmap(const MachineOperation& op, Caller caller) {
  SlowMemory& memory = caller.memory;
  Wanted wanted;
  wanted.address = AddressOf(op.place, memory);
  wanted.pages = op.pages;
  wanted.flags = kMapChoices[(op.b & 0xff) % std::size(kMapChoices)];
  wanted.kind.prot = op.a & 7;
  if (!wanted.Has(kMapAnonymous)) {
    wanted.fd = static_cast<int>(op.b >> 8);
    wanted.offset = op.pages % 3;
    wanted.file = SlowFiles::Get(*caller.process.table, wanted.fd);
  }
  Errno expected = Check(wanted, memory);
  const SlowPage kind = expected == Errno::kOk ? KindOf(wanted, memory.lock_future) : SlowPage();
  const std::uint64_t first = wanted.address / kPage;
  const std::uint64_t replaced = wanted.fixed() ? memory.CountMapped(first, first + wanted.pages) : 0;
  if (expected == Errno::kOk && !MayExpand(caller, kind, wanted.pages, replaced)) expected = Errno::kNoMem;
  const bool special = wanted.fixed() && memory.AnySpecial(first, first + wanted.pages);

  const ErrnoOr<VirtualAddress> answer =
      machine_.Mmap(caller.pid, VirtualAddress(wanted.address), ByteCount(wanted.pages * kPage), op.a, wanted.flags,
                    wanted.fd, ByteCount(wanted.offset * kPage));
  // The kernel's own mappings cannot be cut.
  if (special && answer.error() == Errno::kInval) return "";
  if (answer.error() != expected) {
    return MayFail(answer.error(), caller.pid) ? "" : Differ("mmap", answer.error(), expected);
  }
  if (!answer.ok()) return "";
  if (std::string error = CheckChosen(wanted, memory, answer->value()); !error.empty()) return error;
  const std::uint64_t start = answer->value() / kPage;
  memory.Unmap(start, start + wanted.pages);
  for (std::uint64_t i = 0; i < wanted.pages; ++i) {
    SlowPage page = kind;
    page.index += i;
    memory.pages.emplace(start + i, page);
  }
  if (wanted.Has(kMapPopulate) || kind.locked) {
    memory.Populate(start, start + wanted.pages);
    if (MemoryIsShort()) memory.ForgetPresence(start, start + wanted.pages);
  }
  return "";
}

std::string MachineTwin::Munmap(const MachineOperation& op, Caller caller) {
  const std::uint64_t address = AddressOf(op.place, caller.memory);
  const std::uint64_t first = address / kPage;
  const Errno error = machine_.Munmap(caller.pid, VirtualAddress(address), ByteCount(op.pages * kPage));
  Errno expected = Errno::kOk;
  if (address % kPage != 0 || op.pages == 0 || address > kTaskEnd || op.pages * kPage > kTaskEnd - address) {
    expected = Errno::kInval;
  }
  if (error != expected) {
    if (expected == Errno::kOk && error == Errno::kInval && caller.memory.AnySpecial(first, first + op.pages))
      return "";
    if (expected != Errno::kOk || !MayFail(error, caller.pid)) {
      return Differ("munmap", error, expected);
    }
    return "";
  }
  if (error == Errno::kOk) caller.memory.Unmap(first, first + op.pages);
  return "";
}

std::string MachineTwin::Mprotect(const MachineOperation& op, Caller caller) {
  const std::uint64_t address = AddressOf(op.place, caller.memory);
  const std::uint64_t first = address / kPage;
  SlowMemory& memory = caller.memory;
  const bool special = memory.AnySpecial(first, first + op.pages);
  const bool data_limited = (*caller.process.limits)[Resource::kData].current != UINT64_MAX;
  v1::Call as_pkey_mprotect;
  v1::PkeyMprotectRequest& request = *as_pkey_mprotect.mutable_pkey_mprotect();
  request.set_pid(caller.pid.value());
  request.set_address(address);
  request.set_length_bytes(op.pages * kPage);
  request.set_prot(op.a);
  request.set_pkey(-1);
  const Errno error = op.b == 0
                          ? static_cast<Errno>(machine_.Ask(as_pkey_mprotect).error_number())
                          : machine_.Mprotect(caller.pid, VirtualAddress(address), ByteCount(op.pages * kPage), op.a);
  if (special || data_limited || (error != Errno::kOk && MayFail(error, caller.pid))) {
    Adopt(caller.pid, memory);
    return "";
  }
  Errno expected = Errno::kOk;
  if (address % kPage != 0) {
    expected = Errno::kInval;
  } else if (op.pages != 0 && address + op.pages * kPage <= address) {
    expected = Errno::kNoMem;
  } else if (op.pages != 0 && (op.a & ~15ULL) != 0) {
    expected = Errno::kInval;
  } else {
    expected = memory.Protect(first, first + op.pages, static_cast<std::uint8_t>(op.a & 7));
  }
  return Differ("mprotect", error, expected);
}

std::string MachineTwin::Brk(const MachineOperation& op, Caller caller) {
  SlowMemory& memory = caller.memory;
  // Every tenth call asks for what is below the heap.
  const std::uint64_t below = op.place % 10 == 0 ? kPage : 0;
  const std::uint64_t wanted = memory.start_brk + op.pages * kPage + op.a - std::min(below, memory.start_brk);
  const std::uint64_t old_end = (memory.brk + kPage - 1) / kPage;
  const std::uint64_t new_end = (wanted + kPage - 1) / kPage;
  const std::uint64_t data_limit = (*caller.process.limits)[Resource::kData].current;
  SlowPage kind;
  kind.prot = 3;
  bool granted = wanted >= memory.start_brk && wanted - memory.start_brk + memory.initialised_data <= data_limit;
  if (granted && new_end < old_end) {
    granted = memory.AnyMapped(new_end, old_end);
  } else if (granted && new_end > old_end) {
    // A page stays free below the next mapping.
    granted = memory.IsFreeForHint(old_end, new_end + 1) && MayExpand(caller, kind, new_end - old_end, 0);
  }
  const std::uint64_t expected = granted ? wanted : memory.brk;
  const ErrnoOr<VirtualAddress> answer = machine_.Brk(caller.pid, VirtualAddress(wanted));
  if (!answer.ok()) return Differ("brk", answer.error(), Errno::kOk);
  if (answer->value() != expected) {
    const bool may_fail = answer->value() == memory.brk && MappingsAreShort(caller.pid);
    return may_fail ? "" : absl::StrCat("brk: ", absl::Hex(answer->value()), ", expected ", absl::Hex(expected));
  }
  if (!granted) return "";
  memory.brk = wanted;
  memory.Unmap(new_end, old_end > new_end ? old_end : new_end);
  kind.locked = memory.lock_future != 0;
  kind.on_fault = (memory.lock_future & kMclOnFault) != 0;
  for (std::uint64_t at = old_end; at < new_end; ++at) memory.pages.emplace(at, kind);
  if (kind.locked && new_end > old_end) {
    memory.Populate(old_end, new_end);
    if (MemoryIsShort()) memory.ForgetPresence(old_end, new_end);
  }
  return "";
}

std::string MachineTwin::Madvise(const MachineOperation& op, Caller caller) {
  const std::uint64_t address = AddressOf(op.place, caller.memory);
  const std::uint64_t first = address / kPage;
  SlowMemory& memory = caller.memory;
  const int advice = static_cast<int>(op.a);
  const bool special = memory.AnySpecial(first, first + op.pages);
  const Errno error = machine_.Madvise(caller.pid, VirtualAddress(address), ByteCount(op.pages * kPage), advice);
  const bool failed_halfway = error != Errno::kOk && MayFail(error, caller.pid);
  if (special || failed_halfway) {
    memory.ForgetPresence(first, first + op.pages);
    memory.fork_uncertain = true;
    // Advised in part, which may bring huge pages there.
    if (advice == kMadvHugePage) static_cast<void>(memory.Advise(first, first + op.pages, advice, nullptr));
    if (advice == kMadvCollapse) memory.MaybeCollapse(first, first + op.pages);
    return "";
  }
  Errno expected = Errno::kOk;
  TouchForecast faults;
  if (advice == 99 || advice == 100 || advice == 101 || address % kPage != 0 || address + op.pages * kPage < address) {
    expected = Errno::kInval;
  } else if (advice == kMadvCollapse) {
    memory.MaybeCollapse(first, first + op.pages);
    return "";
  } else {
    expected = memory.Advise(first, first + op.pages, advice, &faults);
  }
  return Differ("madvise", error, expected);
}

std::string MachineTwin::Mlock(const MachineOperation& op, Caller caller) {
  const VirtualAddress address(AddressOf(op.place, caller.memory));
  const ByteCount length(op.pages * kPage);
  SlowMemory& memory = caller.memory;
  const std::uint64_t first = address.value() / kPage;
  const std::uint64_t end = first + (address.value() % kPage + length.value() + kPage - 1) / kPage;
  // Whether they are filled depends on which of them it is.
  if (memory.AnySpecial(first, end)) return "";
  // A call that fails in its midst leaves nobody knows which mappings locked.
  if (MemoryIsShort() || MappingsAreShort(caller.pid)) return "";
  const auto choice = static_cast<LockChoice>(op.a % static_cast<std::uint64_t>(LockChoice::kCount));
  const bool locks = choice != LockChoice::kMunlock;
  const bool on_fault = choice == LockChoice::kMlock2OnFault;
  Errno error = Errno::kOk;
  switch (choice) {
    case LockChoice::kMlock:
      error = machine_.Mlock(caller.pid, address, length);
      break;
    case LockChoice::kMunlock:
      error = machine_.Munlock(caller.pid, address, length);
      break;
    default:
      error = machine_.Mlock2(caller.pid, address, length, on_fault ? kMlockOnFault : 2);
  }
  if (choice == LockChoice::kMlock2Unknown) return Differ("mlock2", error, Errno::kInval);
  // It wraps.
  if (end >= 1ULL << 52) return Differ("mlock", error, Errno::kInval);
  Errno expected = memory.Lock(first, end, locks, on_fault);
  if (expected == Errno::kOk && locks && !on_fault && !memory.Populate(first, end)) expected = Errno::kNoMem;
  return Differ("mlock", error, expected);
}

std::string MachineTwin::Mlockall(const MachineOperation& op, Caller caller) {
  if (op.a == 0) {
    caller.memory.LockAll(0);
    return Differ("munlockall", machine_.Munlockall(caller.pid), Errno::kOk);
  }
  const Errno error = machine_.Mlockall(caller.pid, op.a);
  const bool valid = op.a < 8 && op.a != kMclOnFault;
  if (!valid || error != Errno::kOk) return Differ("mlockall", error, valid ? Errno::kOk : Errno::kInval);
  caller.memory.LockAll(op.a);
  if (MemoryIsShort()) caller.memory.ForgetPresence(0, UINT64_MAX);
  return "";
}

std::string MachineTwin::Touch(const MachineOperation& op, Caller caller) {
  static constexpr AccessKind kKinds[] = {AccessKind::kRead, AccessKind::kWrite, AccessKind::kExecute};
  const std::uint64_t address = AddressOf(op.place, caller.memory) + op.b % kPage;
  const std::uint64_t first = address / kPage;
  const AccessKind access = kKinds[op.a % 3];
  SlowMemory& memory = caller.memory;
  const std::int64_t kills = OomKills();
  const std::shared_ptr<SlowMemory> kept = caller.process.memory;
  const std::uint64_t pages = std::max<std::uint64_t>(op.pages, 1);
  const TouchForecast forecast = memory.Touch(address, pages, access);
  // Of single accesses some are explained, which must make no difference.
  const ErrnoOr<AccessResult> result =
      pages == 1 && op.place % 3 == 0 ? machine_.Explain(caller.pid, VirtualAddress(address), access)
                                      : machine_.Touch(caller.pid, VirtualAddress(address), access, PageCount(pages));
  if (!result.ok()) return Differ("touch", result.error(), Errno::kOk);
  const bool killed = result->signal.has_value() && result->signal->number == SignalNumber::kKill;
  if (OomKills() != kills || killed) {
    kept->ForgetPresence(first, first + pages);
    BuryTheKilled();
    return "";
  }
  if (forecast.unforeseeable) {
    Adopt(caller.pid, memory);
    memory.ForgetPresence(first, first + pages);
    return "";
  }
  if (result->signal != forecast.signal) {
    return absl::StrCat("touch: signal ", result->signal ? static_cast<int>(result->signal->number) : 0, " code ",
                        result->signal ? static_cast<int>(result->signal->code) : 0, ", expected ",
                        forecast.signal ? static_cast<int>(forecast.signal->number) : 0, " code ",
                        forecast.signal ? static_cast<int>(forecast.signal->code) : 0);
  }
  const std::uint64_t faults = result->minor_faults + result->major_faults;
  if (faults < forecast.least_faults || faults > forecast.most_faults) {
    return absl::StrCat("touch: ", faults, " faults, expected ", forecast.least_faults, " to ", forecast.most_faults);
  }
  if (forecast.never_major && result->major_faults != 0) return "touch: major faults of anonymous memory";
  return "";
}

}  // namespace memsim
