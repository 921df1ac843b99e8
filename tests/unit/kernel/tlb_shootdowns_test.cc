// Which calls make TLBs forget entries, and how many: one program, run on a machine and, where tracefs lets us look
// (Linux 6.18, as root), on the kernel under this test.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/kernel/machine.h"
#include "server/kernel/process/clone_flags.h"
#include "server/kernel/vm/mman_flags.h"
#include "tests/unit/kernel/host_tracefs.h"

namespace memsim {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// All entries of the address space.
constexpr std::int64_t kAll = -1;

constexpr VirtualAddress kArena(1ULL << 44);
constexpr ByteCount Pages(std::uint64_t pages) { return ToBytes(PageCount(pages)); }
constexpr VirtualAddress At(std::uint64_t page) { return kArena + Pages(page); }

// What a program may do. Pages are numbered from the start of an arena that nobody else uses.
class Actor {
 public:
  virtual ~Actor() = default;
  virtual void Map(std::uint64_t first, std::uint64_t pages) = 0;
  // Shared memory of a file of its own, from its first page on.
  virtual void MapFile(std::uint64_t first, std::uint64_t pages) = 0;
  virtual void Truncate(std::uint64_t pages) = 0;
  virtual void Unmap(std::uint64_t first, std::uint64_t pages) = 0;
  virtual void Protect(std::uint64_t first, std::uint64_t pages, int prot) = 0;
  virtual void Forget(std::uint64_t first, std::uint64_t pages) = 0;
  virtual void Remap(std::uint64_t first, std::uint64_t pages, std::uint64_t new_pages, int flags,
                     std::uint64_t to) = 0;
  virtual void Read(std::uint64_t first, std::uint64_t pages) = 0;
  virtual void Write(std::uint64_t first, std::uint64_t pages) = 0;
  // How many entries the CPU forgot, flush by flush, since this was asked last.
  virtual std::vector<std::int64_t> Flushes() = 0;
};

constexpr int kReadWriteProt = PROT_READ | PROT_WRITE;

// What Linux 6.18 does.
void RunProgram(Actor& actor) {
  actor.Map(0, 4096);
  actor.Write(0, 3000);
  EXPECT_THAT(actor.Flushes(), IsEmpty()) << "new entries";

  actor.Unmap(100, 1);
  EXPECT_THAT(actor.Flushes(), ElementsAre(1));
  actor.Unmap(200, 33);
  EXPECT_THAT(actor.Flushes(), ElementsAre(33)) << "one by one";
  actor.Unmap(300, 34);
  EXPECT_THAT(actor.Flushes(), ElementsAre(kAll));
  actor.Unmap(3500, 10);
  EXPECT_THAT(actor.Flushes(), IsEmpty()) << "nothing was there";
  actor.Forget(400, 5);
  EXPECT_THAT(actor.Flushes(), ElementsAre(5));
  actor.Forget(400, 5);
  EXPECT_THAT(actor.Flushes(), IsEmpty()) << "nothing is left";
  actor.Forget(501, 98);
  EXPECT_THAT(actor.Flushes(), ElementsAre(kAll));
  actor.Unmap(500, 100);
  EXPECT_THAT(actor.Flushes(), ElementsAre(kAll)) << "two pages, a hundred apart";
  actor.Map(600, 7);
  EXPECT_THAT(actor.Flushes(), ElementsAre(7)) << "over other pages";

  actor.Protect(700, 5, PROT_READ);
  EXPECT_THAT(actor.Flushes(), ElementsAre(5));
  actor.Protect(700, 5, kReadWriteProt);
  EXPECT_THAT(actor.Flushes(), ElementsAre(5)) << "more rights too";
  actor.Protect(700, 5, PROT_NONE);
  EXPECT_THAT(actor.Flushes(), ElementsAre(5));
  actor.Protect(700, 5, kReadWriteProt);
  EXPECT_THAT(actor.Flushes(), IsEmpty()) << "no TLB has an entry that was closed";
  actor.Protect(3520, 10, PROT_READ);
  EXPECT_THAT(actor.Flushes(), IsEmpty()) << "nothing is there";

  actor.Protect(800, 3, PROT_READ);
  EXPECT_THAT(actor.Flushes(), ElementsAre(3));
  actor.Forget(797, 6);
  EXPECT_THAT(actor.Flushes(), ElementsAre(6)) << "two mappings, one call";
  actor.Protect(900, 3, PROT_READ);
  EXPECT_THAT(actor.Flushes(), ElementsAre(3));
  actor.Unmap(897, 6);
  EXPECT_THAT(actor.Flushes(), ElementsAre(6));
  actor.Protect(1000, 3, PROT_NONE);
  EXPECT_THAT(actor.Flushes(), ElementsAre(3));
  actor.Protect(994, 12, PROT_READ);
  EXPECT_THAT(actor.Flushes(), ElementsAre(12)) << "from the first to the last that changed";

  actor.Read(3600, 3);
  actor.Unmap(3600, 64);
  EXPECT_THAT(actor.Flushes(), ElementsAre(3)) << "the zero page is an entry as any other";
  actor.Read(3700, 1);
  actor.Write(3700, 1);
  EXPECT_THAT(actor.Flushes(), ElementsAre(1)) << "another page in its place";

  actor.Remap(1100, 5, 5, MREMAP_MAYMOVE | MREMAP_FIXED, 3800);
  EXPECT_THAT(actor.Flushes(), ElementsAre(5)) << "moved; nothing is left to unmap";
  actor.Remap(1200, 5, 5, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, 3900);
  EXPECT_THAT(actor.Flushes(), ElementsAre(5));
  actor.Remap(1300, 10, 5, 0, 0);
  EXPECT_THAT(actor.Flushes(), ElementsAre(5)) << "shrunk";
  actor.Remap(3540, 10, 10, MREMAP_MAYMOVE | MREMAP_FIXED, 3850);
  EXPECT_THAT(actor.Flushes(), IsEmpty()) << "nothing to move";
  actor.Remap(1510, 50, 50, MREMAP_MAYMOVE | MREMAP_FIXED, 3950);
  EXPECT_THAT(actor.Flushes(), ElementsAre(26, 24)) << "a table of the old place at a time";

  // A mapping with a page table of its own, which goes with it.
  actor.Map(8192, 1024);
  actor.Write(8192 + 300, 3);
  actor.Forget(8192 + 300, 3);
  EXPECT_THAT(actor.Flushes(), ElementsAre(3));
  actor.Unmap(8192, 1024);
  EXPECT_THAT(actor.Flushes(), ElementsAre(0)) << "a table alone";

  // 67 pages in one page table, 53 in the next.
  actor.MapFile(8192 + 445, 120);
  actor.Write(8192 + 445, 120);
  actor.Truncate(100);
  EXPECT_THAT(actor.Flushes(), ElementsAre(20));
  actor.Unmap(8192 + 445, 120);
  EXPECT_THAT(actor.Flushes(), ElementsAre(kAll, 33, 1)) << "dirty pages of a file at once, then two tables";

  // Beside dirty pages of files, a gather takes no more than it has room for already.
  actor.Map(12288, 512);
  actor.MapFile(12288 + 512, 512);
  actor.Write(12288, 1024);
  actor.Unmap(12288, 1024);
  EXPECT_THAT(actor.Flushes(), ElementsAre(kAll, kAll, 1));

  // More than one gathers.
  actor.Map(16384, 9679);
  actor.Write(16384, 9679);
  actor.Forget(16384, 9679);
  EXPECT_THAT(actor.Flushes(), ElementsAre(kAll, 1));
}

// --- On a machine

class MachineActor : public Actor {
 public:
  MachineActor() {
    MachineSpec spec;
    spec.memory = ByteCount(256ULL << 20);
    spec.cpu_count = 4;
    machine_ = *Machine::Create(spec);
    machine_->BeginCall(std::nullopt);
    pid_ = *machine_->Spawn("test");
    EXPECT_EQ(machine_->Mknod("/file", FileKind::kTmpfs, ByteCount(0)), Errno::kOk);
    fd_ = *machine_->Open(pid_, "/file", kOpenReadWrite);
    machine_->ListenTo(MatchTracepoints("tlb:tlb_flush"));
  }
  ~MachineActor() override { machine_->CheckInvariants(); }

