// execve: a new address space, laid out as the image says (fs/exec.c, fs/binfmt_elf.c).

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "server/kernel/process/auxv.h"
#include "server/kernel/process/binfmt_elf.h"
#include "server/kernel/process/builtin_image.h"
#include "server/kernel/process/tasks.h"
#include "server/kernel/vm/layout.h"
#include "server/kernel/vm/mman_flags.h"
#include "server/kernel/vm/mmap.h"
#include "server/kernel/vm/page_fault.h"
#include "server/kernel/vm/unmapped_area.h"
#include "server/kernel/vm/vma_merge.h"

namespace memsim {
namespace {

constexpr VmFlags kMayAll = kVmMayRead | kVmMayWrite | kVmMayExec;
// mmap_rnd_bits, and the stack's share of randomness (0x3fffff pages): /proc/sys/vm/mmap_rnd_bits and
// arch/x86/include/asm/elf.h.
constexpr std::uint64_t kMmapRandomPages = 1ULL << 28;
constexpr std::uint64_t kStackRandomPages = 0x400000;
// arch_randomize_brk: within 1 GiB for 64-bit programs.
constexpr std::uint64_t kBrkRandomPages = (1ULL << 30) >> kPageShift;

// Ascending, page-aligned, inside the user half, no overlaps, no shared stack.
bool IsWellFormed(const ExecImage& image) {
  VirtualAddress lowest(0);
  for (const ImageMapping& mapping : image.mappings) {
    if (!IsPageAligned(mapping.start) || !IsPageAligned(mapping.end)) return false;
    // Shared memory has a file of fixed length, which no stack can grow out of.
    if (mapping.flags == kMapShared && mapping.path == "[stack]") return false;
    if (mapping.start < lowest || mapping.end <= mapping.start || mapping.end > kTaskSize) return false;
    if (mapping.offset.value() % kPageSize.value() != 0) return false;
    lowest = mapping.end;
  }
  return image.start_brk <= kTaskSize;
}

SpecialMapping SpecialOf(absl::string_view path) {
  if (path == "[vdso]") return SpecialMapping::kVdso;
  if (path == "[vvar]") return SpecialMapping::kVvar;
  if (path == "[vvar_vclock]") return SpecialMapping::kVvarVclock;
  return SpecialMapping::kNone;
}

// The flags that the kernel's own mappings have (arch/x86/entry/vdso/vma.c, _install_special_mapping).
VmFlags SpecialFlags(SpecialMapping special) {
  if (special == SpecialMapping::kVdso) return kVmRead | kVmExec | kMayAll | kVmDontExpand;
  return kVmRead | kVmMayRead | kVmIo | kVmDontDump | kVmPfnMap | kVmDontExpand;
}

VmFlags FlagsOf(const ImageMapping& mapping) {
  if (const SpecialMapping special = SpecialOf(mapping.path); special != SpecialMapping::kNone) {
    return SpecialFlags(special);
  }
  VmFlags flags = FlagsOfProt(mapping.prot) | kMayAll;
  if (mapping.flags == kMapShared) flags |= kVmShared | kVmMayShare;
  if (mapping.path == "[stack]") flags |= kVmGrowsDown;
  if (IsAccountable(flags)) flags |= kVmAccount;
  return flags;
}

bool NamesFile(const ImageMapping& mapping) { return !mapping.path.empty() && mapping.path.front() == '/'; }

// Who says where the vdso is: an image taken from a real process has one.
enum class VdsoSource : std::uint8_t { kImage, kKernel };

// Maps an image into an address space.
class ImageLoader {
 public:
  ImageLoader(AddressSpace& space, const VmCaller& caller) : space_(space), caller_(caller) {}
  ~ImageLoader() {
    for (const auto& [path, file] : files_) space_.environment().files.Put(file);
  }

  Errno Load(const ExecImage& image, VdsoSource vdso, const std::optional<ElfRandomness>& randomness) {
    for (const ImageMapping& mapping : image.mappings) {
      if (const Errno error = Map(image, mapping); error != Errno::kOk) return error;
    }
    if (image.program.has_value()) {
      const Errno error = LoadElf(space_, caller_, *image.program, randomness);
      if (error != Errno::kOk) return error;
    }
    if (vdso == VdsoSource::kKernel) {
      if (const Errno error = MapVdso(image); error != Errno::kOk) return error;
    }
    if (!image.program.has_value()) LayOut(image);
    space_.layout.start_stack = stack_.end;
    LayOutStack(image);
    if ((caller_.personality & kMmapPageZero) != 0) MapPageZero();
    return FillStack();
  }

