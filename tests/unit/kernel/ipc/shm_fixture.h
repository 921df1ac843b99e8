// Programs with System V shared memory and users of any kind. Errors read "EINVAL", ids "#0", addresses "A+4".

#ifndef MEMSIM_TESTS_UNIT_KERNEL_IPC_SHM_FIXTURE_H_
#define MEMSIM_TESTS_UNIT_KERNEL_IPC_SHM_FIXTURE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gtest/gtest.h"

#include "server/kernel/ipc/ipc_caller.h"
#include "server/kernel/ipc/shm_attach.h"
#include "server/kernel/ipc/shm_flags.h"
#include "server/kernel/ipc/shm_segments.h"
#include "server/kernel/ipc/shmctl.h"
#include "tests/unit/kernel/vm/program.h"

namespace memsim {

// Whose effective user and group are the same as the real ones.
struct User {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::vector<std::uint32_t> groups = {};
};
inline constexpr std::uint32_t kRoot = 0;

class ShmTest : public ProgramTest {
 protected:
  ShmTest() {
    world_.environment.shm_mappings = &segments_;
    world_.environment.current = Pid(7);
  }
  void TearDown() override {
    Become({});
    std::vector<std::int32_t> ids;
    segments_.ForEach([&ids](const ShmSegment& segment) { ids.push_back(segment.permission.id); });
    for (const std::int32_t id : ids) EXPECT_EQ(Remove(id), "0");
    ProgramTest::TearDown();
    segments_.CheckInvariants();
    EXPECT_EQ(segments_.usage().segments, 0U);
  }

  // --- Who calls from now on: root until somebody else does.
  void Become(const User& user) { user_ = user; }

  // --- The calls, of the fixture's program unless another is named.
  std::string Get(std::int32_t key, ByteCount size, std::uint32_t flags) {
    const VmCaller memory = Memory();
    const ErrnoOr<std::int32_t> id = segments_.Get(Caller(memory), mm().space(), key, size, flags);
    Check();
    return id.ok() ? absl::StrCat("#", *id) : Text(id.error());
  }
  // A segment without a key.
  std::int32_t New(std::uint64_t pages, std::uint32_t flags = 0600) {
    const VmCaller memory = Memory();
    const ErrnoOr<std::int32_t> id = segments_.Get(Caller(memory), mm().space(), kIpcPrivate, Pages(pages), flags);
    EXPECT_TRUE(id.ok());
    return *id;
  }
  std::string AttachAt(Program& program, std::int32_t id, VirtualAddress address, std::uint32_t flags = 0) {
    const VmCaller memory = Memory();
    const std::string place = Text(Shmat(segments_, program.space(), Caller(memory), id, address, flags));
    Check();
    return place;
  }
  std::string AttachAt(std::int32_t id, VirtualAddress address, std::uint32_t flags = 0) {
    return AttachAt(mm(), id, address, flags);
  }
  std::string Attach(std::int32_t id, std::uint64_t page, std::uint32_t flags = 0) {
    return AttachAt(id, At(page), flags);
  }
  std::string DetachAt(VirtualAddress address) {
    const std::string result = Text(Shmdt(mm().space(), address));
    Check();
    return result;
  }
  std::string Detach(std::uint64_t page) { return DetachAt(At(page)); }
  ErrnoOr<ShmctlResult> Control(const ShmctlArguments& arguments) {
    const VmCaller memory = Memory();
    const ErrnoOr<ShmctlResult> result = Shmctl(segments_, Caller(memory), arguments);
    Check();
    return result;
  }
  // "0", or the index or id that it returns.
  std::string Control(std::int32_t id, ShmCommand command) {
    const ErrnoOr<ShmctlResult> result = Control(ShmctlArguments{id, static_cast<std::int32_t>(command)});
    return result.ok() ? absl::StrCat(result->returned) : Text(result.error());
  }
  std::string Remove(std::int32_t id) { return Control(id, ShmCommand::kIpcRemove); }
  std::string Set(std::int32_t id, std::uint32_t uid, std::uint32_t gid, std::uint32_t mode) {
    const auto command = static_cast<std::int32_t>(ShmCommand::kIpcSet);
    return Text(Control(ShmctlArguments{id, command, false, uid, gid, mode}).error());
  }

  // --- Looking in
  // "mode 600, 2 attached"; "none".
  std::string Segment(std::int32_t id) {
    const ShmSegment* segment = segments_.Find(id);
    if (segment == nullptr) return "none";
    return absl::StrFormat("mode %o, %u attached", segment->permission.mode, segment->attach_count);
  }
  std::uint64_t Attached(std::int32_t id) { return segments_.Find(id)->attach_count; }

  // Of root; others have none.
  CapabilitySet capabilities_ = CapabilitySet::All();
  FaultTally faults_;
  ShmSegments segments_{world_.environment};

 private:
  VmCaller Memory() {
    return {mm().limits(), faults_, mm().pkru(), user_.uid == kRoot ? capabilities_ : CapabilitySet::None()};
  }
  IpcCaller Caller(const VmCaller& memory) const {
    return {memory, Pid(7), user_.uid, user_.uid, user_.gid, user_.gid, user_.groups};
  }
  void Check() {
    segments_.CheckInvariants();
    world_.Check();
  }

  User user_;
};

}  // namespace memsim

#endif  // MEMSIM_TESTS_UNIT_KERNEL_IPC_SHM_FIXTURE_H_
