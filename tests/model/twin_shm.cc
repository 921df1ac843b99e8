// MachineTwin's System V shared memory. Which mappings are one is not modelled, so where it counts (shmdt takes whole
// mappings, and each is an attachment) the machine's maps tell.

#include <set>

#include "absl/strings/str_format.h"

#include "server/kernel/ipc/shm_flags.h"
#include "server/kernel/vm/mman_flags.h"
#include "tests/model/machine_twin.h"

namespace memsim {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kTaskEnd = 0x7ffffffff000;

std::string Differ(absl::string_view call, Errno got, Errno expected) {
  return got == expected ? "" : absl::StrCat(call, ": ", ErrnoName(got), ", expected ", ErrnoName(expected));
}

// What shmat's arguments ask for.
struct Attach {
  std::uint64_t address;
  std::uint32_t flags;

  bool Has(std::uint32_t flag) const { return (flags & flag) != 0; }
  bool fixed() const { return address != 0; }
  std::uint64_t rounded() const { return address / kPage * kPage; }
  std::uint64_t first() const { return address / kPage; }
};

Errno CheckAttach(const Attach& attach, const SlowSegment* segment, const SlowMemory& memory) {
  if (attach.rounded() != attach.address && !attach.Has(kShmRound)) return Errno::kInval;
  if (attach.rounded() == 0 && attach.Has(kShmRemap)) return Errno::kInval;
  if (segment == nullptr) return Errno::kInval;
  const std::uint64_t pages = segment->inode->pages();
  if (attach.rounded() != 0 && !attach.Has(kShmRemap)) {
    if (attach.rounded() + segment->inode->size < attach.rounded()) return Errno::kInval;
    if (memory.AnyMapped(attach.first(), attach.first() + pages)) return Errno::kInval;
  }
  return attach.fixed() && attach.rounded() > kTaskEnd - pages * kPage ? Errno::kNoMem : Errno::kOk;
}

// The mapping's page where it begins, if that is one of an attachment that would begin at the address.
const SlowPage* InPlace(const SlowMemory& memory, const SlowMapsLine& line, std::uint64_t address) {
  const SlowPage* page = memory.Find(line.start);
  if (page == nullptr || page->attachment == 0) return nullptr;
  return (line.start * kPage - address) / kPage == page->index ? page : nullptr;
}

// Where the attachments began that pages are of, had none of them been moved.
std::vector<std::uint64_t> AttachmentStarts(const SlowMemory& memory) {
  std::vector<std::uint64_t> starts;
  for (const auto& [number, page] : memory.pages) {
    if (page.attachment != 0) starts.push_back((number - page.index) * kPage);
  }
  return starts;
}

}  // namespace

std::int32_t MachineTwin::ShmidOf(const MachineOperation& op) const {
  constexpr std::uint64_t kOddIds = 16;
  const std::uint64_t draw = op.b >> 8;
  if (shmids_.empty() || draw % kOddIds == 0) return draw % 3 == 0 ? -1 : 32767;
  // Mostly a late one, which still lives.
  const std::uint64_t back = draw % std::min<std::uint64_t>(shmids_.size(), 6);
  return shmids_[shmids_.size() - 1 - back];
}

std::uint64_t MachineTwin::MappingsOf(std::int32_t shmid) const {
  std::uint64_t mappings = 0;
  std::set<const SlowMemory*> seen;
  const std::string name = segments_.at(shmid).inode->NameInMaps();
  for (const auto& [pid, process] : processes_) {
    if (process.zombie || !seen.insert(process.memory.get()).second) continue;
    for (const SlowMapsLine& line : MapsOf(Pid(pid))) {
      if (line.name == name && line.inode_number == static_cast<std::uint64_t>(shmid)) ++mappings;
    }
  }
  return mappings;
}

void MachineTwin::BuryTheDetached() {
  for (auto it = segments_.begin(); it != segments_.end();) {
    const bool gone = (it->second.mode & kShmDest) != 0 && MappingsOf(it->first) == 0;
    it = gone ? segments_.erase(it) : std::next(it);
  }
}