 private:
  // One open file a path: segments of one file may merge. A file that nobody made before is made as long as its
  // mappings need.
  ErrnoOr<OpenFileId> FileFor(const ExecImage& image, const std::string& path) {
    if (const auto it = files_.find(path); it != files_.end()) return it->second;
    FileSystem& files = space_.environment().files;
    ErrnoOr<OpenedFile> opened = files.Open(path, kOpenReadOnly);
    if (opened.error() == Errno::kNoEnt) {
      if (extents_.empty()) extents_ = ExtentsOf(image);
      const Errno made = files.Mknod(path, FileKind::kRegular, extents_.at(path));
      if (made != Errno::kOk) return made;
      opened = files.Open(path, kOpenReadOnly);
    }
    if (!opened.ok()) return opened.error();
    files_.emplace(path, opened->file);
    return opened->file;
  }

  // In one pass, for an image may be of many files.
  static std::map<std::string, ByteCount> ExtentsOf(const ExecImage& image) {
    std::map<std::string, ByteCount> extents;
    for (const ImageMapping& mapping : image.mappings) {
      ByteCount& extent = extents[mapping.path];
      extent = std::max(extent, mapping.offset + (mapping.end - mapping.start));
    }
    return extents;
  }

  Errno Map(const ExecImage& image, const ImageMapping& mapping) {
    NewMapping wanted;
    wanted.range = {mapping.start, mapping.end};
    wanted.flags = FlagsOf(mapping);
    if (FlagsOfProt(mapping.prot) == kVmExec) wanted.flags |= FlagsOfKey(space_.keys.ExecuteOnly(caller_.pkru));
    wanted.special = SpecialOf(mapping.path);
    // Shared memory is counted from its own first page.
    wanted.pgoff = PageOffset((wanted.flags & kVmShared) != 0 ? 0 : mapping.start.value() >> kPageShift);
    if (NamesFile(mapping)) {
      const ErrnoOr<OpenFileId> file = FileFor(image, mapping.path);
      if (!file.ok()) return file.error();
      if (!space_.environment().files.CanMap(*file)) return Errno::kAcces;
      wanted.pgoff = PageOffset(mapping.offset.value() >> kPageShift);
      wanted.zero_device = space_.environment().files.IsZeroDevice(*file) && (wanted.flags & kVmShared) == 0;
    } else if (wanted.special != SpecialMapping::kNone) {
      wanted.pgoff = PageOffset(0);
    }
    VmEnvironment& environment = space_.environment();
    if ((wanted.flags & kVmAccount) != 0 && !ChargeCommit(space_, caller_, wanted.range.pages())) {
      return Errno::kNoMem;
    }
    if (IsSharedMemory(mapping, wanted)) {
      const ErrnoOr<OpenFileId> memory =
          CreateSharedMemory(space_, caller_, wanted.range.pages(), wanted.range.pages());
      if (!memory.ok()) return GiveUp(wanted, memory.error());
      wanted.file = *memory;
    } else if (NamesFile(mapping)) {
      wanted.file = files_.at(mapping.path);
      environment.files.Get(wanted.file);
    }
    if (mapping.path == "[stack]") stack_ = wanted.range;
    if (InsertNewRange(space_, wanted) != nullptr) return Errno::kOk;
    if (wanted.file != OpenFileId()) environment.files.Put(wanted.file);
    return GiveUp(wanted, Errno::kNoMem);
  }

  // What was promised for a mapping that is not to be goes back.
  Errno GiveUp(const NewMapping& wanted, Errno error) {
    if ((wanted.flags & kVmAccount) != 0) space_.environment().commit.Uncharge(wanted.range.pages());
    return error;
  }

