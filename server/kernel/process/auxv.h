// The auxiliary vector: what exec tells a program beside its arguments (create_elf_tables of fs/binfmt_elf.c).

#ifndef MEMSIM_SERVER_KERNEL_PROCESS_AUXV_H_
#define MEMSIM_SERVER_KERNEL_PROCESS_AUXV_H_

#include <vector>

#include "server/kernel/process/credentials.h"
#include "server/kernel/process/exec_image.h"
#include "server/kernel/vm/address_space.h"

namespace memsim {

// In Linux's order, without AT_NULL, and without what depends on the CPU or on bytes of the image (AT_HWCAP, AT_PHDR,
// AT_ENTRY, AT_RANDOM, AT_PLATFORM). REQUIRES: the space has the image's mappings and layout.
std::vector<AuxvEntry> AuxvOf(const ExecImage& image, const AddressSpace& space, const Credentials& credentials);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PROCESS_AUXV_H_
