#include "tests/model/slow_memory.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "server/kernel/vm/mman_flags.h"

namespace memsim {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kTaskEnd = 0x7ffffffff000;
constexpr std::uint64_t kGuardPages = 256;

std::string PermissionsOf(const SlowPage& page) {
  return std::string{(page.prot & 1) != 0 ? 'r' : '-', (page.prot & 2) != 0 ? 'w' : '-',
                     (page.prot & 4) != 0 ? 'x' : '-', page.shared ? 's' : 'p'};
}

std::optional<SignalCode> Forbidden(const SlowPage& page, AccessKind access) {
  if (access == AccessKind::kExecute) {
    return (page.prot & 4) != 0 ? std::nullopt : std::optional(SignalCode::kAccErr);
  }
  // Execute-only memory is closed by a protection key.
  if (page.prot == 4) return SignalCode::kPkuErr;
  if (access == AccessKind::kWrite && (page.prot & 2) == 0) return SignalCode::kAccErr;
  if (page.prot == 0) return SignalCode::kAccErr;
  return std::nullopt;
}

bool IsOwn(Presence presence) {
  return presence == Presence::kOwn || presence == Presence::kOwnForked || presence == Presence::kOwnEither;
}

}  // namespace

std::optional<std::string> SlowPage::Load(std::uint64_t offset, std::uint64_t length) const {
  if (!bytes_known) return std::nullopt;
  if (own != nullptr) return GetBytes(*own, offset, length);
  if (HasFilePages() && !shared && presence == Presence::kUnknown) return std::nullopt;
  return HasFilePages() ? GetBytes(inode->bytes, index * kPage + offset, length) : std::string(length, '\0');
}

void SlowPage::Store(std::uint64_t offset, const std::string& text) {
  if (shared && HasFilePages()) return PutBytes(inode->bytes, index * kPage + offset, text.size(), text);
  auto bytes = std::make_shared<SlowBytes>();
  if (own != nullptr) {
    *bytes = *own;
  } else if (HasFilePages()) {
    PutBytes(*bytes, 0, kPage, GetBytes(inode->bytes, index * kPage, kPage));
  }
  PutBytes(*bytes, offset, text.size(), text);
  own = bytes;
}

std::vector<SlowMapsLine> ParseMaps(const std::string& text) {
  std::vector<SlowMapsLine> lines;
  for (const absl::string_view row : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    const std::vector<std::string> fields = absl::StrSplit(row, absl::MaxSplits(' ', 5));
    const std::vector<std::string> range = absl::StrSplit(fields.at(0), '-');
    SlowMapsLine line;
    line.start = std::stoull(range.at(0), nullptr, 16) / kPage;
    line.end = std::stoull(range.at(1), nullptr, 16) / kPage;
    line.permissions = fields.at(1);
    line.offset = std::stoull(fields.at(2), nullptr, 16) / kPage;
    line.inode_number = std::stoull(fields.at(4));
    if (fields.size() > 5) line.name = std::string(absl::StripAsciiWhitespace(fields[5]));
    if (line.name != "[vsyscall]") lines.push_back(line);
  }
  return lines;
}

const SlowPage* SlowMemory::Find(std::uint64_t page) const {
  const auto found = pages.find(page);
  return found == pages.end() ? nullptr : &found->second;
}

bool SlowMemory::AnyMapped(std::uint64_t begin, std::uint64_t end) const {
  const auto first = pages.lower_bound(begin);
  return first != pages.end() && first->first < end;
}

bool SlowMemory::AnySpecial(std::uint64_t begin, std::uint64_t end) const {
  for (auto it = pages.lower_bound(begin); it != pages.end() && it->first < end; ++it) {
    if (it->second.special) return true;
  }
  return false;
}

bool SlowMemory::AnyLocked(std::uint64_t begin, std::uint64_t end) const {
  for (auto it = pages.lower_bound(begin); it != pages.end() && it->first < end; ++it) {
    if (it->second.locked) return true;
  }
  return false;
}

std::uint64_t SlowMemory::CountMapped(std::uint64_t begin, std::uint64_t end) const {
  std::uint64_t count = 0;
  for (auto it = pages.lower_bound(begin); it != pages.end() && it->first < end; ++it) ++count;
  return count;
}

void SlowMemory::Unmap(std::uint64_t begin, std::uint64_t end) {
  pages.erase(pages.lower_bound(begin), pages.lower_bound(end));
}

bool SlowMemory::IsFreeForHint(std::uint64_t begin, std::uint64_t end) const {
  const auto next = pages.lower_bound(begin);
  if (next == pages.end()) return true;
  return next->first >= end + (next->second.grows_down ? kGuardPages : 0);
}

