// The same calls give the same digests in every build: release, debug, and under the sanitizers, all of which run this
// test.
//
// The numbers change when a rule of the simulated kernel does. Then put in the new ones, and raise kModelVersion if
// machines of the old version may still be around.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "server/base/random.h"
#include "server/calls/execute_call.h"
#include "server/kernel/machine.h"

namespace memsim {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kArena = 0x100000000000;
constexpr int kProcesses = 4;

constexpr std::uint32_t kCpus = 64;

// What a program is made of.
enum class Mixture : std::uint8_t { kMemoryOfProcesses, kSlabsAndLanesToo };

// A fixed mixture of calls: what it does matters less than that it is always the same.
class Program {
 public:
  Program(std::uint64_t seed, Mixture mixture) : random_(seed), mixture_(mixture) {}

  std::vector<v1::Call> Write(int length) {
    for (std::uint32_t slot = 1; slot <= kProcesses; ++slot) {
      v1::Call& call = calls_.emplace_back();
      call.mutable_spawn()->set_comm("pinned");
      call.set_store_as(slot);
    }
    if (mixture_ == Mixture::kSlabsAndLanesToo) AddCaches();
    while (static_cast<int>(calls_.size()) < length) {
      if (mixture_ == Mixture::kMemoryOfProcesses) {
        AddToProcess(calls_.emplace_back());
      } else {
        AddOfAllKinds();
      }
    }
    return calls_;
  }

 private:
  std::uint32_t Process() { return static_cast<std::uint32_t>(1 + random_.Below(kProcesses)); }
  std::uint64_t Address() { return kArena + random_.Below(256) * kPage; }
  std::uint64_t Length() { return (1 + random_.Below(32)) * kPage; }

  // --- Slabs and lanes

  std::uint32_t Cache() { return static_cast<std::uint32_t>(40 + random_.Below(kCaches)); }
  std::uint32_t Object() { return static_cast<std::uint32_t>(50 + random_.Below(200)); }

  void AddCaches() {
    for (std::uint32_t i = 0; i < kCaches; ++i) {
      v1::Call& call = calls_.emplace_back();
      call.mutable_kmem_cache_create()->set_name(std::string(1, static_cast<char>('a' + i)));
      call.mutable_kmem_cache_create()->set_object_size_bytes(100 + 500 * i);
      call.mutable_kmem_cache_create()->set_sheaf_capacity(i % 2 * 8);
      call.set_store_as(40 + i);
    }
  }

  void AddOfAllKinds() {
    v1::Call& call = calls_.emplace_back();
    if (random_.Below(20) != 0) {
      Fill(call);
      call.set_cpu(static_cast<std::uint32_t>(random_.Below(kCpus)));
      return;
    }
    const std::uint64_t lanes = 1 + random_.Below(kCpus);
    for (std::uint64_t i = 0; i < lanes; ++i) {
      v1::Lane& lane = *call.mutable_concurrent()->add_lanes();
      lane.set_cpu(static_cast<std::uint32_t>(i));
      for (std::uint64_t calls = random_.Below(4); calls > 0; --calls) Fill(*lane.add_calls());
    }
  }

  void Fill(v1::Call& call) {
    if (random_.Below(2) == 0) {
      AddToProcess(call);
    } else {
      AddToSlabs(call);
    }
  }

  void AddToSlabs(v1::Call& call) {
    switch (random_.Below(8)) {
      case 0:
        call.mutable_kmalloc()->set_size_bytes(random_.Below(10000));
        call.mutable_kmalloc()->set_gfp_mask(0xcc0);
        call.set_store_as(Object());
        return;
      case 1:
        call.mutable_kfree()->set_address_slot(Object());
        return;
      case 2:
        call.mutable_krealloc()->set_address_slot(Object());
        call.mutable_krealloc()->set_size_bytes(random_.Below(5000));
        call.mutable_krealloc()->set_gfp_mask(0xcc0);
        return;
      case 3:
        call.mutable_kmem_cache_alloc_bulk()->set_cache_slot(Cache());
        call.mutable_kmem_cache_alloc_bulk()->set_gfp_mask(0xcc0);
        call.mutable_kmem_cache_alloc_bulk()->set_object_count(static_cast<std::uint32_t>(random_.Below(20)));
        call.mutable_kmem_cache_alloc_bulk()->set_first_store_as(Object());
        return;
      case 4:
        call.mutable_kmem_cache_shrink()->set_cache_slot(Cache());
        return;
      case 5:
        call.mutable_kmem_cache_free()->set_cache_slot(Cache());
        call.mutable_kmem_cache_free()->set_address_slot(Object());
        return;
      default:
        call.mutable_kmem_cache_alloc()->set_cache_slot(Cache());
        call.mutable_kmem_cache_alloc()->set_gfp_mask(0xcc0);
        call.set_store_as(Object());
        return;
    }
  }

