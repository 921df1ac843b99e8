// The program headers of an ELF file of this host, as execve wants them.

#ifndef MEMSIM_CLIENT_ELF_ELF_PROGRAM_H_
#define MEMSIM_CLIENT_ELF_ELF_PROGRAM_H_

#include <string>

#include "absl/status/statusor.h"

#include "memsim/v1/process_service.pb.h"

namespace memsim::elf {

// What execve finds in the file and in the interpreter that it names, both by their paths without links. NOT_FOUND: no
// such file; INVALID_ARGUMENT: it is no program for 64-bit x86, or names an interpreter that is none.
absl::StatusOr<v1::ElfProgram> ReadElfProgram(const std::string& path);

}  // namespace memsim::elf

#endif  // MEMSIM_CLIENT_ELF_ELF_PROGRAM_H_
