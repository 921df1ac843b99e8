#include "tests/model/slab_twin.h"

#include <cstdio>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "server/kernel/physical/page_allocator.h"

namespace memsim {
namespace {

class SlabTwin final : public SlabSubject {
 public:
  explicit SlabTwin(const SlabProgram& program)
      : cpus_(program.cpus, kDefaultCosts),
        locks_(cpus_),
        pages_(LayOutMemory(ByteCount(program.memory_mib << 20), std::nullopt), {}, counters_, locks_),
        caches_(pages_, counters_, locks_),
        kmalloc_(caches_, pages_, counters_, cpus_),
        free_at_first_(pages_.free_pages()),
        objects_(*this) {}

  bool Run(const SlabOperation& op) {
    cpus_.SwitchTo(CpuId(static_cast<std::uint16_t>(op.cpu % cpus_.count())));
    Note(objects_.Run(op));
    if (++done_ % 16 == 0) Check();
    if (!failure_.empty()) std::fprintf(stderr, "after %d operations: %s\n", done_, failure_.c_str());
    return failure_.empty();
  }

  // When everything is given back, all memory is free again.
  bool Finish() {
    Note(objects_.GiveBack());
    // Twice, for the objects of barns go to slabs after the CPUs were flushed; sheaves are objects of kmalloc.
    for (int i = 0; i < 3; ++i) caches_.ForEachCache([this](CacheId id) { caches_.Shrink(id); });
    Check();
    const std::uint64_t sheaves = pages_.pages_of(PageOwner::kSlab).value();
    const CacheUse kmalloc_512 = caches_.Look(IdOf(KernelCache::kKmalloc512));
    // The main sheaf of each CPU stays with its cache.
    Expect(sheaves * kPageSize.value() == kmalloc_512.total_objects * 512, "slabs that nobody needs are kept");
    Expect(pages_.free_pages() + pages_.pcp_pages() + PageCount(sheaves) == free_at_first_, "memory is lost");
    if (!failure_.empty()) std::fprintf(stderr, "at the end: %s\n", failure_.c_str());
    return failure_.empty();
  }

 private:
  // --- What the reference asks for

  ErrnoOr<CacheId> Create(const CacheDefinition& definition) override { return caches_.Create(definition); }
  Errno Destroy(CacheId cache) override { return caches_.Destroy(cache, ""); }
  VirtualAddress Alloc(CacheId cache, GfpMask gfp) override { return caches_.AllocForCaller(cache, gfp); }
  std::optional<SlabRefusal> Free(CacheId cache, VirtualAddress object) override {
    return caches_.FreeCallers(cache, object);
  }
  bool AllocBulk(CacheId cache, GfpMask gfp, absl::Span<VirtualAddress> objects) override {
    return caches_.AllocBulkForCaller(cache, gfp, objects);
  }
  std::optional<SlabRefusal> FreeBulk(CacheId cache, std::vector<VirtualAddress>& objects) override {
    std::vector<VirtualAddress> moved_about = objects;
    return caches_.FreeBulkCallers(cache, absl::MakeSpan(moved_about));
  }
  void Shrink(CacheId cache) override { caches_.Shrink(cache); }
  VirtualAddress Allocate(ByteCount size, GfpMask gfp) override {
    return kmalloc_.Alloc(size, gfp, ObjectOwner::kCaller);
  }
  Kmalloc::Reallocated Reallocate(VirtualAddress address, ByteCount size, GfpMask gfp) override {
    return kmalloc_.ReallocCallers(address, size, gfp);
  }
  std::optional<SlabRefusal> Release(VirtualAddress address) override { return kmalloc_.FreeCallers(address); }
  VirtualAddress AllocKernels(CacheId cache) override {
    return caches_.AllocQuietly(cache, kGfpKernel, ObjectOwner::kKernel);
  }
  void FreeKernels(CacheId cache, VirtualAddress object) override {
    caches_.Free(static_cast<KernelCache>(cache.value() - 1), object);
  }
  ByteCount ObjectSize(CacheId cache) const override { return caches_.ObjectSize(cache); }
  std::uint64_t Alignment(CacheId cache) const override { return caches_.LayoutOf(cache).object.align.value(); }
  std::uint64_t HeldObjects(CacheId cache) const override { return caches_.held_objects(cache); }
  std::string Contents() const override {
    Digest digest;
    caches_.DigestTo(digest);
    pages_.DigestTo(digest);
    return digest.ToHex();
  }
  // Whether it is too early for that, the whole machine's twin knows.
  bool MayBeShortOf(ByteCount /*size*/) const override { return true; }

  // --- Checks

  void Note(const std::string& failure) {
    if (failure_.empty()) failure_ = failure;
  }
  void Expect(bool condition, absl::string_view what) {
    if (!condition) Note(std::string(what));
  }
  void Check() {
    caches_.CheckInvariants();
    pages_.CheckInvariants();
    Note(objects_.CompareCounts());
    // Every slow allocation ended in one of these.
    const SlabPathCounts paths = caches_.TotalPaths();
    const auto count = [&paths](SlabPath path) { return paths[static_cast<std::size_t>(path)]; };
    const std::uint64_t served = count(SlabPath::kAllocRefill) + count(SlabPath::kCpuPartialAlloc) +
                                 count(SlabPath::kAllocFromPartial) + count(SlabPath::kAllocSlab);
    Expect(served <= count(SlabPath::kAllocSlowpath), "more was served than asked for");
    if (objects_.failed_allocations() == 0 && counters_.Get(Counter::kAllocStall) == 0) {
      Expect(served == count(SlabPath::kAllocSlowpath), "a slow allocation came from nowhere");
    }
  }

  Counters counters_;
  Cpus cpus_;
  Locks locks_;
  PageAllocator pages_;
  SlabCaches caches_;
  Kmalloc kmalloc_;
  const PageCount free_at_first_;
  SlowObjects objects_;
  int done_ = 0;
  std::string failure_;
};

}  // namespace

bool Agrees(const SlabProgram& program) {
  SlabTwin twin(program);
  for (const SlabOperation& op : program.operations) {
    if (!twin.Run(op)) return false;
  }
  return twin.Finish();
}

}  // namespace memsim