  Machine& machine() { return *machine_; }
  Pid pid() const { return pid_; }

  void Map(std::uint64_t first, std::uint64_t pages) override { MapAt(first, pages, MAP_PRIVATE | MAP_ANONYMOUS, -1); }
  void MapFile(std::uint64_t first, std::uint64_t pages) override {
    EXPECT_EQ(machine_->Ftruncate(pid_, fd_, Pages(pages)), Errno::kOk);
    MapAt(first, pages, MAP_SHARED, fd_);
  }
  void Truncate(std::uint64_t pages) override { EXPECT_EQ(machine_->Ftruncate(pid_, fd_, Pages(pages)), Errno::kOk); }
  void Unmap(std::uint64_t first, std::uint64_t pages) override {
    EXPECT_EQ(machine_->Munmap(pid_, At(first), Pages(pages)), Errno::kOk);
  }
  void Protect(std::uint64_t first, std::uint64_t pages, int prot) override {
    EXPECT_EQ(machine_->Mprotect(pid_, At(first), Pages(pages), prot), Errno::kOk);
  }
  void Forget(std::uint64_t first, std::uint64_t pages) override {
    EXPECT_EQ(machine_->Madvise(pid_, At(first), Pages(pages), MADV_DONTNEED), Errno::kOk);
  }
  void Remap(std::uint64_t first, std::uint64_t pages, std::uint64_t new_pages, int flags, std::uint64_t to) override {
    EXPECT_TRUE(machine_->Mremap(pid_, At(first), Pages(pages), Pages(new_pages), flags, At(to)).ok());
  }
  void Read(std::uint64_t first, std::uint64_t pages) override { Touch(first, pages, AccessKind::kRead); }
  void Write(std::uint64_t first, std::uint64_t pages) override { Touch(first, pages, AccessKind::kWrite); }
  std::vector<std::int64_t> Flushes() override {
    std::vector<std::int64_t> flushes;
    for (const TraceRecord& record : machine_->TakeEvents().records) {
      if (record.fields[0] == kLocalShootdown) flushes.push_back(static_cast<std::int64_t>(record.fields[1]));
    }
    return flushes;
  }

