#include "client/cli/answer_text.h"

#include "gtest/gtest.h"

#include "memsim/v1/error_reason.pb.h"

namespace memsim::cli {
namespace {

v1::Answer Value(std::uint64_t value) {
  v1::Answer answer;
  answer.set_value(value);
  return answer;
}

v1::Answer Errno(int number) {
  v1::Answer answer;
  answer.set_error_number(number);
  return answer;
}

TEST(AnswerTextTest, ValuesAreShownAsWhatTheyAre) {
  EXPECT_EQ(AnswerText("mmap", Value(0x7ffff7dc0000)), "mmap: 0x7ffff7dc0000");
  EXPECT_EQ(AnswerText("brk", Value(0)), "brk: 0x0");
  EXPECT_EQ(AnswerText("munmap", Value(0)), "munmap: ok");
  EXPECT_EQ(AnswerText("fork", Value(17)), "fork: pid 17");
  EXPECT_EQ(AnswerText("wait4", Value(0)), "wait4: no process");
  EXPECT_EQ(AnswerText("touch", Value(16)), "touch: 16 minor faults");
  EXPECT_EQ(AnswerText("touch", Value(1)), "touch: 1 minor fault");
  EXPECT_EQ(AnswerText("alloc_pages", Value(4096)), "alloc_pages: frame 4096");
  EXPECT_EQ(AnswerText("open", Value(3)), "open: descriptor 3");
  EXPECT_EQ(AnswerText("write", Value(1)), "write: 1 byte");
  EXPECT_EQ(AnswerText("lseek", Value(100)), "lseek: offset 100");
  EXPECT_EQ(AnswerText("a_call_of_tomorrow", Value(5)), "a_call_of_tomorrow: 5");
}

TEST(AnswerTextTest, ErrorsHaveTheirNameAndTheirMeaning) {
  EXPECT_EQ(AnswerText("mmap", Errno(12)), "mmap: ENOMEM (Cannot allocate memory)");
  EXPECT_FALSE(Succeeded(Errno(12)));
  EXPECT_TRUE(Succeeded(Value(0)));
}

TEST(AnswerTextTest, LanesSucceedWhenEachOfTheirCallsDoes) {
  v1::Answer answer;
  *answer.mutable_concurrent()->add_lanes()->add_answers() = Value(1);
  v1::LaneAnswer& lane = *answer.mutable_concurrent()->add_lanes();
  *lane.add_answers() = Value(0);
  EXPECT_TRUE(Succeeded(answer));
  *lane.add_answers() = Errno(12);
  EXPECT_FALSE(Succeeded(answer));
}

TEST(AnswerTextTest, SignalsHaveTheirNameCodeAndAddress) {
  v1::Answer answer;
  answer.mutable_signal()->set_number(11);
  answer.mutable_signal()->set_code(1);
  answer.mutable_signal()->set_address(0x1000);
  EXPECT_EQ(AnswerText("touch", answer), "touch: SIGSEGV (SEGV_MAPERR at 0x1000)");
  EXPECT_FALSE(Succeeded(answer));
  answer.set_value(3);
  EXPECT_EQ(AnswerText("touch", answer), "touch: SIGSEGV (SEGV_MAPERR at 0x1000) after 3 minor faults");
}

TEST(AnswerTextTest, BytesAreShownAsHexdumpShowsThem) {
  v1::Answer answer = Value(40);
  answer.mutable_loaded()->set_data("hello, world\n" + std::string(25, '\0') + "\x7f\xff");
  answer.mutable_loaded()->set_minor_faults(2);
  EXPECT_EQ(AnswerText("load", answer),
            "load: 40 bytes, 2 minor faults\n"
            "00000000  68 65 6c 6c 6f 2c 20 77  6f 72 6c 64 0a 00 00 00  |hello, world....|\n"
            "00000010  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|\n"
            "00000020  00 00 00 00 00 00 7f ff                           |........|");
  answer.mutable_loaded()->set_data(std::string(80, 'a'));
  answer.mutable_loaded()->set_minor_faults(0);
  EXPECT_EQ(AnswerText("read", answer),
            "read: 80 bytes\n00000000  61 61 61 61 61 61 61 61  61 61 61 61 61 61 61 61  |aaaaaaaaaaaaaaaa|\n*");
  v1::Answer stored = Value(3);
  EXPECT_EQ(AnswerText("store", stored), "store: 3 bytes");
  stored.mutable_fault_counts()->set_minor_faults(1);
  EXPECT_EQ(AnswerText("store", stored), "store: 3 bytes, 1 minor fault");
  stored.mutable_signal()->set_number(11);
  stored.mutable_signal()->set_code(1);
  stored.mutable_signal()->set_address(4096);
  EXPECT_EQ(AnswerText("store", stored), "store: SIGSEGV (SEGV_MAPERR at 0x1000) after 3 bytes, 1 minor fault");
}

TEST(AnswerTextTest, DetailsAreTold) {
  v1::Answer faults = Value(2);
  faults.mutable_fault_counts()->set_minor_faults(2);
  faults.mutable_fault_counts()->set_major_faults(1);
  EXPECT_EQ(AnswerText("touch", faults), "touch: 2 minor faults, 1 major fault");

  v1::Answer limit;
  limit.mutable_resource_limit()->set_current(8 << 20);
  limit.mutable_resource_limit()->set_maximum(UINT64_MAX);
  EXPECT_EQ(AnswerText("prlimit64", limit), "prlimit64: current 8 MiB, maximum unlimited");

  v1::Answer misuse;
  misuse.mutable_misuse()->set_reason(v1::ERROR_REASON_SLOT_UNSET);
  misuse.mutable_misuse()->set_message("slot 3 is empty");
  EXPECT_EQ(AnswerText("munmap", misuse), "munmap: not executed: SLOT_UNSET: slot 3 is empty");
  EXPECT_FALSE(Succeeded(misuse));
}

TEST(AnswerTextTest, EveryRefusalToFreeHasItsWords) {
  for (int i = 1; i < v1::FreeRefusal_ARRAYSIZE; ++i) {
    v1::Answer answer = Errno(22);
    answer.set_free_refusal(static_cast<v1::FreeRefusal>(i));
    EXPECT_EQ(AnswerText("free_pages", answer).find("does not know"), std::string::npos) << i;
  }
  v1::Answer answer = Errno(22);
  answer.set_free_refusal(v1::FREE_REFUSAL_ALREADY_FREE);
  EXPECT_EQ(AnswerText("free_pages", answer), "free_pages: EINVAL (the frame is free already)");
}

TEST(AnswerTextTest, CachesAndObjectsHaveTheirWords) {
  for (int i = 1; i < v1::SlabRefusal_ARRAYSIZE; ++i) {
    v1::Answer answer = Errno(22);
    answer.set_slab_refusal(static_cast<v1::SlabRefusal>(i));
    EXPECT_EQ(AnswerText("kfree", answer).find("does not know"), std::string::npos) << i;
  }
  v1::Answer answer = Errno(22);
  answer.set_slab_refusal(v1::SLAB_REFUSAL_ALREADY_FREE);
  EXPECT_EQ(AnswerText("kfree", answer), "kfree: EINVAL (the object is free already)");
  answer = Errno(16);
  answer.set_live_objects(1);
  EXPECT_EQ(AnswerText("kmem_cache_destroy", answer), "kmem_cache_destroy: EBUSY (it still has 1 object)");
  EXPECT_EQ(AnswerText("kmem_cache_create", Value(236)), "kmem_cache_create: cache 236");
  EXPECT_EQ(AnswerText("kmem_cache_alloc_bulk", Value(32)), "kmem_cache_alloc_bulk: 32 objects");
}

TEST(AnswerTextTest, PoliciesAndCaches) {
  v1::Answer answer;
  answer.mutable_memory_policy()->set_policy(0x8002);
  EXPECT_EQ(AnswerText("get_mempolicy", answer), "get_mempolicy: MPOL_BIND|MPOL_F_STATIC_NODES");
  answer.mutable_memory_policy()->add_nodemask(5);
  EXPECT_EQ(AnswerText("get_mempolicy", answer), "get_mempolicy: MPOL_BIND|MPOL_F_STATIC_NODES, nodes 0x5");
  answer.mutable_memory_policy()->add_nodemask(1);
  EXPECT_EQ(AnswerText("get_mempolicy", answer),
            "get_mempolicy: MPOL_BIND|MPOL_F_STATIC_NODES, nodes 0x10000000000000005");
  answer.mutable_memory_policy()->clear_nodemask();
  answer.mutable_memory_policy()->set_node(0);
  EXPECT_EQ(AnswerText("get_mempolicy", answer), "get_mempolicy: node 0");
  answer.mutable_cache_stat()->set_nr_cache(12);
  answer.mutable_cache_stat()->set_nr_dirty(3);
  EXPECT_EQ(AnswerText("cachestat", answer), "cachestat: 12 pages in memory, 3 dirty");
}

TEST(AnswerTextTest, SegmentsOfSharedMemory) {
  v1::Answer answer;
  v1::ShmidDs& segment = *answer.mutable_shmid_ds();
  segment.set_mode(01640);
  segment.set_size_bytes(4096);
  segment.set_creator_pid(2);
  EXPECT_EQ(AnswerText("shmctl", answer), "shmctl: uid 0, gid 0, mode 1640, 4096 bytes, 0 attachments, made by pid 2");
  answer.set_value(32768);
  segment.set_key(-7);
  segment.set_uid(5);
  segment.set_mode(0600);
  segment.set_attach_count(1);
  segment.set_last_pid(3);
  EXPECT_EQ(AnswerText("shmctl", answer),
            "shmctl: id 32768, uid 5, gid 0, mode 0600, key -7, 4096 bytes, 1 attachment, made by pid 2, used last by "
            "pid 3");
  answer.mutable_shm_usage()->set_segments(2);
  answer.mutable_shm_usage()->set_pages(10);
  EXPECT_EQ(AnswerText("shmctl", answer), "shmctl: 2 segments, 10 pages, 0 of them in memory");
  v1::ShmLimits& limits = *answer.mutable_shm_limits();
  limits.set_max_segments(4096);
  limits.set_min_size_bytes(1);
  limits.set_max_size_bytes(100);
  limits.set_max_pages(9);
  EXPECT_EQ(AnswerText("shmctl", answer), "shmctl: at most 4096 segments of 1 to 100 bytes, 9 pages in all");
}

}  // namespace
}  // namespace memsim::cli
