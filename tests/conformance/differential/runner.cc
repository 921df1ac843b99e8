#include "tests/conformance/differential/runner.h"

#include <linux/futex.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include <cerrno>
#include <cstdint>
#include <ctime>

#include "tests/conformance/differential/native_region.h"
#include "tests/conformance/differential/program.h"

// Everything that runs in the region stands in one section, whose ends the linker names.
#define IN_REGION __attribute__((section("region_code"), noinline))
#define INLINE inline __attribute__((always_inline))

extern "C" {
extern const char __start_region_code[];
extern const char __stop_region_code[];
}

namespace memsim::differential {
namespace {

constexpr std::uint64_t kPageBytes = 4096;
// Of no use to anybody after that: the engine is gone.
constexpr std::int64_t kIdleSeconds = 60;
// What rt_sigaction takes.
constexpr std::uint64_t kSaRestorer = 0x04000000;

struct KernelSigaction {
  void (*handler)(int, siginfo_t*, void*);
  std::uint64_t flags;
  void (*restorer)();
  std::uint64_t mask;
};

INLINE std::int64_t Call(std::int64_t number, std::uint64_t a = 0, std::uint64_t b = 0, std::uint64_t c = 0,
                         std::uint64_t d = 0, std::uint64_t e = 0, std::uint64_t f = 0) {
  register std::uint64_t r10 asm("r10") = d;
  register std::uint64_t r8 asm("r8") = e;
  register std::uint64_t r9 asm("r9") = f;
  std::int64_t result = number;
  asm volatile("syscall" : "+a"(result) : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
  return result;
}

template <typename T>
INLINE std::uint64_t Address(T* pointer) {
  return reinterpret_cast<std::uint64_t>(pointer);
}

IN_REGION __attribute__((naked)) void ReturnFromSignal() {
  asm volatile("mov %0, %%eax\n syscall" : : "i"(SYS_rt_sigreturn));
}

// The touch that faulted left its slot and where to go on in registers.
IN_REGION void TakeSignal(int number, siginfo_t* info, void* context) {
  greg_t* registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  NativeResult& result = reinterpret_cast<NativeSlot*>(registers[REG_R12])->result;
  result.signal = number;
  result.signal_code = info->si_code;
  result.signal_address = Address(static_cast<char*>(info->si_addr));
  registers[REG_RIP] = registers[REG_R13];
}

INLINE std::uint8_t LoadByte(NativeSlot* slot, std::uint64_t address) {
  register NativeSlot* r12 asm("r12") = slot;
  std::uint8_t byte = 0;
  asm volatile("lea 1f(%%rip), %%r13\n movb (%1), %0\n 1:" : "+a"(byte) : "r"(address), "r"(r12) : "r13", "memory");
  return byte;
}

INLINE void StoreByte(NativeSlot* slot, std::uint64_t address, std::uint8_t byte) {
  register NativeSlot* r12 asm("r12") = slot;
  asm volatile("lea 1f(%%rip), %%r13\n movb %1, (%0)\n 1:" : : "r"(address), "a"(byte), "r"(r12) : "r13", "memory");
}

INLINE void Wait(std::uint32_t* word, std::uint32_t old) {
  timespec idle;
  idle.tv_sec = kIdleSeconds;
  idle.tv_nsec = 0;
  while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == old) {
    const std::int64_t result = Call(SYS_futex, Address(word), FUTEX_WAIT, old, Address(&idle));
    if (result == -ETIMEDOUT) Call(SYS_exit_group, 1);
  }
}

INLINE void Answer(NativeSlot* slot) {
  __atomic_fetch_add(&slot->answered, 1, __ATOMIC_RELEASE);
  Call(SYS_futex, Address(&slot->answered), FUTEX_WAKE, 1);
}

// mincore fails as a whole where a page is unmapped: then page by page.
INLINE void AskIncore(NativeSlot* slot) {
  constexpr std::uint64_t kAtOnce = 16;
  const NativeRequest& request = slot->request;
  for (std::uint64_t page = 0; page < request.incore_pages; page += kAtOnce) {
    const std::uint64_t left = request.incore_pages - page;
    const std::uint64_t pages = left < kAtOnce ? left : kAtOnce;
    const std::uint64_t start = request.incore_start + page * kPageBytes;
    std::uint8_t* const incore = slot->result.incore + page;
    if (Call(SYS_mincore, start, pages * kPageBytes, Address(incore)) == 0) continue;
    for (std::uint64_t i = 0; i < pages; ++i) {
      const std::int64_t error = Call(SYS_mincore, start + i * kPageBytes, kPageBytes, Address(incore + i));
      if (error != 0) incore[i] = kIncoreUnmapped;
    }
  }
}

IN_REGION __attribute__((noreturn)) void RunSlot(NativeSlot* slot);

INLINE std::int64_t Fork(std::uint64_t slot_number) {
  const std::uint64_t slot = kRegionBase.value() + kCodeBytes + slot_number * kSlotBytes;
  std::int64_t result = SYS_clone;
  register std::uint64_t r10 asm("r10") = 0;
  register std::uint64_t r8 asm("r8") = 0;
  void (*const child)(NativeSlot*) = RunSlot;
  // The child comes back on a stack of its own, where nothing of this function is.
  asm volatile(
      "syscall\n"
      "test %%rax, %%rax\n"
      "jnz 1f\n"
      "mov %[slot], %%rdi\n"
      "xor %%ebp, %%ebp\n"
      "call *%[child]\n"
      "ud2\n"
      "1:"
      : "+a"(result)
      : "D"(std::uint64_t{SIGCHLD}), "S"(slot + kSlotStackEnd), "d"(0), "r"(r10),
        "r"(r8), [slot] "b"(slot), [child] "r"(child)
      : "rcx", "r11", "memory");
  return result;
}

INLINE void Do(NativeSlot* slot) {
  const NativeRequest& request = slot->request;
  NativeResult& result = slot->result;
  const std::uint64_t* const a = request.arguments;
  rusage before;
  rusage after;
  Call(SYS_getrusage, RUSAGE_SELF, Address(&before));
  result.value = 0;
  result.signal = 0;
  if (request.operation == NativeOperation::kCall) {
    result.value = Call(static_cast<std::int64_t>(request.number), a[0], a[1], a[2], a[3], a[4], a[5]);
  } else if (request.operation == NativeOperation::kFork) {
    result.value = Fork(a[0]);
  } else if (request.operation == NativeOperation::kExit) {
    Call(SYS_exit_group, 0);
  } else {
    for (std::uint64_t page = 0; page < a[1] && result.signal == 0; ++page) {
      const std::uint64_t address = a[0] + page * kPageBytes;
      if (request.operation == NativeOperation::kWrite) {
        StoreByte(slot, address, static_cast<std::uint8_t>(a[2]));
        continue;
      }
      const std::uint8_t byte = LoadByte(slot, address);
      if (result.signal == 0) {
        result.value = static_cast<std::int64_t>(AddLoadedByte(static_cast<std::uint64_t>(result.value), byte));
      }
    }
  }
  Call(SYS_getrusage, RUSAGE_SELF, Address(&after));
  result.minor_faults = static_cast<std::uint64_t>(after.ru_minflt - before.ru_minflt);
  result.major_faults = static_cast<std::uint64_t>(after.ru_majflt - before.ru_majflt);
  AskIncore(slot);
}

// A process begins with all pages of the region there, so that none of them faults later.
IN_REGION void RunSlot(NativeSlot* slot) {
  Call(SYS_madvise, kRegionBase.value(), kRegionSize.value(), MADV_POPULATE_WRITE);
  stack_t signal_stack;
  signal_stack.ss_sp = reinterpret_cast<char*>(slot) + kSlotStackEnd;
  signal_stack.ss_flags = 0;
  signal_stack.ss_size = kSlotBytes - kSlotStackEnd;
  Call(SYS_sigaltstack, Address(&signal_stack));
  KernelSigaction action;
  action.handler = TakeSignal;
  action.flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | kSaRestorer;
  action.restorer = ReturnFromSignal;
  action.mask = 0;
  Call(SYS_rt_sigaction, SIGSEGV, Address(&action), 0, sizeof(action.mask));
  Call(SYS_rt_sigaction, SIGBUS, Address(&action), 0, sizeof(action.mask));
  std::uint32_t asked = 0;
  while (true) {
    Answer(slot);
    Wait(&slot->asked, asked);
    ++asked;
    Do(slot);
  }
}

IN_REGION __attribute__((noreturn)) void RunFirstSlot(NativeSlot* slot) {
  // The largest address of a process with four levels of page tables, plus one.
  constexpr std::uint64_t kTaskEnd = 0x7ffffffff000;
  const std::uint64_t region_end = kRegionBase.value() + kRegionSize.value();
  Call(SYS_munmap, 0, kRegionBase.value());
  Call(SYS_munmap, region_end, kTaskEnd - region_end);
  RunSlot(slot);
}

}  // namespace

bool CopyRunner(void* region, std::size_t size) {
  const std::size_t bytes = static_cast<std::size_t>(__stop_region_code - __start_region_code);
  if (bytes > size) return false;
  __builtin_memcpy(region, __start_region_code, bytes);
  return true;
}

void BecomeRunner(void* region) {
  const std::uint64_t offset =
      reinterpret_cast<std::uint64_t>(&RunFirstSlot) - reinterpret_cast<std::uint64_t>(__start_region_code);
  const std::uint64_t entry = Address(static_cast<char*>(region)) + offset;
  const std::uint64_t slot = Address(static_cast<char*>(region)) + kCodeBytes;
  asm volatile("mov %[stack], %%rsp\n xor %%ebp, %%ebp\n call *%[entry]\n ud2"
               :
               : [stack] "r"(slot + kSlotStackEnd), [entry] "r"(entry), "D"(slot)
               : "memory");
  __builtin_unreachable();
}

}  // namespace memsim::differential