 private:
  static constexpr std::uint64_t kLocalShootdown = 3;

  void MapAt(std::uint64_t first, std::uint64_t pages, int flags, int fd) {
    EXPECT_TRUE(
        machine_->Mmap(pid_, At(first), Pages(pages), kReadWriteProt, flags | MAP_FIXED, fd, ByteCount(0)).ok());
  }
  void Touch(std::uint64_t first, std::uint64_t pages, AccessKind kind) {
    const auto touched = machine_->Touch(pid_, At(first), kind, PageCount(pages));
    EXPECT_TRUE(touched.ok() && !touched->signal.has_value());
  }

  std::unique_ptr<Machine> machine_;
  Pid pid_;
  int fd_ = -1;
};

TEST(TlbShootdownsTest, AMachineFlushesAsLinuxDoes) {
  MachineActor actor;
  RunProgram(actor);
}

TEST(TlbShootdownsTest, ForkClosesThePagesOfTheParentAndAStoreOpensOne) {
  MachineActor actor;
  actor.Map(0, 4);
  actor.Write(0, 4);
  ASSERT_TRUE(actor.machine().Clone(actor.pid(), 0).ok());
  EXPECT_THAT(actor.Flushes(), ElementsAre(kAll));
  actor.Write(0, 1);
  EXPECT_THAT(actor.Flushes(), ElementsAre(1));
}

// --- On the kernel under this test

// A trace buffer of our own, so that nobody else's tracing is touched.
class HostTrace {
 public:
  // Null: this host lets nobody look.
  static std::unique_ptr<HostTrace> Start() {
    std::unique_ptr<HostTracefs> tracefs = HostTracefs::Mount();
    if (tracefs == nullptr) return nullptr;
    auto trace = std::unique_ptr<HostTrace>(new HostTrace(std::move(tracefs)));
    return trace->Open() ? std::move(trace) : nullptr;
  }
  ~HostTrace() {
    std::error_code ignored;
    std::filesystem::remove(instance_, ignored);
  }
  HostTrace(const HostTrace&) = delete;
  HostTrace& operator=(const HostTrace&) = delete;

  // What was traced since the last time.
  std::string Take() {
    std::ifstream file(absl::StrCat(instance_, "/trace"));
    std::ostringstream text;
    text << file.rdbuf();
    Put("trace", "");
    return text.str();
  }

 private:
  explicit HostTrace(std::unique_ptr<HostTracefs> tracefs)
      : tracefs_(std::move(tracefs)), instance_(absl::StrCat(tracefs_->root(), "/instances/memsim_", getpid())) {}