Errno SlowMemory::Protect(std::uint64_t begin, std::uint64_t end, std::uint8_t prot) {
  for (std::uint64_t at = begin; at < end; ++at) {
    const auto page = pages.find(at);
    if (page == pages.end()) return Errno::kNoMem;
    if ((prot & 2) != 0 && !page->second.may_write) return Errno::kAcces;
    const bool was_writable = (std::exchange(page->second.prot, prot) & 2) != 0;
    // Private locked memory that becomes writable is filled at once.
    if (was_writable || !page->second.locked || page->second.on_fault || page->second.ReallyShared()) continue;
    TouchForecast faults;
    if ((prot & 2) != 0) TouchPage(page->second, AccessKind::kWrite, faults);
  }
  return Errno::kOk;
}

Errno SlowMemory::Advise(std::uint64_t begin, std::uint64_t end, int advice, TouchForecast* faults) {
  const bool populates = advice == 22 || advice == 23;
  bool hole = false;
  for (std::uint64_t at = begin; at < end; ++at) {
    const auto found = pages.find(at);
    if (found == pages.end()) {
      if (populates) return Errno::kNoMem;
      hole = true;
      // Nothing more of the range may be mapped: no need to count a terabyte of hole.
      const auto next = pages.lower_bound(at);
      if (next == pages.end() || next->first >= end) break;
      at = next->first - 1;
      continue;
    }
    SlowPage& page = found->second;
    switch (advice) {
      case 4:
        if (page.locked) return Errno::kInval;
        page.Forget();
        break;
      case 8:
        if (page.locked || !page.IsAnonymous()) return Errno::kInval;
        // A huge page that the range has in part only is split.
        if (page.maybe_huge) page.presence = Presence::kUnknown;
        break;
      case 10:
      case 11:
        page.dont_fork = advice == 10;
        break;
      case 14:
      case 15:
        page.huge = advice == 14;
        break;
      case 18:
        if (page.inode != nullptr || page.shared) return Errno::kInval;
        page.wipe_on_fork = true;
        break;
      case 19:
        page.wipe_on_fork = false;
        break;
      case 22:
      case 23: {
        const AccessKind access = advice == 23 ? AccessKind::kWrite : AccessKind::kRead;
        if ((page.prot & (advice == 23 ? 2 : 1)) == 0) return Errno::kInval;
        if (!TouchAt(at, page, access, *faults)) return Errno::kFault;
        break;
      }
      default:
        break;
    }
  }
  return hole ? Errno::kNoMem : Errno::kOk;
}

bool SlowMemory::TouchPage(SlowPage& page, AccessKind access, TouchForecast& forecast) {
  const auto faults = [&forecast](std::uint64_t least, std::uint64_t most) {
    forecast.least_faults += least;
    forecast.most_faults += most;
  };
  if (page.BeyondEnd()) return false;
  if (page.HasFilePages() && !IsOwn(page.presence)) forecast.never_major = false;
  if (page.special || (page.HasFilePages() && page.ReallyShared())) {
    faults(0, 1);
    // The vdso is private memory: mprotect may make it writable, and whoever stores into it gets a copy of the page.
    if (page.special && access == AccessKind::kWrite) page.presence = Presence::kOwn;
    return true;
  }
  if (access != AccessKind::kWrite) {
    if (IsOwn(page.presence) || page.presence == Presence::kZero) return true;
    const bool surely = page.presence == Presence::kNone && !page.HasFilePages();
    faults(surely ? 1 : 0, 1);
    if (!page.HasFilePages() && page.presence != Presence::kUnknown) page.presence = Presence::kZero;
    return true;
  }
  const bool unsure = page.presence == Presence::kOwnEither || page.presence == Presence::kUnknown;
  // A page of a file that may have been copied before: the copy's bytes are not the file's.
  if (page.presence == Presence::kUnknown && page.HasFilePages() && page.own == nullptr) page.bytes_known = false;
  if (page.own == nullptr && page.HasFilePages()) page.Store(0, "");
  if (page.presence != Presence::kOwn) faults(unsure ? 0 : 1, 1);
  page.presence = Presence::kOwn;
  return true;
}

bool SlowMemory::TouchAt(std::uint64_t at, SlowPage& page, AccessKind access, TouchForecast& forecast) {
  const std::uint64_t before = forecast.most_faults;
  if (!TouchPage(page, access, forecast)) return false;
  if (forecast.most_faults != before) SpreadFault(at, page);
  return true;
}