  // MMAP_PAGE_ZERO, as SVr4 has it: readable, sealed, and a matter of luck.
  void MapPageZero() {
    const bool allowed =
        space_.environment().sysctls.mmap_min_addr == ByteCount(0) || caller_.capabilities.Has(Capability::kSysRawio);
    NewMapping wanted;
    wanted.range = {VirtualAddress(0), VirtualAddress(kPageSize.value())};
    wanted.flags = kVmRead | kVmExec | kMayAll | kVmSealed;
    if (allowed && space_.FindIntersection(wanted.range) == nullptr) InsertNewRange(space_, wanted);
  }

  // Where there is room, as for any mapping: a large stack limit moves the search down to the program, and below it.
  Errno MapVdso(const ExecImage& image) {
    PlacementRequest request;
    request.length = kBuiltinVdsoSize;
    const ErrnoOr<VirtualAddress> place = GetUnmappedArea(space_, caller_.capabilities, request);
    if (!place.ok()) return place.error();
    for (const ImageMapping& mapping : BuiltinVdso(*place)) {
      if (const Errno error = Map(image, mapping); error != Errno::kOk) return error;
    }
    return Errno::kOk;
  }

  // What MAP_SHARED makes of memory without a file, and of /dev/zero. REQUIRES: a file has been opened.
  bool IsSharedMemory(const ImageMapping& mapping, const NewMapping& wanted) const {
    if ((wanted.flags & kVmShared) == 0) return false;
    return !NamesFile(mapping) || space_.environment().files.IsZeroDevice(files_.at(mapping.path));
  }

  // Code, data and heap as binfmt_elf finds them in the program's own mappings.
  void LayOut(const ExecImage& image) {
    AddressLayout& layout = space_.layout;
    const ImageMapping* previous = nullptr;
    VirtualAddress program_end;
    for (const ImageMapping& mapping : image.mappings) {
      const bool own = mapping.path == image.path || mapping.path == image.MainFile();
      const bool bss =
          mapping.path.empty() && previous != nullptr && previous->end == mapping.start && previous->end == program_end;
      if (own || bss) program_end = mapping.end;
      if (own && (mapping.prot & kProtExec) != 0) {
        if (layout.start_code == VirtualAddress(0)) layout.start_code = mapping.start;
        layout.end_code = mapping.end;
      }
      if (own && (mapping.prot & kProtWrite) != 0) {
        if (layout.start_data == VirtualAddress(0)) layout.start_data = mapping.start;
        layout.end_data = mapping.end;
      }
      previous = &mapping;
    }
    layout.start_brk = image.start_brk != VirtualAddress(0) ? image.start_brk : program_end;
    layout.brk = layout.start_brk;
  }

  // bprm->exec and copy_strings: a null word at the top, the path, the environment and the arguments. A request names
  // neither of these: argv is the path alone, and there is no environment.
  void LayOutStack(const ExecImage& image) {
    AddressLayout& layout = space_.layout;
    if (stack_.empty()) return;
    const ByteCount word(8);
    const ByteCount path(image.path.size() + 1);
    layout.env_start = layout.env_end = layout.arg_end = stack_.end - word - path;
    layout.arg_start = layout.arg_end - path;
  }

  // The kernel writes arguments, environment and auxiliary vector to the top of the stack.
  Errno FillStack() {
    if (stack_.empty()) return Errno::kOk;
    TouchProgress progress;
    progress.next = stack_.end - kPageSize;
    progress.left = PageCount(1);
    progress.kind = AccessKind::kWrite;
    return FaultInPages(space_, caller_, FaultRetry::kForbidden, progress) == TouchStatus::kDone ? Errno::kOk
                                                                                                 : Errno::kNoMem;
  }

  AddressSpace& space_;
  const VmCaller& caller_;
  VirtualRange stack_;
  std::map<std::string, OpenFileId> files_;
  // Of each path; empty until a file has to be made.
  std::map<std::string, ByteCount> extents_;
};

std::string CommOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return path.substr(slash == std::string::npos ? 0 : slash + 1).substr(0, kMaxCommLength);
}

}  // namespace

