// What execve finds in an ELF file, as a list of the mappings that it makes.

#ifndef MEMSIM_SERVER_KERNEL_PROCESS_EXEC_IMAGE_H_
#define MEMSIM_SERVER_KERNEL_PROCESS_EXEC_IMAGE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "server/base/units.h"

namespace memsim {

struct ImageMapping {
  VirtualAddress start;
  VirtualAddress end;
  std::uint64_t prot = 0;
  // MAP_SHARED or MAP_PRIVATE.
  std::uint64_t flags = 0;
  ByteCount offset;
  // A file's path, a name in brackets, or empty for anonymous memory.
  std::string path;
};

struct ExecImage {
  std::string path;
  // Ascending, without overlaps. Empty: the built-in image.
  std::vector<ImageMapping> mappings;
  // 0: at the end of the program's own mappings.
  VirtualAddress start_brk;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PROCESS_EXEC_IMAGE_H_
