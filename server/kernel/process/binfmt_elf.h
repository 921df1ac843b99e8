// Loading an ELF program into a new address space (load_elf_binary of fs/binfmt_elf.c).

#ifndef MEMSIM_SERVER_KERNEL_PROCESS_BINFMT_ELF_H_
#define MEMSIM_SERVER_KERNEL_PROCESS_BINFMT_ELF_H_

#include <optional>

#include "server/base/errno.h"
#include "server/base/units.h"
#include "server/kernel/process/elf_program.h"
#include "server/kernel/vm/address_space.h"
#include "server/kernel/vm/vm_caller.h"

namespace memsim {

// How far randomization moves a program that may lie anywhere (arch_mmap_rnd), and its heap (arch_randomize_brk).
struct ElfRandomness {
  PageCount program;
  PageCount heap;
};

// Maps the program and its interpreter, fills the page in which zeros follow what the file has, and writes down where
// code, data and heap are. No randomness: ASLR is off. ENOEXEC: no segments; EINVAL: a segment that is longer in the
// file than in memory, or beyond the user's addresses; the errors of open and mmap; EFAULT, ENOMEM.
Errno LoadElf(AddressSpace& space, const VmCaller& caller, const ElfProgram& program,
              const std::optional<ElfRandomness>& randomness);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PROCESS_BINFMT_ELF_H_