Errno Tasks::BecomeProgram(Task& task, const ExecImage& image) {
  environment_.cpus.Charge(environment_.costs.execve);
  const bool random = randomization_ == AddressRandomization::kOn && (task.personality & kAddrNoRandomize) == 0;
  const ByteCount stack_limit(LimitsOf(task)[Resource::kStack].current);
  const ByteCount stack_random_max = random ? ToBytes(PageCount(kStackRandomPages)) : ByteCount(0);
  const PageCount mmap_random(random ? random_.Below(kMmapRandomPages) : 0);
  const bool legacy = environment_.sysctls.legacy_va_layout != 0 || (task.personality & kAddrCompatLayout) != 0;
  const VirtualAddress mmap_base =
      legacy ? kLegacyBase + ToBytes(mmap_random) : MmapBase(stack_limit, stack_random_max, mmap_random);
  ExecImage resolved = image;
  std::optional<ElfRandomness> elf_randomness;
  if (image.mappings.empty()) {
    const PageCount stack_random(random ? random_.Below(kStackRandomPages) : 0);
    const PageCount heap_random(random ? random_.Below(kBrkRandomPages) : 0);
    if (image.program.has_value()) {
      resolved.mappings = {BuiltinStack(stack_random, stack_limit, image.program->executable_stack)};
      if (random) elf_randomness = {PageCount(random_.Below(kMmapRandomPages)), heap_random};
    } else {
      resolved = BuiltinImage(image.path, stack_random);
      resolved.start_brk += ToBytes(heap_random);
    }
  }
  const ErrnoOr<AddressSpaceId> created = address_spaces_.Create();
  if (!created.ok()) return created.error();
  const AddressSpaceId fresh = *created;
  address_spaces_[fresh].layout.mmap_base = mmap_base;
  address_spaces_[fresh].mm_flags = InheritedMmFlags(SpaceOf(task).mm_flags);
  address_spaces_[fresh].layout.legacy = legacy;
  // flush_thread: the new program begins with a register of its own.
  const Pkru pkru = std::exchange(task.pkru, Pkru());
  // begin_new_exec: what is mapped is mapped with the rights that the program will have.
  Credentials credentials = task.credentials;
  credentials.Exec();
  VmCaller caller = CallerOf(task);
  caller.capabilities = credentials.capabilities().effective;
  // set_personality_64bit.
  caller.personality &= ~kReadImpliesExec;
  const VdsoSource vdso = image.mappings.empty() ? VdsoSource::kKernel : VdsoSource::kImage;
  const Errno error = ImageLoader(address_spaces_[fresh], caller).Load(resolved, vdso, elf_randomness);
  if (error != Errno::kOk) {
    task.pkru = pkru;
    address_spaces_.Put(fresh);
    return error;
  }
  address_spaces_[fresh].layout.auxv = AuxvOf(resolved, address_spaces_[fresh], task.credentials);
  const Pid old_pid = task.pid;
  if (environment_.running != 0) environment_.running = address_spaces_[fresh].number();
  Task& leader = LeaveOneThread(task);
  // While init boots no task runs.
  if (environment_.cpus.running(environment_.cpus.current()) == old_pid) {
    environment_.cpus.BecomeTask(leader.pid, address_spaces_[fresh].number());
  }
  address_spaces_.Put(leader.mm);
  leader.mm = fresh;
  leader.credentials.Exec();
  leader.personality &= ~kReadImpliesExec;
  const std::string comm = CommOf(image.path);
  environment_.cpus.Trace<Tracepoint::kTaskRename>(leader.pid, leader.comm, comm, leader.oom_score_adj);
  leader.comm = comm;
  // Without memory for a table of its own it keeps the shared one. Linux would kill it: there is no way back from here.
  if (const ErrnoOr<FileTableId> own = file_tables_.Unshare(leader.files); own.ok()) leader.files = *own;
  file_tables_.CloseOnExec(leader.files);
  environment_.cpus.Trace<Tracepoint::kSchedProcessExec>(image.path, leader.pid, old_pid);
  return Errno::kOk;
}

Errno Tasks::Execve(Pid pid, const ExecImage& image) {
  Task* task = FindAlive(pid);
  if (task == nullptr) return Errno::kSrch;
  if (image.path.empty()) return Errno::kNoEnt;
  if (!IsWellFormed(image)) return Errno::kInval;
  if (image.program.has_value() && !image.mappings.empty()) return Errno::kInval;
  return BecomeProgram(*task, image);
}

}  // namespace memsim
