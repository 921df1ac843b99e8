// The machine lives on itself: what the kernel keeps of tasks, memory and files are objects of its own caches.

#include <cstdint>
#include <map>
#include <string>

#include "gtest/gtest.h"

#include "server/kernel/machine_state.h"
#include "server/kernel/vm/mman_flags.h"
#include "server/kernel/vm/mmap.h"
#include "server/kernel/vm/munmap.h"
#include "server/kernel/vm/page_fault.h"

namespace memsim {
namespace {

// By cache, how many objects more than before.
using ObjectChange = std::map<std::string, std::int64_t>;

class KernelObjectsTest : public testing::Test {
 protected:
  KernelObjectsTest() : state_(SmallSpec()) {
    EXPECT_TRUE(state_.Boot().ok());
    Changed();
  }
  static MachineSpec SmallSpec() {
    MachineSpec spec;
    spec.memory = ByteCount(64ULL << 20);
    return spec;
  }
  // Since the last time that it was asked. The kernel's own small change (kmalloc: the CPUs' sheaves) aside.
  ObjectChange Changed() {
    state_.CheckInvariants();
    ObjectChange change;
    state_.slabs.ForEachCache([&](CacheId cache) {
      const std::string name(state_.slabs.definition(cache).name);
      if (name.rfind("kmalloc-", 0) == 0) return;
      const auto held = static_cast<std::int64_t>(state_.slabs.held_objects(cache));
      if (held != held_[name]) change[name] = held - held_[name];
      held_[name] = held;
    });
    return change;
  }
  MachineState::Caller Enter(Pid pid) { return *state_.Enter(pid); }
  VirtualAddress Map(Pid pid, std::uint64_t pages, std::uint64_t prot = kProtRead | kProtWrite) {
    const MachineState::Caller caller = Enter(pid);
    return *Mmap(
        caller.space, caller.memory,
        {VirtualAddress(0), ToBytes(PageCount(pages)), prot, kMapPrivate | kMapAnonymous, OpenFileId(), PageOffset(0)});
  }
  void Write(Pid pid, VirtualAddress address) {
    const MachineState::Caller caller = Enter(pid);
    TouchProgress progress;
    progress.next = address;
    progress.left = PageCount(1);
    progress.kind = AccessKind::kWrite;
    EXPECT_EQ(Touch(caller.space, caller.memory, progress), TouchStatus::kDone);
  }

  MachineState state_;
  std::map<std::string, std::int64_t> held_;
};

TEST_F(KernelObjectsTest, ATaskIsMadeOfObjectsAndGivesThemBackWhenItIsWaitedFor) {
  const Pid pid = *state_.tasks.Spawn("a");
  // cred is the same cache as pid, and fs_cache the same as anon_vma_chain: Linux merges what is alike.
  const ObjectChange spawned = {{"task_struct", 1}, {"pid", 2},       {"signal_cache", 1},  {"sighand_cache", 1},
                                {"files_cache", 1}, {"mm_struct", 1}, {"anon_vma_chain", 1}};
  EXPECT_EQ(Changed(), spawned);
  const Pid child = *state_.tasks.Clone(pid, 0);
  EXPECT_EQ(Changed(), spawned) << "a fork of nothing copies nothing more";
  ASSERT_EQ(state_.tasks.ExitGroup(child, 0), Errno::kOk);
  EXPECT_EQ(Changed(), (ObjectChange{{"files_cache", -1}, {"mm_struct", -1}, {"anon_vma_chain", -1}}));
  ASSERT_EQ(*state_.tasks.Wait4(pid, child), child);
  EXPECT_EQ(Changed(), (ObjectChange{{"task_struct", -1}, {"pid", -2}, {"signal_cache", -1}, {"sighand_cache", -1}}));
}

TEST_F(KernelObjectsTest, AThreadSharesWhatCloneSays) {
  const Pid pid = *state_.tasks.Spawn("a");
  Changed();
  // VM, FS, FILES, SIGHAND and THREAD, as pthread_create asks.
  ASSERT_TRUE(state_.tasks.Clone(pid, 0x10f00).ok());
  EXPECT_EQ(Changed(), (ObjectChange{{"task_struct", 1}, {"pid", 2}}));
}

TEST_F(KernelObjectsTest, MappingsAndTheirAnonVmasAreObjects) {
  const Pid pid = *state_.tasks.Spawn("a");
  Changed();
  const VirtualAddress first = Map(pid, 4);
  EXPECT_EQ(Changed(), (ObjectChange{{"vm_area_struct", 1}, {"maple_node", 1}}));
  Write(pid, first);
  EXPECT_EQ(Changed(), (ObjectChange{{"anon_vma", 1}, {"anon_vma_chain", 1}}));
  Write(pid, first + kPageSize);
  EXPECT_EQ(Changed(), ObjectChange()) << "the second page needs nothing new";
  // A cut in the middle makes two of one, which share the anon_vma.
  ASSERT_EQ(Munmap(Enter(pid).space, first + kPageSize, kPageSize), Errno::kOk);
  EXPECT_EQ(Changed(), (ObjectChange{{"vm_area_struct", 1}, {"anon_vma_chain", 1}}));
  ASSERT_EQ(Munmap(Enter(pid).space, first, ToBytes(PageCount(4))), Errno::kOk);
  EXPECT_EQ(Changed(),
            (ObjectChange{{"vm_area_struct", -2}, {"anon_vma_chain", -2}, {"anon_vma", -1}, {"maple_node", -1}}));
}

TEST_F(KernelObjectsTest, AForkedMappingHasAnAnonVmaOfItsOwnAndALinkToItsParents) {
  const Pid pid = *state_.tasks.Spawn("a");
  Write(pid, Map(pid, 1));
  Changed();
  ASSERT_TRUE(state_.tasks.Clone(pid, 0).ok());
  const ObjectChange change = Changed();
  EXPECT_EQ(change.at("vm_area_struct"), 1);
  EXPECT_EQ(change.at("anon_vma"), 1);
  EXPECT_EQ(change.at("anon_vma_chain"), 1 + 2) << "fs_struct, and two links";
}

TEST_F(KernelObjectsTest, OpenFilesInodesAndNamesAreObjects) {
  const ErrnoOr<OpenedFile> opened = state_.files.Open("/data", kOpenReadWrite | kOpenCreate);
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(Changed(), (ObjectChange{{"filp", 1}, {"dentry", 1}, {"ext4_inode_cache", 1}}));
  ASSERT_EQ(state_.files.Mknod("/dev/shm/x", FileKind::kTmpfs, ByteCount(0)), Errno::kOk);
  EXPECT_EQ(Changed(), (ObjectChange{{"dentry", 1}, {"shmem_inode_cache", 1}}));
  ASSERT_EQ(state_.files.Unlink("/data"), Errno::kOk);
  EXPECT_EQ(Changed(), ObjectChange()) << "it is open still";
  state_.files.Put(opened->file);
  EXPECT_EQ(Changed(), (ObjectChange{{"filp", -1}, {"dentry", -1}, {"ext4_inode_cache", -1}}));
}

}  // namespace
}  // namespace memsim