void SlowMemory::SpreadFault(std::uint64_t at, const SlowPage& page) {
  constexpr std::uint64_t kHuge = 512;
  const std::uint64_t first = at / kHuge * kHuge;
  if (!page.maybe_huge) {
    if (!page.huge) return;
    for (std::uint64_t other = first; other < first + kHuge; ++other) {
      const SlowPage* found = Find(other);
      if (found == nullptr || !found->huge || !found->IsAnonymous()) return;
    }
  }
  for (auto it = pages.lower_bound(first); it != pages.end() && it->first < first + kHuge; ++it) {
    SlowPage& other = it->second;
    if (!other.IsAnonymous()) continue;
    other.maybe_huge = true;
    if (it->first == at || other.presence == Presence::kOwn) continue;
    other.presence = IsOwn(other.presence) ? Presence::kOwnEither : Presence::kUnknown;
  }
}

void SlowMemory::MaybeCollapse(std::uint64_t begin, std::uint64_t end) {
  for (auto it = pages.lower_bound(begin); it != pages.end() && it->first < end; ++it) {
    it->second.presence = Presence::kUnknown;
    it->second.maybe_huge = true;
  }
}

TouchForecast SlowMemory::Touch(std::uint64_t address, std::uint64_t count, AccessKind access) {
  TouchForecast forecast;
  for (; count > 0; --count, address += kPage) {
    const VirtualAddress at(address);
    if (static_cast<std::int64_t>(address << 16) >> 16 != static_cast<std::int64_t>(address)) {
      forecast.signal = Signal{SignalNumber::kSegv, SignalCode::kKernel, VirtualAddress(0)};
      return forecast;
    }
    const auto page = pages.find(address / kPage);
    if (address >= kTaskEnd || page == pages.end()) {
      const auto next = pages.lower_bound(address / kPage);
      forecast.unforeseeable = address < kTaskEnd && next != pages.end() && next->second.grows_down;
      forecast.signal = Signal{SignalNumber::kSegv, SignalCode::kMapErr, at};
      return forecast;
    }
    if (const auto code = Forbidden(page->second, access)) {
      forecast.signal = Signal{SignalNumber::kSegv, *code, at};
      return forecast;
    }
    if (!TouchAt(page->first, page->second, access, forecast)) {
      forecast.signal = Signal{SignalNumber::kBus, SignalCode::kAccErr, at};
      return forecast;
    }
  }
  return forecast;
}

TouchForecast SlowMemory::Access(std::uint64_t address, std::uint64_t length, AccessKind access) {
  TouchForecast forecast;
  if (length == 0) return forecast;
  forecast = Touch(address, 1, access);
  const std::uint64_t next = (address / kPage + 1) * kPage;
  const std::uint64_t end = address + length;
  if (forecast.signal.has_value() || forecast.unforeseeable || end < address || next >= end) return forecast;
  const TouchForecast rest = Touch(next, (end - next + kPage - 1) / kPage, access);
  forecast.least_faults += rest.least_faults;
  forecast.most_faults += rest.most_faults;
  forecast.signal = rest.signal;
  forecast.never_major = forecast.never_major && rest.never_major;
  forecast.unforeseeable = rest.unforeseeable;
  return forecast;
}

bool SlowMemory::Populate(std::uint64_t begin, std::uint64_t end) {
  for (std::uint64_t at = begin; at < end; ++at) {
    const auto page = pages.find(at);
    if (page == pages.end()) return false;
    if (page->second.on_fault) continue;
    const bool writes = (page->second.prot & 2) != 0 && !page->second.ReallyShared();
    if (Touch(at * kPage, 1, writes ? AccessKind::kWrite : AccessKind::kRead).signal.has_value()) return false;
  }
  return true;
}

Errno SlowMemory::Lock(std::uint64_t begin, std::uint64_t end, bool locked, bool on_fault) {
  for (std::uint64_t at = begin; at < end; ++at) {
    const auto page = pages.find(at);
    if (page == pages.end()) return Errno::kNoMem;
    if (page->second.special) continue;
    page->second.locked = locked;
    page->second.on_fault = on_fault;
  }
  return Errno::kOk;
}

void SlowMemory::LockAll(std::uint64_t flags) {
  lock_future = (flags & kMclFuture) != 0 ? flags & (kMclFuture | kMclOnFault) : 0;
  const bool current = (flags & kMclCurrent) != 0;
  if (lock_future != 0 && !current) return;
  for (const auto& [at, page] : pages) {
    Lock(at, at + 1, current, current && (flags & kMclOnFault) != 0);
    if (current) Populate(at, at + 1);
  }
}

void SlowMemory::DropBehindEnds() {
  for (auto& [number, page] : pages) {
    if (page.BeyondEnd()) page.Forget();
  }
}

