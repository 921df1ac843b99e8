#include "server/kernel/process/binfmt_elf.h"

#include <algorithm>
#include <bit>

#include "server/kernel/vm/layout.h"
#include "server/kernel/vm/mman_flags.h"
#include "server/kernel/vm/mmap.h"
#include "server/kernel/vm/munmap.h"
#include "server/kernel/vm/populate.h"

namespace memsim {
namespace {

// ELF_ET_DYN_BASE: two thirds up. Page alignment comes later, which the heap of a program without interpreter shows.
constexpr VirtualAddress kElfEtDynBase{kTaskSize.value() / 3 * 2};

constexpr ByteCount OffsetInPage(VirtualAddress address) { return address - PageAlignDown(address); }

// Where a file's own addresses have come to lie, to be added modulo 2^64.
using LoadBias = std::uint64_t;

VirtualAddress Biased(LoadBias bias, VirtualAddress address) { return VirtualAddress(bias + address.value()); }

// ELF_PAGESTART(place - first), the bias that brings an address to a place.
LoadBias BiasOf(VirtualAddress place, VirtualAddress first) {
  return (place.value() - first.value()) & ~(kPageSize.value() - 1);
}

// total_mapping_size: of all segments, from the first page on.
ByteCount TotalSize(const ElfFile& file) {
  const VirtualAddress start = PageAlignDown(file.segments.front().address);
  VirtualAddress end = start;
  for (const ElfSegment& segment : file.segments) end = std::max(end, segment.address + segment.memory_size);
  return end - start;
}

// maximum_alignment: of those segments that have a power of two.
std::uint64_t MaximumAlignment(const ElfFile& file) {
  std::uint64_t alignment = 0;
  for (const ElfSegment& segment : file.segments) {
    if (std::has_single_bit(segment.alignment.value())) alignment = std::max(alignment, segment.alignment.value());
  }
  return ToBytes(ToPagesRoundedUp(ByteCount(alignment))).value();
}

Errno CheckSegments(const ElfFile& file) {
  if (file.segments.empty()) return Errno::kNoExec;
  for (const ElfSegment& segment : file.segments) {
    if (segment.address >= kTaskSize || segment.file_size > segment.memory_size) return Errno::kInval;
    if (segment.memory_size > kTaskSize - segment.address) return Errno::kInval;
  }
  return Errno::kOk;
}

// One file on its way into the address space.
class ElfLoader {
 public:
  ElfLoader(AddressSpace& space, const VmCaller& caller, const ElfFile& file)
      : space_(space), caller_(caller), file_(file) {}
  ~ElfLoader() {
    if (open_ != OpenFileId()) space_.environment().files.Put(open_);
  }
  ElfLoader(const ElfLoader&) = delete;
  ElfLoader& operator=(const ElfLoader&) = delete;

  // Checks the segments, and opens the file.
  Errno Open() {
    if (const Errno error = CheckSegments(file_); error != Errno::kOk) return error;
    FileSystem& files = space_.environment().files;
    ErrnoOr<OpenedFile> opened = files.Open(file_.path, kOpenReadOnly);
    if (opened.error() == Errno::kNoEnt) {
      if (const Errno made = files.Mknod(file_.path, FileKind::kRegular, Length()); made != Errno::kOk) return made;
      opened = files.Open(file_.path, kOpenReadOnly);
    }
    if (!opened.ok()) return opened.error();
    open_ = opened->file;
    return files.CanMap(open_) ? Errno::kOk : Errno::kAcces;
  }

