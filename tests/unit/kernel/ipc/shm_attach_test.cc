// shmat(2), shmdt(2), and what other calls make of attachments. The expected layouts are the host kernel's.

#include "server/kernel/vm/mlock.h"
#include "tests/unit/kernel/ipc/shm_fixture.h"

namespace memsim {
namespace {

class ShmAttachTest : public ShmTest {
 protected:
  // A segment of five pages that is attached at page 0.
  std::int32_t Five() {
    const std::int32_t id = New(5);
    EXPECT_EQ(Attach(id, 0), "A+0");
    return id;
  }
  // Without the segment's name, which is the same in all.
  std::string Layout() {
    std::string maps = mm().Maps();
    const std::string name = " /SYSV00000000";
    for (std::size_t at = maps.find(name); at != std::string::npos; at = maps.find(name)) maps.erase(at, name.size());
    return maps;
  }
};

TEST_F(ShmAttachTest, TheKernelChoosesAPlaceAsMmapDoes) {
  const std::int32_t id = New(3);
  EXPECT_EQ(AttachAt(id, VirtualAddress(0)), Text(kMmapBase - Pages(3)));
  EXPECT_EQ(AttachAt(id, VirtualAddress(0)), Text(kMmapBase - Pages(6)));
  EXPECT_EQ(Attached(id), 2U);
  EXPECT_EQ(DetachAt(kMmapBase - Pages(3)), "OK");
  EXPECT_EQ(DetachAt(kMmapBase - Pages(3)), "EINVAL");
  EXPECT_EQ(DetachAt(kMmapBase - Pages(6)), "OK");
  EXPECT_EQ(Remove(id), "0");
}

TEST_F(ShmAttachTest, AddressesAreChecked) {
  const std::int32_t id = New(5);
  const ByteCount one(1);
  EXPECT_EQ(AttachAt(id, At(0) + one), "EINVAL");
  EXPECT_EQ(AttachAt(id, At(1) - one, kShmRound), "A+0");
  EXPECT_EQ(Attach(id, 4), "EINVAL") << "something is there";
  EXPECT_EQ(AttachAt(id, VirtualAddress(0), kShmRemap), "EINVAL");
  EXPECT_EQ(AttachAt(id, VirtualAddress(1), kShmRemap | kShmRound), "EINVAL");
  EXPECT_EQ(AttachAt(id, VirtualAddress(0x7fffffffe000)), "ENOMEM");
  EXPECT_EQ(AttachAt(id, VirtualAddress(0x7ffffffff000)), "ENOMEM");
  EXPECT_EQ(AttachAt(id, VirtualAddress(0xfffffffffffff000)), "EINVAL") << "the end wraps";
  EXPECT_EQ(AttachAt(id, VirtualAddress(0xffffffffffff0000)), "ENOMEM");
  EXPECT_EQ(AttachAt(id, VirtualAddress(0xfffffffffffff000), kShmRemap), "ENOMEM");
  EXPECT_EQ(AttachAt(-1, At(0) + one), "EINVAL");
  EXPECT_EQ(AttachAt(77, At(100)), "EINVAL");
  EXPECT_EQ(Attached(id), 1U);
  EXPECT_EQ(Attach(id, 100, 0777 | 0x100000), "A+100") << "flags that nobody knows mean nothing";
  EXPECT_EQ(DetachAt(At(100) + one), "EINVAL");
}

TEST_F(ShmAttachTest, RoundedDownToNothingItIsFixedThere) {
  const std::int32_t id = New(1);
  EXPECT_EQ(AttachAt(id, VirtualAddress(1), kShmRound), "0x0");
  EXPECT_EQ(DetachAt(VirtualAddress(0)), "OK");
}

TEST_F(ShmAttachTest, ReadOnlyStaysReadOnly) {
  const std::int32_t id = New(2);
  EXPECT_EQ(Attach(id, 0, kShmReadOnly), "A+0");
  EXPECT_EQ(mm().Maps(), "0..2 r--s /SYSV00000000+0");
  EXPECT_EQ(mm().TryProtect(0, 1, "rw"), "EACCES");
  EXPECT_EQ(mm().TryProtect(0, 2, "rx"), "OK");
  EXPECT_EQ(Attach(id, 10, kShmExec), "A+10");
  EXPECT_EQ(Attach(id, 20, kShmReadOnly | kShmExec), "A+20");
  EXPECT_EQ(Layout(), "0..2 r-xs+0, 10..12 rwxs+0, 20..22 r-xs+0");
}

TEST_F(ShmAttachTest, ALoadMapsOnePageAndForStoresToo) {
  const std::int32_t id = New(4);
  EXPECT_EQ(Attach(id, 0), "A+0");
  EXPECT_EQ(mm().Read(0, 2), "2 minor");
  EXPECT_EQ(mm().Entries(0, 4), "ww..");
  EXPECT_EQ(mm().Write(0, 4), "2 minor");
  // Though all its pages are in memory: there is no fault-around.
  EXPECT_EQ(Attach(id, 10, kShmReadOnly), "A+10");
  EXPECT_EQ(mm().Read(10, 14), "4 minor");
  EXPECT_EQ(mm().Write(10, 11), "0 minor, SIGSEGV 2 at A+10");
  EXPECT_EQ(mm().Books(), "total 8, data 0, stack 0, exec 0, rss 0+0+8");
}

TEST_F(ShmAttachTest, RemapReplacesWhatIsThere) {
  const std::int32_t id = Five();
  EXPECT_EQ(Attach(id, 2, kShmRemap), "A+2");
  EXPECT_EQ(Layout(), "0..2 rw-s+0, 2..7 rw-s+0");
  EXPECT_EQ(Attached(id), 2U);
  EXPECT_EQ(Detach(2), "OK");
  EXPECT_EQ(Layout(), "0..2 rw-s+0");
  EXPECT_EQ(Detach(0), "OK");
}

TEST_F(ShmAttachTest, RemapOverTheLastMappingOfARemovedSegmentKeepsIt) {
  const std::int32_t id = Five();
  EXPECT_EQ(Remove(id), "0");
  EXPECT_EQ(Attach(id, 0, kShmRemap), "A+0");
  EXPECT_EQ(Segment(id), "mode 1600, 1 attached");
  mm().limits()[Resource::kAs].current = 0;
  EXPECT_EQ(Attach(id, 10), "ENOMEM");
  EXPECT_EQ(Segment(id), "mode 1600, 1 attached");
  EXPECT_EQ(Detach(0), "OK");
  EXPECT_EQ(Segment(id), "none");
}

TEST_F(ShmAttachTest, TheFileOfAnEndedSegmentCannotBeMappedAgain) {
  const std::int32_t id = Five();
  EXPECT_EQ(Remove(id), "0");
  const OpenFileId file = mm().VmaAt(0).file;
  // As remap_file_pages does it: over the very mapping that it takes the file from.
  world_.files.Get(file);
  EXPECT_EQ(mm().TryMapFile(0, 5, "rw", file, 0, kMapShared), "EINVAL");
  EXPECT_EQ(mm().Maps(), "");
  EXPECT_EQ(Segment(id), "none");
  world_.files.Put(file);
}

TEST_F(ShmAttachTest, EveryMappingCounts) {
  const std::int32_t id = Five();
  mm().Protect(1, 2, "r");
  EXPECT_EQ(Attached(id), 3U);
  // Cut ones do not become one again, as whoever counts them would lose count; but ends move.
  mm().Protect(1, 2, "rw");
  EXPECT_EQ(Layout(), "0..1 rw-s+0, 1..2 rw-s+1, 2..5 rw-s+2");
  EXPECT_EQ(Attached(id), 3U);
  mm().Unmap(0, 5);
  EXPECT_EQ(Attached(id), 0U);
  EXPECT_EQ(Attach(id, 0), "A+0");
  mm().Protect(0, 2, "r");
  mm().Protect(1, 2, "rw");
  EXPECT_EQ(Layout(), "0..1 r--s+0, 1..5 rw-s+1");
  mm().Protect(1, 2, "r");
  EXPECT_EQ(Layout(), "0..2 r--s+0, 2..5 rw-s+2");
  mm().Protect(0, 3, "rw");
  EXPECT_EQ(Layout(), "0..2 rw-s+0, 2..5 rw-s+2");
  EXPECT_EQ(Attached(id), 2U);
}

TEST_F(ShmAttachTest, AMovedPieceJoinsOneNeighbourWhereItComesBack) {
  const std::int32_t id = Five();
  constexpr std::uint64_t kMove = kMremapMayMove | kMremapFixed;
  EXPECT_EQ(mm().Remap(1, 1, 1, kMove, 80), "A+80");
  EXPECT_EQ(Attached(id), 3U);
  EXPECT_EQ(mm().Remap(80, 1, 1, kMove, 1), "A+1");
  EXPECT_EQ(Layout(), "0..2 rw-s+0, 2..5 rw-s+2");
  EXPECT_EQ(Attached(id), 2U);
  // A second view of the same pages, and an old one that stays empty.
  EXPECT_EQ(mm().Remap(2, 0, 3, kMremapMayMove | kMremapFixed, 40), "A+40");
  EXPECT_EQ(Attached(id), 3U);
  EXPECT_EQ(mm().Remap(2, 3, 3, kMremapMayMove | kMremapDontUnmap, 60), "A+60");
  EXPECT_EQ(Attached(id), 4U);
  mm().Unmap(0, 100);
  EXPECT_EQ(Attached(id), 0U);
}

TEST_F(ShmAttachTest, DetachTakesAllPiecesThatAreInTheirPlace) {
  const std::int32_t id = Five();
  mm().Unmap(2, 3);
  mm().Protect(4, 5, "r");
  EXPECT_EQ(Layout(), "0..2 rw-s+0, 3..4 rw-s+3, 4..5 r--s+4");
  EXPECT_EQ(Detach(3), "EINVAL");
  EXPECT_EQ(Detach(0), "OK");
  EXPECT_EQ(Layout(), "");
  EXPECT_EQ(Attach(id, 0), "A+0");
  mm().Unmap(0, 1);
  EXPECT_EQ(Detach(0), "OK") << "where nothing begins any more";
  EXPECT_EQ(Attached(id), 0U);
}

TEST_F(ShmAttachTest, DetachKnowsAPieceByItsDistanceAlone) {
  const std::int32_t id = Five();
  EXPECT_EQ(mm().Remap(2, 1, 1, kMremapMayMove | kMremapFixed, 80), "A+80");
  EXPECT_EQ(Layout(), "0..2 rw-s+0, 3..5 rw-s+3, 80..81 rw-s+2");
  EXPECT_EQ(Detach(78), "OK");
  EXPECT_EQ(Layout(), "0..2 rw-s+0, 3..5 rw-s+3");
  EXPECT_EQ(Detach(0), "OK");
  EXPECT_EQ(Attached(id), 0U);
}

TEST_F(ShmAttachTest, DetachReachesAsFarAsTheSegment) {
  const std::int32_t id = Five();
  EXPECT_EQ(mm().Remap(0, 5, 9), "A+0");
  EXPECT_EQ(mm().Read(4, 6), "1 minor, SIGBUS 2 at A+5");
  mm().Protect(4, 5, "r");
  EXPECT_EQ(Layout(), "0..4 rw-s+0, 4..5 r--s+4, 5..9 rw-s+5");
  EXPECT_EQ(Detach(0), "OK");
  EXPECT_EQ(Layout(), "5..9 rw-s+5");
  EXPECT_EQ(Attached(id), 1U);
  mm().Unmap(5, 9);
  // One that has only grown goes whole.
  EXPECT_EQ(Attach(id, 0), "A+0");
  EXPECT_EQ(mm().Remap(0, 5, 9), "A+0");
  EXPECT_EQ(Detach(0), "OK");
  EXPECT_EQ(Layout(), "");
}

TEST_F(ShmAttachTest, DetachLeavesOtherAttachmentsThatLieInBetween) {
  const std::int32_t id = Five();
  EXPECT_EQ(Attach(id, 10), "A+10");
  mm().Unmap(2, 3);
  EXPECT_EQ(mm().Remap(12, 1, 1, kMremapMayMove | kMremapFixed, 2), "A+2");
  EXPECT_EQ(Layout(), "0..2 rw-s+0, 2..3 rw-s+2, 3..5 rw-s+3, 10..12 rw-s+0, 13..15 rw-s+3");
  EXPECT_EQ(Detach(0), "OK");
  EXPECT_EQ(Layout(), "2..3 rw-s+2, 10..12 rw-s+0, 13..15 rw-s+3");
  EXPECT_EQ(Attached(id), 3U);
}

TEST_F(ShmAttachTest, OtherMappingsAreNobodysAttachments) {
  FilesStay();
  mm().MapShared(0, 1);
  mm().MapFile(4, 5, "rw", world_.OpenNew("/dev/shm/f", 1, kOpenReadWrite, FileKind::kTmpfs), 0, kMapShared);
  EXPECT_EQ(Detach(0), "EINVAL");
  EXPECT_EQ(Detach(4), "EINVAL");
  EXPECT_EQ(DetachAt(VirtualAddress(0xffffffff80000000)), "EINVAL");
}

TEST_F(ShmAttachTest, AChildIsAttachedToo) {
  const std::int32_t id = Five();
  EXPECT_EQ(mm().Write(0, 1), "1 minor");
  {
    const std::unique_ptr<Program> child = mm().Fork();
    EXPECT_EQ(Attached(id), 2U);
    EXPECT_EQ(child->Write(0, 1), "1 minor") << "fork leaves shared pages to faults";
    EXPECT_EQ(Remove(id), "0");
  }
  EXPECT_EQ(Segment(id), "mode 1600, 1 attached");
  EXPECT_EQ(mm().Advise(0, 5, kMadvDontFork), "OK");
  {
    const std::unique_ptr<Program> child = mm().Fork();
    EXPECT_EQ(child->Maps(), "");
    EXPECT_EQ(Attached(id), 1U);
  }
  EXPECT_EQ(Detach(0), "OK");
  EXPECT_EQ(Segment(id), "none");
}

TEST_F(ShmAttachTest, LimitsAreMmaps) {
  const std::int32_t id = New(5);
  EXPECT_EQ(Text(Mlockall(mm().space(), {mm().limits(), faults_, mm().pkru(), capabilities_}, kMclFuture)), "OK");
  EXPECT_EQ(Attach(id, 0), "A+0");
  EXPECT_EQ(mm().Entries(0, 5), "wwwww");
  EXPECT_EQ(mm().space().statistics().locked_vm, PageCount(5));
  mm().limits()[Resource::kMemlock].current = Pages(9).value();
  capabilities_ = CapabilitySet::None();
  EXPECT_EQ(Attach(id, 10), "EAGAIN");
  mm().limits()[Resource::kAs].current = Pages(9).value();
  capabilities_ = CapabilitySet::All();
  EXPECT_EQ(Attach(id, 10), "ENOMEM");
  EXPECT_EQ(Attached(id), 1U);
}

TEST_F(ShmAttachTest, TheModeSaysWhoMayAttach) {
  const std::int32_t id = New(1, 0640);
  Become({1000, 1000});
  EXPECT_EQ(Attach(id, 0, kShmReadOnly), "EACCES");
  Become({1000, 1000, {0}});
  EXPECT_EQ(Attach(id, 0), "EACCES");
  EXPECT_EQ(Attach(id, 0, kShmReadOnly | kShmExec), "EACCES");
  EXPECT_EQ(Attach(id, 0, kShmReadOnly), "A+0");
  Become({});
  EXPECT_EQ(Set(id, 1000, 1000, 0200), "OK");
  Become({1000, 1000});
  EXPECT_EQ(Attach(id, 10), "EACCES") << "an owner who may only write";
  Become({1001, 1000});
  EXPECT_EQ(Attach(id, 10, kShmReadOnly), "EACCES");
}

TEST_F(ShmAttachTest, TheLastToAttachAndDetachAreTold) {
  const std::int32_t id = New(1);
  EXPECT_EQ(segments_.Find(id)->last, Pid());
  EXPECT_EQ(segments_.Find(id)->creator, Pid(7));
  EXPECT_EQ(segments_.Find(id)->attach_time, 0U);
  world_.environment.current = Pid(8);
  world_.cpus.Idle(Nanoseconds(2'500'000'000));
  EXPECT_EQ(Attach(id, 0), "A+0");
  EXPECT_EQ(segments_.Find(id)->last, Pid(8));
  EXPECT_EQ(segments_.Find(id)->attach_time, ShmSegments::kBootTime + 2);
  EXPECT_EQ(segments_.Find(id)->detach_time, 0U);
  world_.environment.current = Pid(9);
  EXPECT_EQ(Detach(0), "OK");
  EXPECT_EQ(segments_.Find(id)->last, Pid(9));
  EXPECT_EQ(segments_.Find(id)->detach_time, ShmSegments::kBootTime + 2);
}

}  // namespace
}  // namespace memsim