  // --- Memory of processes

  void AddToProcess(v1::Call& call) {
    switch (random_.Below(9)) {
      case 0: {
        v1::MmapRequest& mmap = *call.mutable_mmap();
        mmap.set_pid_slot(Process());
        if (random_.Below(2) == 0) mmap.set_address(Address());
        mmap.set_length_bytes(Length());
        mmap.set_prot(random_.Below(4));
        mmap.set_flags(0x20 | (1 + random_.Below(2)) | (mmap.address() != 0 ? 0x10 : 0));
        return;
      }
      case 1:
        call.mutable_munmap()->set_pid_slot(Process());
        call.mutable_munmap()->set_address(Address());
        call.mutable_munmap()->set_length_bytes(Length());
        return;
      case 2:
        call.mutable_mprotect()->set_pid_slot(Process());
        call.mutable_mprotect()->set_address(Address());
        call.mutable_mprotect()->set_length_bytes(Length());
        call.mutable_mprotect()->set_prot(random_.Below(8));
        return;
      case 3:
        call.mutable_mremap()->set_pid_slot(Process());
        call.mutable_mremap()->set_address(Address());
        call.mutable_mremap()->set_old_length_bytes(Length());
        call.mutable_mremap()->set_new_length_bytes(Length());
        call.mutable_mremap()->set_flags(random_.Below(2));
        return;
      case 4:
        call.mutable_fork()->set_pid_slot(Process());
        call.set_store_as(Process());
        return;
      case 5:
        call.mutable_alloc_pages()->set_gfp_mask(0xcc0);
        call.mutable_alloc_pages()->set_order(static_cast<std::uint32_t>(random_.Below(5)));
        call.set_store_as(static_cast<std::uint32_t>(10 + random_.Below(16)));
        return;
      case 6:
        call.mutable_free_pages()->set_frame_number_slot(static_cast<std::uint32_t>(10 + random_.Below(16)));
        call.mutable_free_pages()->set_order(static_cast<std::uint32_t>(random_.Below(5)));
        return;
      default:
        call.mutable_touch()->set_pid_slot(Process());
        call.mutable_touch()->set_address(Address());
        call.mutable_touch()->set_access(random_.Below(2) == 0 ? v1::ACCESS_KIND_READ : v1::ACCESS_KIND_WRITE);
        call.mutable_touch()->set_page_count(1 + random_.Below(8));
        return;
    }
  }

  static constexpr std::uint32_t kCaches = 4;

  Random random_;
  const Mixture mixture_;
  std::vector<v1::Call> calls_;
};

struct Digests {
  std::string state;
  std::string answers;
  std::uint64_t sequence;

  friend bool operator==(const Digests&, const Digests&) = default;
};

std::ostream& operator<<(std::ostream& out, const Digests& digests) {
  return out << "{\"" << digests.state << "\", \"" << digests.answers << "\", " << digests.sequence << "}";
}

Digests RunProgram(std::uint64_t seed, Mixture mixture) {
  MachineSpec spec;
  spec.memory = ByteCount(256ULL << 20);
  if (mixture == Mixture::kSlabsAndLanesToo) spec.cpu_count = kCpus;
  spec.seed = seed;
  const std::unique_ptr<Machine> machine = *Machine::Create(spec);
  for (const v1::Call& call : Program(seed, mixture).Write(5000)) {
    v1::Answer answer;
    ExecuteCall(*machine, call, answer);
  }
  machine->CheckInvariants();
  return {machine->StateDigest(), machine->AnswerDigest(), machine->sequence()};
}

TEST(PinnedDigestsTest, AProgramOfFiveThousandCallsAlwaysEndsInTheSameState) {
  EXPECT_EQ(RunProgram(1, Mixture::kMemoryOfProcesses),
            (Digests{"d0046ffdc90b3f933319143dc54cd306", "6f007e0738acd50ce443b236e71f59bc", 4989}));
  EXPECT_EQ(RunProgram(2, Mixture::kMemoryOfProcesses),
            (Digests{"5e2b07f0856a3d50017197af00b3b021", "84ba992f3baeba4f770f5b3eca353768", 4989}));
}

TEST(PinnedDigestsTest, AProgramOfSlabsAndLanesOn64CpusAlwaysEndsInTheSameState) {
  EXPECT_EQ(RunProgram(3, Mixture::kSlabsAndLanesToo),
            (Digests{"8597b868738dcc4dbbaf8c5207ff6941", "5804d08ec1d44c43b78585164bf32a84", 18364}));
  EXPECT_EQ(RunProgram(4, Mixture::kSlabsAndLanesToo),
            (Digests{"f4dc6ddff4b5c5bd9d09830900a5fe0e", "12176df830bf51b6fb2226844730bd06", 15900}));
}

}  // namespace
}  // namespace memsim
