// A page table entry, with the bits of x86-64 (arch/x86/include/asm/pgtable_types.h).

#ifndef MEMSIM_SERVER_KERNEL_VM_PTE_H_
#define MEMSIM_SERVER_KERNEL_VM_PTE_H_

#include <cstdint>

#include "server/base/units.h"
#include "server/kernel/vm/vm_flags.h"

namespace memsim {

class Pte {
 public:
  constexpr Pte() = default;
  constexpr explicit Pte(std::uint64_t bits) : bits_(bits) {}

  // An entry for a frame with a mapping's permissions, except that it is writable only if asked: vm_page_prot leaves
  // private memory read-only until the fault that owns it.
  static constexpr Pte Make(PageFrameNumber frame, VmFlags flags, bool writable) {
    std::uint64_t bits = frame.value() << kPageShift | kUser | kAccessed;
    bits |= (flags & kVmAccessFlags) != 0 ? kPresent : kProtNone;
    if (writable && (flags & kVmWrite) != 0) bits |= kWritable;
    if ((flags & kVmExec) == 0) bits |= kNoExecute;
    bits |= (flags & kVmPkeyMask) << (kPkeyShift - kVmPkeyShift);
    return Pte(bits);
  }

  // PTE_MARKER_GUARD: no page, and whoever touches the place gets a signal.
  static constexpr Pte Guard() { return Pte(kGuard); }

  constexpr std::uint64_t bits() const { return bits_; }
  constexpr bool none() const { return bits_ == 0; }
  // pte_present: a frame is behind it, whether or not the hardware may use it.
  constexpr bool present() const { return (bits_ & (kPresent | kProtNone)) != 0; }
  // The hardware faults on every access: PROT_NONE.
  constexpr bool prot_none() const { return (bits_ & kPresent) == 0; }
  constexpr bool writable() const { return (bits_ & kWritable) != 0; }
  constexpr bool executable() const { return (bits_ & kNoExecute) == 0; }
  constexpr ProtectionKey key() const { return static_cast<ProtectionKey>((bits_ & kPkeyMask) >> kPkeyShift); }
  constexpr bool dirty() const { return (bits_ & kDirty) != 0; }
  constexpr bool accessed() const { return (bits_ & kAccessed) != 0; }
  constexpr bool guard() const { return bits_ == kGuard; }
  // A program has stored to the page through this entry, or to the one that it was copied from: it is not all zeros.
  // A bit that the hardware leaves to software. Of stores of which it is known what they stored FrameContents tells
  // instead. Simplified: nobody stores zeros unless that is known.
  constexpr bool stored() const { return (bits_ & kStored) != 0; }
  // The zero page: not counted, not owned.
  constexpr bool special() const { return (bits_ & kSpecial) != 0; }
  constexpr PageFrameNumber frame() const { return PageFrameNumber((bits_ & kFrameMask) >> kPageShift); }

  // The entry as a real one would read: frames of PROT_NONE pages stand inverted (L1TF), a guard region is a marker of
  // the last swap type (make_pte_marker), and what a machine remembers beside is left out.
  constexpr std::uint64_t LinuxBits() const {
    if (guard()) return 31ULL << 59 | ~4ULL << 14 >> 5;
    const std::uint64_t bits = bits_ & ~kStored;
    return present() && prot_none() ? bits ^ kFrameMask : bits;
  }

  constexpr Pte WriteProtected() const { return Pte(bits_ & ~kWritable); }
  constexpr Pte Writable() const { return Pte(bits_ | kWritable); }
  // The entry of a page further on in the same huge page.
  constexpr Pte Next(PageCount pages) const { return special() ? *this : Pte(bits_ + (pages.value() << kPageShift)); }
  // The same rights and history, of another page.
  constexpr Pte WithFrame(PageFrameNumber frame) const {
    return Pte((bits_ & ~kFrameMask) | frame.value() << kPageShift);
  }
  constexpr Pte Dirty() const { return Pte(bits_ | kDirty | kAccessed); }
  constexpr Pte Stored() const { return Pte(bits_ | kStored); }
  constexpr Pte Clean() const { return Pte(bits_ & ~kDirty); }
  constexpr Pte Accessed() const { return Pte(bits_ | kAccessed); }
  constexpr Pte Old() const { return Pte(bits_ & ~kAccessed); }
  constexpr Pte Special() const { return Pte(bits_ | kSpecial); }
  // pte_modify: the same frame and history under new permissions, never more writable than before.
  constexpr Pte WithPermissions(VmFlags flags) const {
    const std::uint64_t kept = bits_ & (kFrameMask | kDirty | kAccessed | kSpecial | kStored);
    const std::uint64_t fresh = Make(PageFrameNumber(0), flags, writable()).bits() & ~kAccessed;
    return Pte(kept | fresh);
  }

  // pte_needs_flush: whether a TLB may have this entry and must forget it when another takes its place. A wider right
  // than the TLB knows would only bring a fault, but x86 spares the program that one.
  constexpr bool NeedsFlush(Pte next) const {
    if ((bits_ & kPresent) == 0) return false;
    if (frame() != next.frame()) return true;
    const std::uint64_t changed = bits_ ^ next.bits_;
    return (changed & bits_ & (kPresent | kDirty)) != 0 || (changed & (kWritable | kNoExecute | kPkeyMask)) != 0;
  }

  friend constexpr bool operator==(Pte, Pte) = default;

 private:
  static constexpr std::uint64_t kPresent = 1ULL << 0;
  static constexpr std::uint64_t kWritable = 1ULL << 1;
  static constexpr std::uint64_t kUser = 1ULL << 2;
  static constexpr std::uint64_t kAccessed = 1ULL << 5;
  static constexpr std::uint64_t kDirty = 1ULL << 6;
  // A number of our own: Linux has it as a swap entry of a type that is none.
  static constexpr std::uint64_t kGuard = 1ULL << 10;
  // _PAGE_PROTNONE shares the global bit, which means nothing while the entry is not present.
  static constexpr std::uint64_t kProtNone = 1ULL << 8;
  static constexpr std::uint64_t kSpecial = 1ULL << 9;
  // _PAGE_BIT_SOFTW5.
  static constexpr std::uint64_t kStored = 1ULL << 57;
  // _PAGE_PKEY_BIT0 to 3.
  static constexpr int kPkeyShift = 59;
  static constexpr std::uint64_t kPkeyMask = 0xfULL << kPkeyShift;
  static constexpr std::uint64_t kNoExecute = 1ULL << 63;
  static constexpr std::uint64_t kFrameMask = 0x000ffffffffff000;

  std::uint64_t bits_ = 0;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_PTE_H_
