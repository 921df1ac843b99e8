#include "server/kernel/process/auxv.h"

#include <string>

namespace memsim {
namespace {

// include/uapi/linux/auxvec.h, arch/x86/include/uapi/asm/auxvec.h.
constexpr std::uint64_t kAtPageSize = 6;
constexpr std::uint64_t kAtBase = 7;
constexpr std::uint64_t kAtFlags = 8;
constexpr std::uint64_t kAtUid = 11;
constexpr std::uint64_t kAtEuid = 12;
constexpr std::uint64_t kAtGid = 13;
constexpr std::uint64_t kAtEgid = 14;
constexpr std::uint64_t kAtClockTicks = 17;
constexpr std::uint64_t kAtSecure = 23;
constexpr std::uint64_t kAtExecFilename = 31;
constexpr std::uint64_t kAtSysinfoEhdr = 33;

// USER_HZ.
constexpr std::uint64_t kClockTicks = 100;

// Where the lowest mapping of a file lies. 0: there is none.
std::uint64_t StartOfFile(const AddressSpace& space, const std::string& path) {
  std::uint64_t start = 0;
  space.ForEachVma([&](const Vma& vma) {
    if (start != 0 || vma.file == OpenFileId()) return;
    if (space.environment().files.InodeOf(vma.file).name == path) start = vma.range.start.value();
  });
  return start;
}

// Where the interpreter lies: that of the program, or what else of the image has a file. 0: the program needs none.
std::uint64_t InterpreterBase(const ExecImage& image, const AddressSpace& space) {
  if (image.program.has_value()) {
    return image.program->interpreter.has_value() ? StartOfFile(space, image.program->interpreter->path) : 0;
  }
  for (const ImageMapping& mapping : image.mappings) {
    const bool file = !mapping.path.empty() && mapping.path.front() == '/';
    if (file && mapping.path != image.path && mapping.path != image.MainFile()) return mapping.start.value();
  }
  return 0;
}

}  // namespace

std::vector<AuxvEntry> AuxvOf(const ExecImage& image, const AddressSpace& space, const Credentials& credentials) {
  std::vector<AuxvEntry> auxv;
  space.ForEachVma([&auxv](const Vma& vma) {
    if (vma.special == SpecialMapping::kVdso) auxv.push_back({kAtSysinfoEhdr, vma.range.start.value()});
  });
  auxv.push_back({kAtPageSize, kPageSize.value()});
  auxv.push_back({kAtClockTicks, kClockTicks});
  auxv.push_back({kAtBase, InterpreterBase(image, space)});
  auxv.push_back({kAtFlags, 0});
  auxv.push_back({kAtUid, credentials.users().real});
  auxv.push_back({kAtEuid, credentials.users().effective});
  auxv.push_back({kAtGid, credentials.groups().real});
  auxv.push_back({kAtEgid, credentials.groups().effective});
  // bprm->secureexec: no file of a machine has a set-user-ID bit.
  auxv.push_back({kAtSecure, 0});
  const VirtualAddress filename = space.layout.env_end;
  if (filename != VirtualAddress(0)) auxv.push_back({kAtExecFilename, filename.value()});
  return auxv;
}

}  // namespace memsim
