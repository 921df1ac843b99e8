// The program that runs where nobody gave a real one: init's, and that of an execve without mappings.

#ifndef MEMSIM_SERVER_KERNEL_PROCESS_BUILTIN_IMAGE_H_
#define MEMSIM_SERVER_KERNEL_PROCESS_BUILTIN_IMAGE_H_

#include <string>
#include <vector>

#include "server/base/units.h"
#include "server/kernel/process/exec_image.h"

namespace memsim {

// A small static position-independent program with a heap and a stack, its stack's top stack_random_pages below the
// highest address.
ExecImage BuiltinImage(const std::string& path, PageCount stack_random_pages);

// The stack as exec leaves it if arguments and environment fit into a page: that page and 128 KiB of room, or as much
// of them as the limit of stacks allows (setup_arg_pages).
ImageMapping BuiltinStack(PageCount random_pages, ByteCount limit, bool executable);

// What the kernel adds wherever there is room for it: vvar, vvar_vclock and vdso, one behind the other (map_vdso).
inline constexpr ByteCount kBuiltinVdsoSize{8ULL << kPageShift};
std::vector<ImageMapping> BuiltinVdso(VirtualAddress start);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PROCESS_BUILTIN_IMAGE_H_
