// The calls on slab caches: what they answer, and how they name caches and objects.

#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "tests/unit/calls/call_fixture.h"

namespace memsim {
namespace {

class SlabCallsTest : public CallTest {
 protected:
  // "EINVAL: ALREADY_FREE"; or the answer.
  std::string Free(const std::string& text) {
    const v1::Answer answer = Run(text);
    if (answer.detail_case() != v1::Answer::kSlabRefusal) return AnswerText(answer);
    return absl::StrCat(AnswerText(answer), ": ", v1::SlabRefusal_Name(answer.slab_refusal()).substr(13));
  }
  std::uint64_t Slot(std::uint32_t slot) { return machine_->slots().Get(slot).value_or(0); }
};

TEST_F(SlabCallsTest, ACacheIsNamedByItsNameItsNumberOrASlot) {
  EXPECT_EQ(Ask("store_as: 1 kmem_cache_create { name: 'cell' object_size_bytes: 1000 }"), "236");
  EXPECT_EQ(Ask("store_as: 2 kmem_cache_alloc { name: 'cell' gfp_mask: 0xcc0 }").substr(0, 2), "0x");
  EXPECT_EQ(Ask("store_as: 3 kmem_cache_alloc { cache: 236 gfp_mask: 0xcc0 }").substr(0, 2), "0x");
  EXPECT_EQ(Ask("store_as: 4 kmem_cache_alloc { cache_slot: 1 gfp_mask: 0xcc0 }").substr(0, 2), "0x");
  EXPECT_EQ(Slot(3), Slot(2) + 1000);
  EXPECT_EQ(Slot(4), Slot(3) + 1000);
  // The name goes first.
  EXPECT_EQ(Ask("kmem_cache_alloc { name: 'nothing' cache: 236 }"), "ENOENT");
  EXPECT_EQ(Ask("kmem_cache_alloc { cache: 237 }"), "ENOENT");
  EXPECT_EQ(Ask("kmem_cache_alloc { cache: 4294967532 }"), "ENOENT");
  EXPECT_EQ(Ask("kmem_cache_alloc { cache_slot: 9 }"), "refused: SLOT_UNSET");
  EXPECT_EQ(Ask("kmem_cache_alloc {}"), "ENOENT");
  EXPECT_EQ(Ask("kmem_cache_shrink { name: 'cell' }"), "0");
}

TEST_F(SlabCallsTest, AllArgumentsOfACacheArrive) {
  EXPECT_EQ(Ask("kmem_cache_create { name: 'a' object_size_bytes: 100 align_bytes: 256 flags: 0xa000 sheaf_capacity: 8 "
                "constructor: true }"),
            "236");
  const auto field = [this](const std::string& name) { return *machine_->ReadProc("/sys/kernel/slab/a/" + name); };
  EXPECT_EQ(field("object_size"), "100\n");
  EXPECT_EQ(field("align"), "256\n");
  EXPECT_EQ(field("reclaim_account"), "1\n");
  EXPECT_EQ(field("sheaf_capacity"), "8\n");
  EXPECT_NE(field("ctor"), "");
  EXPECT_EQ(Ask("kmem_cache_create { name: 'a' object_size_bytes: 8 }"), "EEXIST");
  EXPECT_EQ(Ask("kmem_cache_create { object_size_bytes: 8 }"), "EINVAL");
  EXPECT_EQ(Ask("kmem_cache_create { name: 'b' object_size_bytes: 8 flags: 4 }"), "ENOSYS");
  EXPECT_EQ(Refusal("kmem_cache_create { name: 'b' flags: 4294967296 }"),
            "flags is 4294967296; it has 32 bits: write at most 0xffffffff");
}

TEST_F(SlabCallsTest, DestroyTellsHowManyObjectsThereAre) {
  Ask("kmem_cache_create { name: 'cell' object_size_bytes: 1000 }");
  Ask("kmem_cache_alloc_bulk { name: 'cell' gfp_mask: 0xcc0 object_count: 3 first_store_as: 5 }");
  const v1::Answer answer = Run("kmem_cache_destroy { name: 'cell' }");
  EXPECT_EQ(AnswerText(answer), "EBUSY");
  EXPECT_EQ(answer.live_objects(), 3U);
  EXPECT_EQ(Ask("kmem_cache_free_bulk { name: 'cell' object_count: 3 first_stored_as: 5 }"), "0");
  EXPECT_EQ(Ask("kmem_cache_destroy { name: 'cell' }"), "0");
  EXPECT_EQ(Ask("kmem_cache_destroy { name: 'cell' }"), "ENOENT");
  EXPECT_EQ(Ask("kmem_cache_destroy { name: 'xfs_inode' }"), "EBUSY");
}

TEST_F(SlabCallsTest, BulkObjectsLieInConsecutiveSlots) {
  EXPECT_EQ(
      Ask("store_as: 9 kmem_cache_alloc_bulk { name: 'names_cache' gfp_mask: 0xcc0 object_count: 4 first_store_as: "
          "65532 }"),
      "4");
  EXPECT_EQ(Slot(9), 4U);
  for (std::uint32_t slot = 65533; slot <= 65535; ++slot) EXPECT_EQ(Slot(slot), Slot(slot - 1) + 4096);
  EXPECT_EQ(Refusal("kmem_cache_alloc_bulk { name: 'names_cache' object_count: 4 first_store_as: 65533 }"),
            "first_store_as is 65533 and object_count is 4; slots are 1 to 65535");
  EXPECT_EQ(Ask("kmem_cache_alloc_bulk { name: 'names_cache' object_count: 1 }"), "refused: FIELD_INVALID");
  EXPECT_EQ(Refusal("store_as: 12 kmem_cache_alloc_bulk { name: 'names_cache' object_count: 3 first_store_as: 10 }"),
            "store_as is 12, where first_store_as and object_count put an object; write another");
  EXPECT_EQ(Ask("store_as: 13 kmem_cache_alloc_bulk { name: 'names_cache' object_count: 0 first_store_as: 13 }"), "0");
  EXPECT_EQ(Ask("kmem_cache_alloc_bulk { name: 'names_cache' }"), "0");
  EXPECT_EQ(Ask("kmem_cache_free_bulk { name: 'names_cache' object_count: 2 first_stored_as: 20 }"),
            "refused: SLOT_UNSET");
  EXPECT_EQ(Refusal("kmem_cache_free_bulk { name: 'names_cache' object_count: 2 first_stored_as: 65535 }"),
            "first_stored_as is 65535 and object_count is 2; slots are 1 to 65535");
  EXPECT_EQ(Refusal("kmem_cache_free_bulk { name: 'names_cache' object_count: 2 first_stored_as: 20 }"),
            "first_stored_as is 20 and object_count is 2, but no call has filled slot 20; give those that an earlier "
            "kmem_cache_alloc_bulk had as first_store_as");
  EXPECT_EQ(Free("kmem_cache_free_bulk { name: 'kmalloc-64' object_count: 4 first_stored_as: 65532 }"),
            "EINVAL: WRONG_CACHE");
  EXPECT_EQ(Ask("kmem_cache_free_bulk { name: 'names_cache' object_count: 4 first_stored_as: 65532 }"), "0");
  EXPECT_EQ(Free("kmem_cache_free_bulk { name: 'names_cache' object_count: 4 first_stored_as: 65532 }"),
            "EINVAL: ALREADY_FREE");
}

TEST_F(SlabCallsTest, EveryMisuseHasItsReason) {
  Ask("store_as: 1 kmem_cache_alloc { name: 'names_cache' gfp_mask: 0xcc0 }");
  EXPECT_EQ(Free("kmem_cache_free { name: 'names_cache' address: 1 address_slot: 1 }"), "EINVAL: NOT_OBJECT_START");
  EXPECT_EQ(Free("kmem_cache_free { name: 'dentry' address_slot: 1 }"), "EINVAL: WRONG_CACHE");
  EXPECT_EQ(Free("kmem_cache_free { name: 'names_cache' address_slot: 1 }"), "0");
  EXPECT_EQ(Free("kmem_cache_free { name: 'names_cache' address_slot: 1 }"), "EINVAL: ALREADY_FREE");
  EXPECT_EQ(Free("kmem_cache_free { name: 'names_cache' }"), "EINVAL: NO_SUCH_OBJECT");
  EXPECT_EQ(Free("kfree { address: 4096 }"), "EINVAL: NO_SUCH_OBJECT");
}

TEST_F(SlabCallsTest, TheKernelsOwnObjectsAreInUse) {
  Ask("store_as: 1 kmem_cache_alloc { name: 'kmem_cache' gfp_mask: 0xcc0 }");
  Ask("kmem_cache_create { name: 'cell' object_size_bytes: 1000 }");
  // The next object of the same slab.
  EXPECT_EQ(Free("kmem_cache_free { name: 'kmem_cache' address: 256 address_slot: 1 }"), "EINVAL: IN_USE");
  EXPECT_EQ(Free("kfree { address: 256 address_slot: 1 }"), "EINVAL: IN_USE");
  EXPECT_EQ(Free("kfree { address_slot: 1 }"), "0");
}

TEST_F(SlabCallsTest, KmallocAndItsLike) {
  EXPECT_EQ(Ask("store_as: 1 kmalloc { size_bytes: 100 gfp_mask: 0xcc0 }").substr(0, 2), "0x");
  EXPECT_EQ(Ask("kmalloc { gfp_mask: 0xcc0 }"), "16");
  EXPECT_EQ(Ask("kmalloc { size_bytes: 4194305 gfp_mask: 0xcc0 }"), "ENOMEM");
  EXPECT_EQ(Ask("store_as: 2 kzalloc { size_bytes: 100 gfp_mask: 0xcc0 }").substr(0, 2), "0x");
  EXPECT_EQ(Slot(2), Slot(1) + 128);
  EXPECT_EQ(Ask("kzalloc { size_bytes: 1 gfp_mask: 4294967296 }"), "refused: FIELD_INVALID");
  Ask("store_as: 3 krealloc { address_slot: 1 size_bytes: 120 gfp_mask: 0xcc0 }");
  EXPECT_EQ(Slot(3), Slot(1));
  Ask("store_as: 3 krealloc { address_slot: 1 size_bytes: 200 gfp_mask: 0xcc0 }");
  EXPECT_NE(Slot(3), Slot(1));
  EXPECT_EQ(Free("krealloc { address_slot: 1 size_bytes: 200 gfp_mask: 0xcc0 }"), "EINVAL: ALREADY_FREE");
  EXPECT_EQ(Ask("krealloc { address_slot: 3 size_bytes: 8388608 gfp_mask: 0xcc0 }"), "ENOMEM");
  EXPECT_EQ(Free("kfree { address_slot: 3 }"), "0");
  EXPECT_EQ(Free("kfree {}"), "0");
  EXPECT_EQ(Free("kfree { address: 16 }"), "0");
}

TEST_F(SlabCallsTest, AnswersDifferInTheDigestByTheirReason) {
  const auto digest = [](const std::string& last) {
    const std::unique_ptr<Machine> machine = BootSmallMachine();
    for (const std::string& text : {std::string("store_as: 1 kmem_cache_alloc { name: 'names_cache' }"), last}) {
      v1::Answer answer;
      ExecuteCall(*machine, CallOf(text), answer);
    }
    return machine->AnswerDigest();
  };
  EXPECT_NE(digest("kmem_cache_free { name: 'names_cache' address: 1 address_slot: 1 }"),
            digest("kmem_cache_free { name: 'dentry' address_slot: 1 }"));
}

}  // namespace
}  // namespace memsim