SlowMemory SlowMemory::Fork() {
  SlowMemory child = *this;
  child.pages.clear();
  child.lock_future = 0;
  for (auto& [number, page] : pages) {
    if (page.dont_fork && !fork_uncertain) continue;
    if (!page.wipe_on_fork && IsOwn(page.presence)) page.presence = Presence::kOwnForked;
    SlowPage copy = page;
    copy.locked = copy.on_fault = false;
    if (copy.presence == Presence::kZero) copy.presence = Presence::kMaybeZero;
    if (copy.wipe_on_fork) copy.Forget();
    if (fork_uncertain) {
      copy.presence = Presence::kUnknown;
      copy.bytes_known = copy.shared;
    }
    child.pages.emplace(number, copy);
  }
  if (fork_uncertain) ForgetExclusive();
  return child;
}

void SlowMemory::ForgetExclusive() {
  for (auto& [number, page] : pages) {
    if (IsOwn(page.presence)) page.presence = Presence::kOwnEither;
  }
}

void SlowMemory::ForgetPresence(std::uint64_t begin, std::uint64_t end) {
  for (auto it = pages.lower_bound(begin); it != pages.end() && it->first < end; ++it) {
    it->second.presence = Presence::kUnknown;
    it->second.bytes_known = it->second.shared;
  }
}

void SlowMemory::Adopt(const std::vector<SlowMapsLine>& lines, const SlowFiles& files) {
  std::map<std::uint64_t, SlowPage> adopted;
  for (const SlowMapsLine& line : lines) {
    for (std::uint64_t at = line.start; at < line.end; ++at) {
      const SlowPage* known = Find(at);
      const auto sibling = pages.lower_bound(line.start);
      SlowPage page;
      if (known != nullptr) {
        page = *known;
      } else if (sibling != pages.end() && sibling->first < line.end) {
        // The mapping has grown.
        page = sibling->second;
        page.Forget();
        page.presence = Presence::kUnknown;
        page.bytes_known = page.shared;
        page.index += at - sibling->first;
      } else {
        page.presence = Presence::kUnknown;
        page.shared = line.permissions[3] == 's';
        page.special = line.name == "[vdso]" || line.name == "[vvar]" || line.name == "[vvar_vclock]";
        page.grows_down = line.name == "[stack]";
        if (line.inode_number != 0) page.inode = files.Find(line.name);
        page.index = line.offset + (at - line.start);
        page.bytes_known = false;
      }
      const auto prot =
          static_cast<std::uint8_t>((line.permissions[0] == 'r' ? 1 : 0) + (line.permissions[1] == 'w' ? 2 : 0) +
                                    (line.permissions[2] == 'x' ? 4 : 0));
      // It was filled when it became writable.
      const bool was_writable = (std::exchange(page.prot, prot) & 2) != 0;
      if ((prot & 2) != 0 && !was_writable && page.locked) page.presence = Presence::kUnknown;
      adopted.emplace(at, page);
    }
  }
  pages = adopted;
}

SlowSums SlowMemory::Sums() const {
  SlowSums sums;
  sums.size = pages.size();
  for (const auto& [number, page] : pages) {
    sums.data += page.IsData() ? 1 : 0;
    sums.stack += page.grows_down ? 1 : 0;
    sums.locked += page.locked ? 1 : 0;
    sums.least_anonymous += IsOwn(page.presence) ? 1 : 0;
    sums.most_anonymous += IsOwn(page.presence) || page.presence == Presence::kUnknown ? 1 : 0;
  }
  return sums;
}

std::string SlowMemory::Compare(const std::vector<SlowMapsLine>& lines) const {
  auto expected = pages.begin();
  for (const SlowMapsLine& line : lines) {
    for (std::uint64_t at = line.start; at < line.end; ++at, ++expected) {
      if (expected == pages.end() || expected->first != at) {
        return absl::StrCat("page ", absl::Hex(at), " is mapped, expected next is ",
                            absl::Hex(expected == pages.end() ? 0 : expected->first));
      }
      const SlowPage& page = expected->second;
      if (PermissionsOf(page) != line.permissions) {
        return absl::StrCat("page ", absl::Hex(at), " is ", line.permissions, ", expected ", PermissionsOf(page));
      }
      if (page.inode == nullptr) {
        if (line.inode_number != 0) return absl::StrCat("page ", absl::Hex(at), " maps ", line.name, ", expected none");
        continue;
      }
      // Anonymous memory that mremap moves before it is touched is numbered anew, and it shows in /dev/zero's offset.
      const bool wrong_page = page.HasFilePages() && line.offset + (at - line.start) != page.index;
      if (line.name != page.inode->NameInMaps() || wrong_page) {
        return absl::StrCat("page ", absl::Hex(at), " maps page ", line.offset + (at - line.start), " of ", line.name,
                            ", expected page ", page.index, " of ", page.inode->NameInMaps());
      }
    }
  }
  if (expected != pages.end()) return absl::StrCat("page ", absl::Hex(expected->first), " is not mapped");
  return "";
}

}  // namespace memsim
