// An address space as simply as can be said: a map from page numbers to what each page is.
//
// It knows no mappings, no page tables and no frames. What it foretells exactly: which pages are mapped how, whether an
// access is allowed, and how many faults accesses to private memory take. Pages of files may or may not be there
// already, so an access to one is one fault or none. Where memory was advised with MADV_HUGEPAGE, the first fault of 2
// MiB is foretold, and what it did to the pages beside it is not, as that depends on tables.

#ifndef MEMSIM_TESTS_MODEL_SLOW_MEMORY_H_
#define MEMSIM_TESTS_MODEL_SLOW_MEMORY_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "server/base/errno.h"
#include "server/base/units.h"
#include "server/kernel/vm/access.h"
#include "tests/model/slow_files.h"

namespace memsim {

// Whether a page of private memory is there.
enum class Presence : std::uint8_t {
  kNone,
  // The zero page, or nothing: fork may leave it to the child's faults.
  kMaybeZero,
  kZero,
  // A page of its own that stores reach without a fault.
  kOwn,
  // A page of its own that fork shared: the next store faults.
  kOwnForked,
  // One of the last two.
  kOwnEither,
  // Anything, after a failure in the middle of a call.
  kUnknown,
};

struct SlowPage {
  // 1 read, 2 write, 4 execute.
  std::uint8_t prot = 0;
  // Shown with an s in maps.
  bool shared = false;
  // May become writable: not so a shared mapping of a file opened for reading.
  bool may_write = true;
  // vdso and vvar.
  bool special = false;
  bool grows_down = false;
  bool locked = false;
  // Locked only once it is touched (MLOCK_ONFAULT).
  bool on_fault = false;
  bool no_reserve = false;
  bool dont_fork = false;
  bool wipe_on_fork = false;
  // MADV_HUGEPAGE.
  bool huge = false;
  // A huge page may map it, or the huge zero page.
  bool maybe_huge = false;
  Presence presence = Presence::kNone;
  // What it maps, and which page of it; null for private anonymous memory.
  SlowInodeRef inode;
  std::uint64_t index = 0;
  // What it holds by itself: of private memory that was stored to, by the places in it. Null: what it maps holds it.
  std::shared_ptr<const SlowBytes> own;
  // Not so after a failure in the middle of a call.
  bool bytes_known = true;
  // Which shmat made it, counted from 1; 0: none.
  std::uint64_t attachment = 0;

  // The page is as it was before anybody touched it.
  void Forget() {
    presence = Presence::kNone;
    own = nullptr;
    bytes_known = true;
  }
  // Bytes of it, by their place in it; nullopt: the model does not know.
  std::optional<std::string> Load(std::uint64_t offset, std::uint64_t length) const;
  // REQUIRES: a store there was foretold.
  void Store(std::uint64_t offset, const std::string& text);

  bool IsData() const { return (prot & 2) != 0 && !ReallyShared() && !grows_down; }
  // What a store reaches belongs to others too: VM_SHARED.
  bool ReallyShared() const { return shared && may_write; }
  // Whether the file is long enough for the page.
  bool BeyondEnd() const { return HasFilePages() && index >= inode->pages(); }
  // A private mapping of /dev/zero is anonymous memory with a name.
  bool IsAnonymous() const { return !shared && !special && !HasFilePages(); }
  bool HasFilePages() const { return inode != nullptr && (inode->kind != FileKind::kZeroDevice || shared); }
};

// What a row of accesses must come to.
struct TouchForecast {
  std::uint64_t least_faults = 0;
  std::uint64_t most_faults = 0;
  std::optional<Signal> signal;
  // Only private anonymous memory: no fault is a major one.
  bool never_major = true;
  // The access might grow a stack, or touches what the model does not know.
  bool unforeseeable = false;
};

// Sums that /proc/PID/status shows, in pages.
struct SlowSums {
  std::uint64_t size = 0;
  std::uint64_t data = 0;
  std::uint64_t stack = 0;
  std::uint64_t locked = 0;
  std::uint64_t least_anonymous = 0;
  std::uint64_t most_anonymous = 0;
};

// One line of /proc/PID/maps. Page numbers.
struct SlowMapsLine {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::string permissions;
  std::uint64_t offset = 0;
  std::uint64_t inode_number = 0;
  std::string name;
};

// The mappings of the process itself: without the vsyscall page.
std::vector<SlowMapsLine> ParseMaps(const std::string& text);

class SlowMemory {
 public:
  std::map<std::uint64_t, SlowPage> pages;
  // Where the heap starts and ends, in bytes.
  std::uint64_t start_brk = 0;
  std::uint64_t brk = 0;
  // Initialised data, which RLIMIT_DATA counts with the heap, in bytes.
  std::uint64_t initialised_data = 0;
  // MCL_FUTURE and MCL_ONFAULT, as mlockall left them.
  std::uint64_t lock_future = 0;
  // Protection keys that the program allocated and no memory of it bears.
  std::set<int> keys;
  // Advice on what fork does failed halfway: what a child has of the pages is not foreseeable.
  bool fork_uncertain = false;