  // place: of a file that may lie anywhere; nullopt: where there is room.
  Errno Load(std::optional<VirtualAddress> place) {
    const VirtualAddress first = file_.segments.front().address;
    const bool anywhere = file_.position_independent && !place.has_value();
    bias_ = file_.position_independent ? BiasOf(place.value_or(VirtualAddress(0)), first) : 0;
    std::uint64_t flags = anywhere ? 0 : kMapFixedNoReplace;
    // The first mapping of a file that may lie anywhere makes room for all of them.
    ByteCount room = file_.position_independent ? TotalSize(file_) : ByteCount(0);
    for (const ElfSegment& segment : file_.segments) {
      const ErrnoOr<VirtualAddress> mapped = MapSegment(segment, flags, room);
      if (!mapped.ok()) return mapped.error();
      if (room != ByteCount(0)) bias_ += mapped->value() - PageAlignDown(Biased(bias_, segment.address)).value();
      room = ByteCount(0);
      flags = kMapFixed;
    }
    return Errno::kOk;
  }

  // A place of the alignment that the segments ask for, found by mapping everything and taking it away again.
  ErrnoOr<VirtualAddress> FindAligned(std::uint64_t alignment) {
    const ErrnoOr<VirtualAddress> found = MapFile(VirtualAddress(0), TotalSize(file_), file_.segments.front(), 0);
    if (!found.ok()) return found.error();
    const Errno error = Munmap(space_, *found, TotalSize(file_));
    if (error != Errno::kOk) return error;
    return VirtualAddress(found->value() & ~(alignment - 1));
  }

  void TellWhereCodeAndDataAre() {
    AddressLayout& layout = space_.layout;
    for (const ElfSegment& segment : file_.segments) {
      const VirtualAddress start = Biased(bias_, segment.address);
      const VirtualAddress end = start + segment.file_size;
      const bool code = (segment.prot & kProtExec) != 0;
      if (code && (layout.start_code == VirtualAddress(0) || start < layout.start_code)) layout.start_code = start;
      if (code) layout.end_code = std::max(layout.end_code, end);
      layout.start_data = std::max(layout.start_data, start);
      layout.end_data = std::max(layout.end_data, end);
    }
  }

  VirtualAddress End() const {
    VirtualAddress end;
    for (const ElfSegment& segment : file_.segments) {
      end = std::max(end, Biased(bias_, segment.address) + segment.memory_size);
    }
    return end;
  }

 private:
  ByteCount Length() const {
    ByteCount length = file_.length;
    for (const ElfSegment& segment : file_.segments) length = std::max(length, segment.offset + segment.file_size);
    return length;
  }

  ErrnoOr<VirtualAddress> MapFile(VirtualAddress at, ByteCount length, const ElfSegment& segment, std::uint64_t flags) {
    MmapArguments arguments;
    arguments.address = at;
    arguments.length = length;
    arguments.prot = segment.prot;
    arguments.flags = kMapPrivate | flags;
    arguments.file = open_;
    // A segment begins as far into its page as into that of the file: what is before it is mapped too.
    const ByteCount offset(segment.offset.value() - OffsetInPage(segment.address).value());
    if (!IsPageAligned(VirtualAddress(offset.value())) || offset + length < offset) return Errno::kInval;
    arguments.pgoff = PageOffset(offset.value() >> kPageShift);
    return Mmap(space_, caller_, arguments);
  }

  // elf_load. The page that the segment begins in.
  ErrnoOr<VirtualAddress> MapSegment(const ElfSegment& segment, std::uint64_t flags, ByteCount room) {
    const VirtualAddress at = Biased(bias_, segment.address);
    const ByteCount in_page = OffsetInPage(segment.address);
    VirtualAddress mapped = PageAlignDown(at);
    if (segment.file_size != ByteCount(0)) {
      const ByteCount length = ToBytes(ToPagesRoundedUp(segment.file_size + in_page));
      const ErrnoOr<VirtualAddress> place = MapFile(mapped, std::max(length, room), segment, flags);
      if (!place.ok()) return place.error();
      mapped = *place;
      if (room > length) {
        const Errno error = Munmap(space_, mapped + length, ToBytes(ToPagesRoundedUp(room)) - length);
        if (error != Errno::kOk) return error;
      }
    }
    if (segment.memory_size > segment.file_size) {
      const VirtualAddress file_end = mapped + in_page + segment.file_size;
      const VirtualAddress end = mapped + in_page + segment.memory_size;
      const Errno error = FillWithZeros(segment, {segment.file_size == ByteCount(0) ? mapped : file_end, end});
      if (error != Errno::kOk) return error;
    }
    return mapped;
  }