std::string MachineTwin::Shmget(const MachineOperation& op, Caller caller) {
  const std::int32_t key = op.place % 3 == 0 ? kIpcPrivate : 1 + static_cast<std::int32_t>(op.place % 5);
  const std::uint64_t size = op.pages * kPage - (op.pages != 0 ? op.b % kPage : 0);
  std::uint32_t flags = 0600;
  if (op.b % 8 != 0) flags |= kIpcCreate;
  if (op.b % 5 == 0) flags |= kIpcExclusive;
  if (op.b % 7 == 0) flags |= kShmNoReserve;
  SlowAnswer expected;
  const SlowSegment* existing = nullptr;
  for (const auto& [id, segment] : segments_) {
    if (key == kIpcPrivate || segment.key != key) continue;
    existing = &segment;
    expected.value = static_cast<std::uint64_t>(id);
  }
  if (existing != nullptr) {
    if ((flags & kIpcCreate) != 0 && (flags & kIpcExclusive) != 0) {
      expected.error = Errno::kExist;
    } else if (size > existing->inode->size) {
      expected.error = Errno::kInval;
    }
  } else if (key != kIpcPrivate && (flags & kIpcCreate) == 0) {
    expected.error = Errno::kNoEnt;
  } else if (size == 0) {
    expected.error = Errno::kInval;
  }
  const ErrnoOr<std::int32_t> id = machine_.Shmget(caller.pid, key, ByteCount(size), flags);
  if (id.error() != expected.error) {
    return id.error() == Errno::kNoMem && MemoryIsShort() ? "" : Differ("shmget", id.error(), expected.error);
  }
  if (!id.ok()) return "";
  if (existing != nullptr) {
    return static_cast<std::uint64_t>(*id) == expected.value ? "" : "shmget: the key is another segment's";
  }
  if (segments_.count(*id) != 0) return absl::StrCat("shmget: id ", *id, " is taken");
  SlowSegment& segment = segments_[*id];
  segment.key = key;
  segment.mode = 0600;
  segment.inode = std::make_shared<SlowInode>();
  segment.inode->kind = FileKind::kSharedAnonymous;
  segment.inode->size = size;
  segment.inode->name = absl::StrFormat("/SYSV%08x", key);
  shmids_.push_back(*id);
  return "";
}

std::string MachineTwin::Shmat(const MachineOperation& op, Caller caller) {
  SlowMemory& memory = caller.memory;
  const std::int32_t id = ShmidOf(op);
  Attach attach{op.b % 4 == 0 ? 0 : AddressOf(op.place, memory), 0};
  if (op.b % 3 == 0) attach.flags |= kShmRound;
  if ((op.b & 16) != 0) attach.flags |= kShmRemap;
  if (op.b % 5 == 0) attach.flags |= kShmReadOnly;
  if (op.b % 11 == 0) attach.flags |= kShmExec;
  const auto found = segments_.find(id);
  const SlowSegment* segment = found == segments_.end() ? nullptr : &found->second;
  Errno expected = CheckAttach(attach, segment, memory);
  SlowPage kind;
  kind.prot = static_cast<std::uint8_t>((attach.Has(kShmReadOnly) ? 1 : 3) | (attach.Has(kShmExec) ? 4 : 0));
  kind.shared = true;
  kind.may_write = !attach.Has(kShmReadOnly);
  kind.locked = memory.lock_future != 0;
  kind.on_fault = (memory.lock_future & kMclOnFault) != 0;
  const std::uint64_t pages = segment != nullptr ? segment->inode->pages() : 0;
  const std::uint64_t replaced = attach.fixed() ? memory.CountMapped(attach.first(), attach.first() + pages) : 0;
  if (expected == Errno::kOk && !MayExpand(caller, kind, pages, replaced)) expected = Errno::kNoMem;
  const bool special = attach.fixed() && memory.AnySpecial(attach.first(), attach.first() + pages);

  const ErrnoOr<VirtualAddress> answer = machine_.Shmat(caller.pid, id, VirtualAddress(attach.address), attach.flags);
  // The kernel's own mappings cannot be cut.
  if (special && answer.error() == Errno::kInval) return "";
  if (answer.error() != expected) {
    return MayFail(answer.error(), caller.pid) ? "" : Differ("shmat", answer.error(), expected);
  }
  if (!answer.ok()) return "";
  const std::uint64_t start = answer->value() / kPage;
  if (attach.fixed() && answer->value() != attach.rounded()) return "shmat: not at the fixed address";
  if (!attach.fixed() && (start == 0 || !memory.IsFreeForHint(start, start + pages)))
    return "shmat: the place was taken";
  memory.Unmap(start, start + pages);
  kind.inode = segment->inode;
  kind.attachment = ++attachments_;
  for (std::uint64_t i = 0; i < pages; ++i) {
    kind.index = i;
    memory.pages.emplace(start + i, kind);
  }
  if (kind.locked) memory.Populate(start, start + pages);
  return "";
}

