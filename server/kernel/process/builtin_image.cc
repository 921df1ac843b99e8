#include "server/kernel/process/builtin_image.h"

#include <algorithm>

#include "server/kernel/vm/layout.h"
#include "server/kernel/vm/mman_flags.h"

namespace memsim {
namespace {

// ELF_ET_DYN_BASE: two thirds up, where a static PIE goes without randomness.
constexpr VirtualAddress kProgramBase{0x555555554000};
constexpr ByteCount kStackSize{132ULL << 10};
constexpr ByteCount kVdsoSize{2ULL << kPageShift};
constexpr ByteCount kVvarSize{4ULL << kPageShift};
constexpr ByteCount kVvarVclockSize{2ULL << kPageShift};
static_assert(kVvarSize + kVvarVclockSize + kVdsoSize == kBuiltinVdsoSize);

}  // namespace

ExecImage BuiltinImage(const std::string& path, PageCount stack_random_pages) {
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
  image.mappings.push_back(BuiltinStack(stack_random_pages, kStackSize, false));
  return image;
}

ImageMapping BuiltinStack(PageCount random_pages, ByteCount limit, bool executable) {
  const ByteCount size = std::clamp(ToBytes(ToPages(limit)), kPageSize, kStackSize);
  const VirtualAddress end = kTaskSize - ToBytes(random_pages);
  const std::uint64_t prot = kProtRead | kProtWrite | (executable ? kProtExec : 0);
  return {end - size, end, prot, kMapPrivate, ByteCount(0), "[stack]"};
}

std::vector<ImageMapping> BuiltinVdso(VirtualAddress start) {
  std::vector<ImageMapping> mappings;
  const auto add = [&](ByteCount size, std::uint64_t prot, const char* name) {
    mappings.push_back({start, start + size, prot, kMapPrivate, ByteCount(0), name});
    start += size;
  };
  add(kVvarSize, kProtRead, "[vvar]");
  add(kVvarVclockSize, kProtRead, "[vvar_vclock]");
  add(kVdsoSize, kProtRead | kProtExec, "[vdso]");
  return mappings;
}

}  // namespace memsim
