// A small machine with one process, and what it tells of, as lines.

#ifndef MEMSIM_TESTS_UNIT_KERNEL_TRACED_MACHINE_H_
#define MEMSIM_TESTS_UNIT_KERNEL_TRACED_MACHINE_H_

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

#include "server/kernel/machine.h"
#include "server/kernel/procfs/event_text.h"
#include "server/kernel/vm/mman_flags.h"

namespace memsim {

inline constexpr std::uint64_t kReadWrite = kProtRead | kProtWrite;
inline constexpr std::uint64_t kPrivateAnonymous = kMapPrivate | kMapAnonymous;

class TracedMachine : public testing::Test {
 protected:
  TracedMachine() {
    MachineSpec spec;
    spec.address_randomization = AddressRandomization::kOff;
    spec.memory = ByteCount(64ULL << 20);
    spec.cpu_count = 2;
    machine_ = *Machine::Create(spec);
    pid_ = *machine_->Spawn("test");
    machine_->BeginCall(std::nullopt);
  }
  ~TracedMachine() override { machine_->CheckInvariants(); }

  void Listen(std::initializer_list<absl::string_view> patterns) {
    TracepointSet points;
    for (const absl::string_view pattern : patterns) points |= MatchTracepoints(pattern);
    machine_->ListenTo(points);
  }

  // "brk: brk: 0x00000000", a line an event, without the system.
  std::vector<std::string> Take() {
    const TraceBatch batch = machine_->TakeEvents();
    std::vector<std::string> lines;
    for (const TraceRecord& record : batch.records) {
      lines.push_back(absl::StrCat(InfoOf(record.point).name, ": ", EventText(batch, record)));
    }
    return lines;
  }

  VirtualAddress Map(std::uint64_t pages, std::uint64_t prot = kReadWrite, std::uint64_t flags = kPrivateAnonymous) {
    const auto address =
        machine_->Mmap(pid_, VirtualAddress(0), ToBytes(PageCount(pages)), prot, flags, -1, ByteCount(0));
    EXPECT_TRUE(address.ok()) << ErrnoName(address.error());
    machine_->CheckInvariants();
    return *address;
  }

  std::unique_ptr<Machine> machine_;
  Pid pid_;
};

}  // namespace memsim

#endif  // MEMSIM_TESTS_UNIT_KERNEL_TRACED_MACHINE_H_
