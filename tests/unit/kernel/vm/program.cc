#include "tests/unit/kernel/vm/program.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/types/span.h"

#include "server/kernel/vm/brk.h"
#include "server/kernel/vm/copy_address_space.h"
#include "server/kernel/vm/huge_page_check.h"
#include "server/kernel/vm/load_store.h"
#include "server/kernel/vm/madvise.h"
#include "server/kernel/vm/mprotect.h"
#include "server/kernel/vm/mremap.h"
#include "server/kernel/vm/munmap.h"
#include "server/kernel/vm/page_fault.h"

namespace memsim {
namespace {

// Programs draw within the first GiB of the arena.
constexpr ByteCount kArenaSize{1ULL << 30};

bool InArena(VirtualAddress address) { return kArena <= address && address < kArena + kArenaSize; }

std::string RangeText(VirtualRange range) {
  if (!InArena(range.start)) return absl::StrFormat("%x..%x", range.start.value(), range.end.value());
  return absl::StrCat(ToPages(range.start - kArena).value(), "..", ToPages(range.end - kArena).value());
}

std::string AccessLetters(VmFlags flags) {
  std::string letters = "----";
  if ((flags & kVmRead) != 0) letters[0] = 'r';
  if ((flags & kVmWrite) != 0) letters[1] = 'w';
  if ((flags & kVmExec) != 0) letters[2] = 'x';
  letters[3] = (flags & kVmMayShare) != 0 ? 's' : 'p';
  return letters;
}

}  // namespace

std::string Text(VirtualAddress address) {
  if (!InArena(address)) return absl::StrFormat("0x%x", address.value());
  return absl::StrCat("A+", ToPages(address - kArena).value());
}

std::string Text(const ErrnoOr<VirtualAddress>& result) { return result.ok() ? Text(*result) : Text(result.error()); }

std::uint64_t Prot(const std::string& letters) {
  std::uint64_t prot = 0;
  for (const char letter : letters) prot |= letter == 'r' ? kProtRead : letter == 'w' ? kProtWrite : kProtExec;
  return prot;
}

World::World(ByteCount memory, PageCount user_reserve)
    : pages(LayOutMemory(memory, std::nullopt), WatermarkParameters{}, counters, locks),
      slabs(pages, counters, locks),
      mempolicies(slabs),
      files(pages, slabs, mempolicies, counters, cpus),
      anon_vmas(slabs),
      huge(MachineSpec(), pages, counters),
      commit(pages.managed_pages(), sysctls, counters),
      environment{pages,  slabs,    mempolicies, files, anon_vmas,     file_mappings, huge,
                  commit, counters, cpus,        locks, kDefaultCosts, sysctls,       PageFrameNumber(0)} {
  sysctls.user_reserve_kbytes = user_reserve.value() * 4;
  environment.zero_page = *pages.AllocPages(kGfpKernel | kGfpZero, Order(0), PageOwner::kZeroPage);
}

// Shared memory is promised as a whole or, without reserve, page by page; once, whatever maps it.
std::int64_t World::SharedPromises() const {
  // Segments of System V shared memory live without mappings.
  if (environment.shm_mappings != nullptr) return static_cast<std::int64_t>(files.promised_pages().value());
  std::set<InodeId> inodes;
  for (const AddressSpace* space : spaces) {
    space->ForEachVma([&](const Vma& vma) {
      if (vma.file != OpenFileId() && files.IsShmem(vma.file)) inodes.insert(files.file(vma.file).inode);
    });
  }
  std::uint64_t promised = 0;
  for (const InodeId id : inodes) {
    const Inode& inode = files.inode(id);
    promised += inode.accounted != PageCount(0) ? inode.accounted.value() : inode.pages.size().value();
  }
  return static_cast<std::int64_t>(promised);
}

void World::Check() const {
  pages.CheckInvariants();
  files.CheckInvariants();
  anon_vmas.CheckInvariants();
  slabs.CheckInvariants();
  huge.CheckInvariants();
  HugePageCheck huge_pages(huge, pages);
  std::int64_t accounted = 0;
  std::int64_t vmas = 0;
  PageCount tables;
  for (const AddressSpace* space : spaces) {
    space->CheckInvariants();
    huge_pages.Add(*space);
    space->ForEachVma([&accounted](const Vma& vma) {
      if ((vma.flags & kVmAccount) != 0) accounted += static_cast<std::int64_t>(vma.range.pages().value());
    });
    vmas += static_cast<std::int64_t>(space->map_count());
    tables += space->page_tables().table_pages();
  }
  huge_pages.Finish();
  EXPECT_EQ(committed(), accounted + SharedPromises());
  EXPECT_EQ(counters.Get(Counter::kVmas), vmas);
  EXPECT_EQ(pages.pages_of(PageOwner::kPageTable), tables);
}

std::string World::Holdings() const {
  std::string text;
  for (int owner = 0; owner < kPageOwnerCount; ++owner) {
    // Slabs stay when their objects are gone.
    if (static_cast<PageOwner>(owner) == PageOwner::kSlab) continue;
    absl::StrAppend(&text, "owner ", owner, ": ", pages.pages_of(static_cast<PageOwner>(owner)).value(), " pages\n");
  }
  slabs.ForEachCache([&](CacheId cache) {
    const std::uint64_t held = slabs.held_objects(cache);
    // Every CPU keeps sheaves, which are kmallocs, for the caches that have them.
    if (absl::StartsWith(slabs.definition(cache).name, "kmalloc-")) return;
    if (held != 0) absl::StrAppend(&text, slabs.definition(cache).name, ": ", held, " objects\n");
  });
  return text;
}

OpenFileId World::OpenNew(const std::string& path, std::uint64_t page_count, std::uint32_t flags, FileKind kind) {
  const Errno made = files.Mknod(path, kind, Pages(page_count));
  EXPECT_TRUE(made == Errno::kOk || made == Errno::kExist) << path;
  const ErrnoOr<OpenedFile> opened = files.Open(path, flags);
  EXPECT_TRUE(opened.ok()) << path;
  return opened->file;
}

Program::Program(World& world) : world_(world), space_(std::make_unique<AddressSpace>(world.environment)) {
  EXPECT_TRUE(space_->page_tables().AllocateRoot());
  space_->layout.mmap_base = kMmapBase;
  world_.spaces.push_back(space_.get());
}

Program::~Program() {
  world_.spaces.erase(std::find(world_.spaces.begin(), world_.spaces.end(), space_.get()));
  space_.reset();
  world_.Check();
}

std::string Program::Checked(std::string result) {
  world_.Check();
  return result;
}

std::string Program::TryMmap(const MmapArguments& arguments) {
  return Checked(Text(Mmap(*space_, caller(), arguments)));
}

std::string Program::TryMap(std::uint64_t first, std::uint64_t end, const std::string& prot, std::uint64_t flags) {
  if ((flags & kMapType) == 0) flags |= kMapPrivate;
  const std::string place =
      TryMmap({At(first), Pages(end - first), Prot(prot), flags | kMapAnonymous | kMapFixed, OpenFileId(), {}});
  return place == Text(At(first)) ? "OK" : place;
}

void Program::Map(std::uint64_t first, std::uint64_t end, const std::string& prot, std::uint64_t flags) {
  EXPECT_EQ(TryMap(first, end, prot, flags), "OK");
}

void Program::MapShared(std::uint64_t first, std::uint64_t end, const std::string& prot) {
  Map(first, end, prot, kMapShared);
}

std::string Program::TryMapFile(std::uint64_t first, std::uint64_t end, const std::string& prot, OpenFileId file,
                                std::uint64_t from_page, std::uint64_t flags) {
  const std::string place =
      TryMmap({At(first), Pages(end - first), Prot(prot), flags | kMapFixed, file, PageOffset(from_page)});
  return place == Text(At(first)) ? "OK" : place;
}

void Program::MapFile(std::uint64_t first, std::uint64_t end, const std::string& prot, OpenFileId file,
                      std::uint64_t from_page, std::uint64_t flags) {
  EXPECT_EQ(TryMapFile(first, end, prot, file, from_page, flags), "OK");
}

std::string Program::MapAnywhere(std::uint64_t pages, std::uint64_t flags, VirtualAddress hint) {
  if ((flags & kMapType) == 0) flags |= kMapPrivate;
  return TryMmap({hint, Pages(pages), Prot("rw"), flags | kMapAnonymous, OpenFileId(), {}});
}

std::string Program::TryUnmap(VirtualAddress address, ByteCount length) {
  return Checked(Text(Munmap(*space_, address, length)));
}

void Program::Unmap(std::uint64_t first, std::uint64_t end) {
  EXPECT_EQ(TryUnmap(At(first), Pages(end - first)), "OK");
}

std::string Program::TryProtect(std::uint64_t first, std::uint64_t end, const std::string& prot) {
  return Checked(Text(Mprotect(*space_, caller(), At(first), Pages(end - first), Prot(prot))));
}

void Program::Protect(std::uint64_t first, std::uint64_t end, const std::string& prot) {
  EXPECT_EQ(TryProtect(first, end, prot), "OK");
}

std::string Program::Remap(std::uint64_t first, std::uint64_t old_pages, std::uint64_t new_pages, std::uint64_t flags,
                           std::uint64_t to) {
  const VirtualAddress place = to == 0 ? VirtualAddress(0) : At(to);
  return Checked(Text(Mremap(*space_, caller(), {At(first), Pages(old_pages), Pages(new_pages), flags, place})));
}

std::string Program::Advise(std::uint64_t first, std::uint64_t end, int advice) {
  return Checked(Text(Madvise(*space_, caller(), At(first), Pages(end - first), advice)));
}

VirtualAddress Program::Brk(VirtualAddress wanted) {
  const VirtualAddress now = memsim::Brk(*space_, caller(), wanted);
  world_.Check();
  return now;
}

std::string Program::Touch(VirtualAddress address, PageCount pages, AccessKind kind) {
  TouchProgress progress;
  progress.next = address;
  progress.left = pages;
  progress.kind = kind;
  const FaultTally before = faults_;
  const TouchStatus status = memsim::Touch(*space_, caller(), progress);
  return Checked(Outcome(before, status, progress.signal));
}

std::string Program::Store(VirtualAddress address, absl::string_view bytes) {
  TransferProgress progress;
  progress.next = address;
  const FaultTally before = faults_;
  const TouchStatus status = StoreBytes(*space_, caller(), bytes, progress);
  return Checked(absl::StrCat(progress.done.value(), " bytes, ", Outcome(before, status, progress.signal)));
}

std::string Program::Load(VirtualAddress address, std::size_t length) {
  TransferProgress progress;
  progress.next = address;
  std::string bytes(length, '?');
  const FaultTally before = faults_;
  const TouchStatus status = LoadBytes(*space_, caller(), absl::MakeSpan(bytes), progress);
  bytes.resize(progress.done.value());
  for (char& byte : bytes) byte = byte == 0 ? '.' : byte;
  if (status == TouchStatus::kDone) return Checked(bytes);
  return Checked(absl::StrCat(bytes, " ", Outcome(before, status, progress.signal)));
}

std::string Program::Outcome(const FaultTally& before, TouchStatus status, const std::optional<Signal>& signal) {
  std::string text = absl::StrCat(faults_.minor_faults - before.minor_faults, " minor");
  const std::uint64_t major = faults_.major_faults - before.major_faults;
  if (major != 0) absl::StrAppend(&text, ", ", major, " major");
  if (status == TouchStatus::kOutOfMemory) text += ", out of memory";
  if (signal.has_value()) {
    absl::StrAppend(&text, signal->number == SignalNumber::kBus ? ", SIGBUS " : ", SIGSEGV ",
                    static_cast<int>(signal->code), " at ", Text(signal->address));
  }
  return text;
}

std::string Program::Read(std::uint64_t first, std::uint64_t end) {
  return Touch(At(first), PageCount(end - first), AccessKind::kRead);
}

std::string Program::Write(std::uint64_t first, std::uint64_t end) {
  return Touch(At(first), PageCount(end - first), AccessKind::kWrite);
}

std::string Program::Run(std::uint64_t first, std::uint64_t end) {
  return Touch(At(first), PageCount(end - first), AccessKind::kExecute);
}

std::unique_ptr<Program> Program::Fork() {
  auto child = std::make_unique<Program>(world_);
  child->limits_ = limits_;
  const Errno error = CopyAddressSpace(*space_, caller(), *child->space_);
  world_.Check();
  return error == Errno::kOk ? std::move(child) : nullptr;
}

std::string Program::Maps() const {
  std::vector<std::string> lines;
  space_->ForEachVma([&](const Vma& vma) {
    std::string line = absl::StrCat(RangeText(vma.range), " ", AccessLetters(vma.flags));
    if (vma.file != OpenFileId()) {
      absl::StrAppend(&line, " ", world_.files.InodeOf(vma.file).name, "+", vma.pgoff.value());
    }
    lines.push_back(std::move(line));
  });
  return absl::StrJoin(lines, ", ");
}

std::string Program::Entries(std::uint64_t first, std::uint64_t end) const {
  std::string letters;
  for (std::uint64_t page = first; page < end; ++page) {
    const Pte pte = space_->page_tables().Get(At(page));
    letters += pte.none()        ? '.'
               : pte.guard()     ? 'g'
               : pte.prot_none() ? 'n'
               : pte.special()   ? 'z'
               : pte.writable()  ? 'w'
                                 : 'r';
  }
  return letters;
}

std::string Program::Books() const {
  const AddressSpaceStatistics& books = space_->statistics();
  return absl::StrCat("total ", books.total_vm.value(), ", data ", books.data_vm.value(), ", stack ",
                      books.stack_vm.value(), ", exec ", books.exec_vm.value(), ", rss ", books.rss[1].value(), "+",
                      books.rss[0].value(), "+", books.rss[2].value());
}

void ProgramTest::TearDown() {
  mm_.reset();
  EXPECT_EQ(world_.committed(), 0);
  EXPECT_EQ(world_.counters.Get(Counter::kNrAnonPages), 0);
  if (holdings_at_start_.empty()) return;
  EXPECT_EQ(world_.Holdings(), holdings_at_start_);
}

}  // namespace memsim
