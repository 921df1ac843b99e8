#include "tests/conformance/differential/calls.h"

#include <sys/syscall.h>

#include <algorithm>
#include <optional>
#include <string>

#include "server/base/check.h"

namespace memsim::differential {
namespace {

// Newer than the C library's headers.
constexpr int kSysMseal = 462;

using Arguments = std::array<std::uint64_t, 6>;
using K = ArgumentKind;

std::int64_t Value(Errno error) { return -static_cast<std::int64_t>(error); }
std::int64_t Value(const ErrnoOr<VirtualAddress>& address) {
  return address.ok() ? static_cast<std::int64_t>(address->value()) : Value(address.error());
}
std::int64_t Value(const ErrnoOr<ByteCount>& count) {
  return count.ok() ? static_cast<std::int64_t>(count->value()) : Value(count.error());
}
std::int64_t Value(const ErrnoOr<std::uint64_t>& number) {
  return number.ok() ? static_cast<std::int64_t>(*number) : Value(number.error());
}

// NULL.
constexpr VirtualAddress kNowhere{0};

int Descriptor(std::uint64_t argument) { return static_cast<int>(argument); }

std::int64_t Prlimit(Machine& machine, Pid pid, const Arguments& a) {
  const ErrnoOr<ResourceLimit> old =
      machine.Prlimit64(pid, static_cast<std::uint32_t>(a[0]), ResourceLimit{a[1], a[2]});
  return old.ok() ? 0 : Value(old.error());
}

// prlimit64(0, resource, &limit, NULL): the limit lies where the last two arguments do, which nobody looks at.
void LowerPrlimit(NativeRequest& request, std::uint64_t request_address) {
  std::uint64_t* const a = request.arguments;
  a[4] = a[1];
  a[5] = a[2];
  a[1] = a[0];
  a[0] = 0;
  a[2] = request_address + offsetof(NativeRequest, arguments) + 4 * sizeof(a[0]);
  a[3] = 0;
}

// In the order of their names; weights in about the proportion in which they find wrong rules.
constexpr CallRow kCalls[] = {
    {"@touch_read", CallKind::kRead, 0, 90, {K::kAddress, K::kTouchedPages}, nullptr},
    {"@touch_write", CallKind::kWrite, 0, 160, {K::kAddress, K::kTouchedPages}, nullptr},
    {"brk",
     CallKind::kSystemCall,
     SYS_brk,
     40,
     {K::kBreak},
     [](Machine& machine, Pid pid, const Arguments& a) { return Value(machine.Brk(pid, VirtualAddress(a[0]))); }},
    {"exit_group", CallKind::kExit, 0, 8, {}, nullptr},
    {"fork", CallKind::kFork, 0, 25, {}, nullptr},
    {"ftruncate",
     CallKind::kSystemCall,
     SYS_ftruncate,
     20,
     {K::kDescriptor, K::kFileLength},
     [](Machine& machine, Pid pid, const Arguments& a) {
       return Value(machine.Ftruncate(pid, Descriptor(a[0]), ByteCount(a[1])));
     }},
    {"get_mempolicy",
     CallKind::kSystemCall,
     SYS_get_mempolicy,
     12,
     {K::kNull, K::kNull, K::kNull, K::kAddress, K::kPolicyQuestion},
     [](Machine& machine, Pid pid, const Arguments& a) {
       return Value(machine.GetMempolicy(pid, {kNowhere, kNowhere, 0, VirtualAddress(a[3]), a[4]}).error);
     }},
    {"madvise",
     CallKind::kSystemCall,
     SYS_madvise,
     100,
     {K::kAddress, K::kLength, K::kAdvice},
     [](Machine& machine, Pid pid, const Arguments& a) {
       return Value(machine.Madvise(pid, VirtualAddress(a[0]), ByteCount(a[1]), static_cast<int>(a[2])));
     }},
    {"mbind",
     CallKind::kSystemCall,
     SYS_mbind,
     30,
     {K::kAddress, K::kLength, K::kPolicyMode, K::kNull, K::kNull, K::kBindFlags},
     [](Machine& machine, Pid pid, const Arguments& a) {
       return Value(machine.Mbind(pid, {VirtualAddress(a[0]),
                                        ByteCount(a[1]),
                                        static_cast<std::uint32_t>(a[2]),
                                        {kNowhere, {}, 0},
                                        static_cast<std::uint32_t>(a[5])}));
     }},
    {"mlock",
     CallKind::kSystemCall,
     SYS_mlock,
     30,
     {K::kAddress, K::kLength},
     [](Machine& machine, Pid pid, const Arguments& a) {
       return Value(machine.Mlock(pid, VirtualAddress(a[0]), ByteCount(a[1])));
     }},
    {"mlock2",
     CallKind::kSystemCall,
     SYS_mlock2,
     20,
     {K::kAddress, K::kLength, K::kMlock2Flags},
     [](Machine& machine, Pid pid, const Arguments& a) {
       return Value(machine.Mlock2(pid, VirtualAddress(a[0]), ByteCount(a[1]), a[2]));
     }},
    {"mlockall",
     CallKind::kSystemCall,
     SYS_mlockall,
     8,
     {K::kMlockallFlags},
     [](Machine& machine, Pid pid, const Arguments& a) { return Value(machine.Mlockall(pid, a[0])); }},
    {"mmap",
     CallKind::kSystemCall,
     SYS_mmap,
     200,
     {K::kAddress, K::kLength, K::kProtection, K::kMapFlags, K::kMappedDescriptor, K::kOffset},
     [](Machine& machine, Pid pid, const Arguments& a) {
       return Value(
           machine.Mmap(pid, VirtualAddress(a[0]), ByteCount(a[1]), a[2], a[3], Descriptor(a[4]), ByteCount(a[5])));
     }},
    {"mprotect",
     CallKind::kSystemCall,
     SYS_mprotect,
     110,
     {K::kAddress, K::kLength, K::kProtection},
     [](Machine& machine, Pid pid, const Arguments& a) {
       return Value(machine.Mprotect(pid, VirtualAddress(a[0]), ByteCount(a[1]), a[2]));
     }},
    {"mremap",
     CallKind::kSystemCall,
     SYS_mremap,
     100,
     {K::kAddress, K::kLength, K::kLength, K::kRemapFlags, K::kAddress},
     [](Machine& machine, Pid pid, const Arguments& a) {
       return Value(
           machine.Mremap(pid, VirtualAddress(a[0]), ByteCount(a[1]), ByteCount(a[2]), a[3], VirtualAddress(a[4])));
     }},
    {"mseal",
     CallKind::kSystemCall,
     kSysMseal,
     4,
     {K::kAddress, K::kLength, K::kNoFlags},
     [](Machine& machine, Pid pid, const Arguments& a) {
       return Value(machine.Mseal(pid, VirtualAddress(a[0]), ByteCount(a[1]), a[2]));
     }},
    {"msync",
     CallKind::kSystemCall,
     SYS_msync,
     8,
     {K::kAddress, K::kLength, K::kSyncFlags},
     [](Machine& machine, Pid pid, const Arguments& a) {
       return Value(machine.Msync(pid, VirtualAddress(a[0]), ByteCount(a[1]), a[2]));
     }},
    {"munlock",
     CallKind::kSystemCall,
     SYS_munlock,
     20,
     {K::kAddress, K::kLength},
     [](Machine& machine, Pid pid, const Arguments& a) {
       return Value(machine.Munlock(pid, VirtualAddress(a[0]), ByteCount(a[1])));
     }},
    {"munlockall",
     CallKind::kSystemCall,
     SYS_munlockall,
     5,
     {},
     [](Machine& machine, Pid pid, const Arguments&) { return Value(machine.Munlockall(pid)); }},
    {"munmap",
     CallKind::kSystemCall,
     SYS_munmap,
     80,
     {K::kAddress, K::kLength},
     [](Machine& machine, Pid pid, const Arguments& a) {
       return Value(machine.Munmap(pid, VirtualAddress(a[0]), ByteCount(a[1])));
     }},
    {"personality",
     CallKind::kSystemCall,
     SYS_personality,
     4,
     {K::kPersona},
     [](Machine& machine, Pid pid, const Arguments& a) {
       return Value(machine.SetPersonality(pid, static_cast<std::uint32_t>(a[0])));
     }},
    {"prctl",
     CallKind::kSystemCall,
     SYS_prctl,
     4,
     {K::kPrctlOption, K::kPrctlArgument},
     [](Machine& machine, Pid pid, const Arguments& a) {
       return Value(machine.Prctl(pid, static_cast<int>(a[0]), {a[1], a[2], a[3], a[4]}));
     }},
    {"prlimit64",
     CallKind::kSystemCall,
     SYS_prlimit64,
     12,
     {K::kResource, K::kLimit, K::kHardLimit},
     Prlimit,
     LowerPrlimit},
    {"pwrite64",
     CallKind::kSystemCall,
     SYS_pwrite64,
     15,
     {K::kDescriptor, K::kBuffer, K::kWriteLength, K::kFileLength},
     [](Machine& machine, Pid pid, const Arguments& a) {
       return Value(machine.Write(pid, Descriptor(a[0]), ByteCount(a[2]), ByteCount(a[3]),
                                  std::string(std::min(a[2], kPageSize.value()), kWrittenByte)));
     }},
    {"remap_file_pages",
     CallKind::kSystemCall,
     SYS_remap_file_pages,
     15,
     {K::kAddress, K::kLength, K::kNoFlags, K::kPageOffset, K::kMapFlags},
     [](Machine& machine, Pid pid, const Arguments& a) {
       return Value(machine.RemapFilePages(pid, VirtualAddress(a[0]), ByteCount(a[1]), a[2], PageOffset(a[3]), a[4]));
     }},
    {"set_mempolicy",
     CallKind::kSystemCall,
     SYS_set_mempolicy,
     4,
     {K::kPolicyMode, K::kNull, K::kNull},
     [](Machine& machine, Pid pid, const Arguments& a) {
       return Value(machine.SetMempolicy(pid, static_cast<std::uint32_t>(a[0]), {kNowhere, {}, 0}));
     }},
    {"wait4",
     CallKind::kWait,
     SYS_wait4,
     10,
     {},
     nullptr,
     [](NativeRequest& request, std::uint64_t) {
       request.arguments[0] = ~0ULL;
       // WNOHANG.
       request.arguments[2] = 1;
     }},
};

}  // namespace

absl::Span<const CallRow> Calls() { return kCalls; }

std::size_t FindCall(absl::string_view name) {
  for (std::size_t i = 0; i < std::size(kCalls); ++i) {
    if (name == kCalls[i].name) return i;
  }
  MEMSIM_CHECK(false);
}

}  // namespace memsim::differential