std::string MachineTwin::Shmdt(const MachineOperation& op, Caller caller) {
  SlowMemory& memory = caller.memory;
  // Mostly where an attachment began.
  const std::vector<std::uint64_t> starts = AttachmentStarts(memory);
  const bool odd = op.b % 8 == 0 || starts.empty();
  const std::uint64_t address = odd ? AddressOf(op.place, memory) : starts[op.place % starts.size()];
  const std::vector<SlowMapsLine> lines = MapsOf(caller.pid);
  const Errno error = machine_.Shmdt(caller.pid, VirtualAddress(address));
  std::uint64_t attachment = 0;
  std::uint64_t size = 0;
  for (const SlowMapsLine& line : lines) {
    if (address % kPage != 0) break;
    if (line.end * kPage <= address) continue;
    if (attachment != 0 && line.end * kPage - address > size) break;
    const SlowPage* first = InPlace(memory, line, address);
    if (first == nullptr || (attachment != 0 && first->attachment != attachment)) continue;
    attachment = first->attachment;
    size = first->inode->pages() * kPage;
    memory.Unmap(line.start, line.end);
  }
  return Differ("shmdt", error, attachment != 0 ? Errno::kOk : Errno::kInval);
}

std::string MachineTwin::Shmctl(const MachineOperation& op, Caller caller) {
  const std::int32_t id = ShmidOf(op);
  const auto found = segments_.find(id);
  const Errno expected = found == segments_.end() ? Errno::kInval : Errno::kOk;
  auto command = ShmCommand::kIpcStat;
  const auto choice = static_cast<ShmChoice>(op.a);
  if (choice == ShmChoice::kRemove) command = ShmCommand::kIpcRemove;
  if (choice == ShmChoice::kLock) command = ShmCommand::kShmLock;
  if (choice == ShmChoice::kUnlock) command = ShmCommand::kShmUnlock;
  const ErrnoOr<v1::ShmidDs> answer = machine_.Shmctl(caller.pid, id, static_cast<std::int32_t>(command));
  if (answer.error() != expected || !answer.ok()) return Differ("shmctl", answer.error(), expected);
  SlowSegment& segment = found->second;
  switch (choice) {
    case ShmChoice::kRemove:
      segment.key = kIpcPrivate;
      segment.mode |= kShmDest;
      return "";
    case ShmChoice::kLock:
      segment.mode |= kShmLocked;
      return "";
    case ShmChoice::kUnlock:
      segment.mode &= ~kShmLocked;
      return "";
    default:
      break;
  }
  const std::uint64_t mappings = MappingsOf(id);
  if (answer->attach_count() != mappings) {
    return absl::StrCat("shmctl: ", answer->attach_count(), " attachments, expected ", mappings);
  }
  const bool same =
      answer->mode() == segment.mode && answer->key() == segment.key && answer->size_bytes() == segment.inode->size;
  return same ? "" : absl::StrCat("shmctl: segment ", id, " is { ", answer->ShortDebugString(), " }");
}

std::string MachineTwin::Shm(const MachineOperation& op, Caller caller) {
  BuryTheDetached();
  switch (static_cast<ShmChoice>(op.a)) {
    case ShmChoice::kGet:
      return Shmget(op, caller);
    case ShmChoice::kAttach:
      return Shmat(op, caller);
    case ShmChoice::kDetach:
      return Shmdt(op, caller);
    default:
      return Shmctl(op, caller);
  }
}

std::string MachineTwin::RemoveSegments() {
  BuryTheDetached();
  for (const auto& [id, segment] : segments_) {
    const ErrnoOr<v1::ShmidDs> removed = machine_.Shmctl(Pid(1), id, static_cast<int>(ShmCommand::kIpcRemove));
    if (!removed.ok()) return absl::StrCat("segment ", id, ": ", ErrnoName(removed.error()));
  }
  return "";
}

}  // namespace memsim