  // The bss: the rest of the file's last page, which is written to if it may be (padzero), and memory of its own behind
  // (vm_brk_flags).
  Errno FillWithZeros(const ElfSegment& segment, VirtualRange zeros) {
    if (!IsPageAligned(zeros.start)) {
      const VirtualAddress page = PageAlignDown(zeros.start);
      const Errno error = PopulatePages(space_, caller_, RangeOf(page, kPageSize), AccessKind::kWrite);
      if (error != Errno::kOk && (segment.prot & kProtWrite) != 0) return Errno::kFault;
    }
    MmapArguments arguments;
    arguments.address = PageAlignUp(zeros.start);
    const VirtualAddress end = PageAlignUp(zeros.end);
    if (end <= arguments.address) return Errno::kOk;
    arguments.length = end - arguments.address;
    arguments.prot = kProtRead | kProtWrite | (segment.prot & kProtExec);
    arguments.flags = kMapPrivate | kMapAnonymous | kMapFixed;
    return Mmap(space_, caller_, arguments).error();
  }

  AddressSpace& space_;
  const VmCaller& caller_;
  const ElfFile& file_;
  OpenFileId open_;
  LoadBias bias_ = 0;
};

// Where a program goes that may lie anywhere: far below the mappings if an interpreter has those, else among them,
// wherever there is room (nullopt) unless it asks for an alignment.
ErrnoOr<std::optional<VirtualAddress>> PlaceOf(ElfLoader& loader, const ElfProgram& program,
                                               const std::optional<ElfRandomness>& randomness) {
  const std::uint64_t alignment = MaximumAlignment(program.file);
  if (program.interpreter.has_value()) {
    VirtualAddress place = kElfEtDynBase;
    if (randomness.has_value()) place += ToBytes(randomness->program);
    if (alignment != 0) place = VirtualAddress(place.value() & ~(alignment - 1));
    return std::optional(place);
  }
  if (alignment <= kPageSize.value()) return std::optional<VirtualAddress>();
  const ErrnoOr<VirtualAddress> found = loader.FindAligned(alignment);
  if (!found.ok()) return found.error();
  return std::optional(*found);
}

}  // namespace

Errno LoadElf(AddressSpace& space, const VmCaller& caller, const ElfProgram& program,
              const std::optional<ElfRandomness>& randomness) {
  ElfLoader loader(space, caller, program.file);
  if (const Errno error = loader.Open(); error != Errno::kOk) return error;
  std::optional<VirtualAddress> place;
  if (program.file.position_independent) {
    const ErrnoOr<std::optional<VirtualAddress>> found = PlaceOf(loader, program, randomness);
    if (!found.ok()) return found.error();
    place = *found;
  }
  if (const Errno error = loader.Load(place); error != Errno::kOk) return error;
  loader.TellWhereCodeAndDataAre();
  if (program.interpreter.has_value()) {
    ElfLoader linker(space, caller, *program.interpreter);
    if (const Errno error = linker.Open(); error != Errno::kOk) return error;
    if (const Errno error = linker.Load(std::nullopt); error != Errno::kOk) return error;
  }
  // A program among the mappings has its heap far below them, where there is room to grow.
  const bool moved = program.file.position_independent && !program.interpreter.has_value();
  AddressLayout& layout = space.layout;
  layout.start_brk = PageAlignUp(moved ? kElfEtDynBase : loader.End());
  if (randomness.has_value()) {
    layout.start_brk += ToBytes(randomness->heap) + (moved ? ByteCount(0) : kPageSize);
  }
  layout.brk = layout.start_brk;
  return Errno::kOk;
}

}  // namespace memsim
