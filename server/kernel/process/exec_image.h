// What execve is to make of an address space: a list of mappings, or what an ELF file says.

#ifndef MEMSIM_SERVER_KERNEL_PROCESS_EXEC_IMAGE_H_
#define MEMSIM_SERVER_KERNEL_PROCESS_EXEC_IMAGE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

#include "server/base/units.h"
#include "server/kernel/process/elf_program.h"

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
  // Loaded beside the mappings, which then have no more than the stack.
  std::optional<ElfProgram> program;

  // The program's file, which may be another than the path (a link, a script's interpreter): that of the first mapping.
  absl::string_view MainFile() const {
    return mappings.empty() ? absl::string_view() : absl::string_view(mappings.front().path);
  }
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PROCESS_EXEC_IMAGE_H_