  bool Open() {
    std::error_code error;
    return std::filesystem::create_directory(instance_, error) && Put("set_event_pid", absl::StrCat(getpid())) &&
           Put("events/tlb/tlb_flush/enable", "1") && Put("trace", "");
  }
  bool Put(const std::string& file, const std::string& text) {
    std::ofstream out(absl::StrCat(instance_, "/", file));
    out << text << std::flush;
    return out.good();
  }

  const std::unique_ptr<HostTracefs> tracefs_;
  const std::string instance_;
};

class HostActor : public Actor {
 public:
  explicit HostActor(std::unique_ptr<HostTrace> trace) : trace_(std::move(trace)) {
    fd_ = memfd_create("memsim", 0);
    // So that the arena's tables are nobody else's, and no huge page serves it.
    void* const arena = mmap(Host(0), kArenaBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    EXPECT_EQ(arena, Host(0));
    munmap(arena, kArenaBytes);
    trace_->Take();
  }
  ~HostActor() override {
    munmap(Host(0), kArenaBytes);
    close(fd_);
  }

  void Map(std::uint64_t first, std::uint64_t pages) override { MapAt(first, pages, MAP_PRIVATE | MAP_ANONYMOUS, -1); }
  void MapFile(std::uint64_t first, std::uint64_t pages) override {
    Truncate(pages);
    MapAt(first, pages, MAP_SHARED, fd_);
  }
  void Truncate(std::uint64_t pages) override { EXPECT_EQ(ftruncate(fd_, Length(pages)), 0); }
  void Unmap(std::uint64_t first, std::uint64_t pages) override { EXPECT_EQ(munmap(Host(first), Length(pages)), 0); }
  void Protect(std::uint64_t first, std::uint64_t pages, int prot) override {
    EXPECT_EQ(mprotect(Host(first), Length(pages), prot), 0);
  }
  void Forget(std::uint64_t first, std::uint64_t pages) override {
    EXPECT_EQ(madvise(Host(first), Length(pages), MADV_DONTNEED), 0);
  }
  void Remap(std::uint64_t first, std::uint64_t pages, std::uint64_t new_pages, int flags, std::uint64_t to) override {
    EXPECT_NE(mremap(Host(first), Length(pages), Length(new_pages), flags, Host(to)), MAP_FAILED);
  }
  void Read(std::uint64_t first, std::uint64_t pages) override {
    for (std::uint64_t page = first; page < first + pages; ++page) {
      [[maybe_unused]] const char byte = *static_cast<volatile char*>(Host(page));
    }
  }
  void Write(std::uint64_t first, std::uint64_t pages) override {
    for (std::uint64_t page = first; page < first + pages; ++page) *static_cast<volatile char*>(Host(page)) = 1;
  }
  std::vector<std::int64_t> Flushes() override {
    static const std::regex kLine(R"(tlb_flush: pages:(-?\d+) reason:local MM shootdown)");
    const std::string text = trace_->Take();
    std::vector<std::int64_t> flushes;
    for (std::sregex_iterator it(text.begin(), text.end(), kLine), end; it != end; ++it) {
      flushes.push_back(std::stoll((*it)[1]));
    }
    return flushes;
  }

 private:
  static constexpr std::size_t kArenaBytes = 32768ULL * 4096;

  static void* Host(std::uint64_t page) { return reinterpret_cast<void*>(At(page).value()); }
  static std::size_t Length(std::uint64_t pages) { return Pages(pages).value(); }

  static void MapAt(std::uint64_t first, std::uint64_t pages, int flags, int fd) {
    EXPECT_NE(mmap(Host(first), Length(pages), kReadWriteProt, flags | MAP_FIXED, fd, 0), MAP_FAILED);
    // Only where there are huge pages may they be refused.
    madvise(Host(first), Length(pages), MADV_NOHUGEPAGE);
  }

  std::unique_ptr<HostTrace> trace_;
  int fd_ = -1;
};

TEST(TlbShootdownsTest, TheKernelUnderThisTestDoesTheSame) {
  utsname host{};
  ASSERT_EQ(uname(&host), 0);
  if (!absl::StartsWith(host.release, "6.18")) GTEST_SKIP() << "this is Linux " << host.release << ", not 6.18";
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer lays out this process's memory, and touches it";
#endif
  std::unique_ptr<HostTrace> trace = HostTrace::Start();
  if (trace == nullptr) GTEST_SKIP() << "tracefs is not for us to mount and read here";
  HostActor actor(std::move(trace));
  RunProgram(actor);
}

}  // namespace
}  // namespace memsim
