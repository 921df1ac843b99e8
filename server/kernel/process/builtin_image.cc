#include "server/kernel/process/builtin_image.h"

#include "server/kernel/vm/layout.h"
#include "server/kernel/vm/mman_flags.h"

namespace memsim {
namespace {

// ELF_ET_DYN_BASE: two thirds up, where a static PIE goes without randomness.
constexpr VirtualAddress kProgramBase{0x555555554000};
// The stack as exec leaves it: 128 KiB of room for arguments and a page.
constexpr ByteCount kStackSize{132ULL << 10};
constexpr ByteCount kVdsoSize{2ULL << kPageShift};
constexpr ByteCount kVvarSize{4ULL << kPageShift};
constexpr ByteCount kVvarVclockSize{2ULL << kPageShift};

}  // namespace

ExecImage BuiltinImage(const std::string& path, VirtualAddress mmap_base, PageCount stack_random_pages) {
  ExecImage image;
  image.path = path;
  VirtualAddress at = kProgramBase;
  const auto add = [&](PageCount pages, std::uint64_t prot, const std::string& name) {
    image.mappings.push_back(
        {at, at + ToBytes(pages), prot, kMapPrivate, ByteCount((at - kProgramBase).value()), name});
    at += ToBytes(pages);
  };
  // About the proportions of a small init: headers, text, constants, data.
  add(PageCount(1), kProtRead, path);
  add(PageCount(12), kProtRead | kProtExec, path);
  add(PageCount(4), kProtRead, path);
  add(PageCount(2), kProtRead | kProtWrite, path);
  image.start_brk = at;
  at = mmap_base - kVdsoSize - kVvarVclockSize - kVvarSize;
  const auto add_special = [&](ByteCount size, std::uint64_t prot, const char* name) {
    image.mappings.push_back({at, at + size, prot, kMapPrivate, ByteCount(0), name});
    at += size;
  };
  add_special(kVvarSize, kProtRead, "[vvar]");
  add_special(kVvarVclockSize, kProtRead, "[vvar_vclock]");
  add_special(kVdsoSize, kProtRead | kProtExec, "[vdso]");
  at = kTaskSize - ToBytes(stack_random_pages) - kStackSize;
  add_special(kStackSize, kProtRead | kProtWrite, "[stack]");
  return image;
}

}  // namespace memsim
