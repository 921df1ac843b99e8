// The program headers of an ELF file, as far as exec reads them.

#ifndef MEMSIM_SERVER_KERNEL_PROCESS_ELF_PROGRAM_H_
#define MEMSIM_SERVER_KERNEL_PROCESS_ELF_PROGRAM_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/base/units.h"

namespace memsim {

// PT_LOAD.
struct ElfSegment {
  // Where it is linked to (p_vaddr), and where in the file it begins (p_offset).
  VirtualAddress address;
  ByteCount offset;
  // What the file has of it, and how long it is in memory: the rest is zeros.
  ByteCount file_size;
  ByteCount memory_size;
  // PROT_*.
  std::uint64_t prot = 0;
  ByteCount alignment;
};

struct ElfFile {
  // Made if it is not there: as long as this, or as its segments need.
  std::string path;
  ByteCount length;
  // ET_DYN: its addresses count from where it is put.
  bool position_independent = false;
  // By their addresses.
  std::vector<ElfSegment> segments;
};

struct ElfProgram {
  ElfFile file;
  // PT_INTERP: the dynamic linker.
  std::optional<ElfFile> interpreter;
  // PT_GNU_STACK asks for a stack that may be executed.
  bool executable_stack = false;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PROCESS_ELF_PROGRAM_H_