  const SlowPage* Find(std::uint64_t page) const;
  bool AnyMapped(std::uint64_t begin, std::uint64_t end) const;
  bool AnySpecial(std::uint64_t begin, std::uint64_t end) const;
  bool AnyLocked(std::uint64_t begin, std::uint64_t end) const;
  std::uint64_t CountMapped(std::uint64_t begin, std::uint64_t end) const;
  void Unmap(std::uint64_t begin, std::uint64_t end);
  // Whether the range is free and leaves the guard gap of a stack above.
  bool IsFreeForHint(std::uint64_t begin, std::uint64_t end) const;

  // ENOMEM at the first hole, EACCES at the first page that may not; the pages before are changed.
  Errno Protect(std::uint64_t begin, std::uint64_t end, std::uint8_t prot);
  Errno Advise(std::uint64_t begin, std::uint64_t end, int advice, TouchForecast* faults);
  // From a byte address on.
  TouchForecast Touch(std::uint64_t address, std::uint64_t count, AccessKind access);
  // Of a row of bytes: the same, but that each page after the first is accessed at its beginning.
  TouchForecast Access(std::uint64_t address, std::uint64_t length, AccessKind access);
  // As mmap with MAP_POPULATE: ends where it cannot, and says whether it came to the end.
  bool Populate(std::uint64_t begin, std::uint64_t end);
  // mlock and munlock, without filling. ENOMEM at the first hole; the pages before are changed.
  Errno Lock(std::uint64_t begin, std::uint64_t end, bool locked, bool on_fault);
  // mlockall, and what it fills: all but what cannot be had. 0: munlockall.
  void LockAll(std::uint64_t flags);
  // The file has become shorter: what was copied from behind its end is gone.
  void DropBehindEnds();
  // A fork's copy; write-protects what the two share.
  SlowMemory Fork();
  // After an event that the model cannot follow: own pages may have been shared.
  void ForgetExclusive();
  void ForgetPresence(std::uint64_t begin, std::uint64_t end);
  // MADV_COLLAPSE was asked for: what it did depends on tables, which the model does not know.
  void MaybeCollapse(std::uint64_t begin, std::uint64_t end);
  // Takes the machine's word for what is mapped; keeps what it knows of pages that it knew.
  void Adopt(const std::vector<SlowMapsLine>& lines, const SlowFiles& files);

  SlowSums Sums() const;
  // Empty if the machine's maps say the same; else what differs.
  std::string Compare(const std::vector<SlowMapsLine>& lines) const;

 private:
  // Faults of one access to a mapped page that allows it; false: SIGBUS.
  static bool TouchPage(SlowPage& page, AccessKind access, TouchForecast& forecast);
  // The same, and what a fault there may do to other pages.
  bool TouchAt(std::uint64_t at, SlowPage& page, AccessKind access, TouchForecast& forecast);
  // A fault that a huge page served, or may have, served the other pages of its 2 MiB too.
  void SpreadFault(std::uint64_t at, const SlowPage& page);
};

}  // namespace memsim

#endif  // MEMSIM_TESTS_MODEL_SLOW_MEMORY_H_
