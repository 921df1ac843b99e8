#include "client/elf/elf_program.h"

#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"

namespace memsim::elf {
namespace {

absl::Status NotAProgram(const std::string& path, const std::string& why) {
  return absl::InvalidArgumentError(absl::StrCat(path, " ", why));
}

// An ELF file that is open for reading.
class File {
 public:
  static absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path) {
    std::error_code error;
    const std::filesystem::path resolved = std::filesystem::canonical(path, error);
    if (error) return absl::NotFoundError(absl::StrCat(path, ": ", error.message()));
    auto file = std::make_unique<File>(resolved.string());
    if (file->fd_ < 0) return NotAProgram(path, "cannot be read");
    if (!file->Begin()) return NotAProgram(path, "is not a program or library for 64-bit x86 in the ELF format");
    return file;
  }

  explicit File(std::string path) : path_(std::move(path)), fd_(open(path_.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~File() {
    if (elf_ != nullptr) elf_end(elf_);
    if (fd_ >= 0) close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  const std::vector<GElf_Phdr>& headers() const { return headers_; }

  // The path that PT_INTERP names, which ends with a zero byte. Empty: there is none, or it lies beyond the file.
  std::string Text(const GElf_Phdr& header) const {
    std::size_t size = 0;
    const char* const bytes = elf_rawfile(elf_, &size);
    if (bytes == nullptr || header.p_filesz < 2 || header.p_offset > size || header.p_filesz > size - header.p_offset) {
      return "";
    }
    return {bytes + header.p_offset, strnlen(bytes + header.p_offset, header.p_filesz - 1)};
  }

  void Describe(v1::ElfFile& described) const {
    described.set_path(path_);
    std::error_code error;
    described.set_length_bytes(std::filesystem::file_size(path_, error));
    described.set_position_independent(type_ == ET_DYN);
    for (const GElf_Phdr& header : headers_) {
      if (header.p_type != PT_LOAD) continue;
      v1::ElfSegment& segment = *described.add_segments();
      segment.set_address(header.p_vaddr);
      segment.set_offset_bytes(header.p_offset);
      segment.set_file_bytes(header.p_filesz);
      segment.set_memory_bytes(header.p_memsz);
      segment.set_align_bytes(header.p_align);
      segment.set_prot(((header.p_flags & PF_R) != 0 ? PROT_READ : 0) |
                       ((header.p_flags & PF_W) != 0 ? PROT_WRITE : 0) |
                       ((header.p_flags & PF_X) != 0 ? PROT_EXEC : 0));
    }
  }

 private:
  // Reads the headers. False: it is not what it should be.
  bool Begin() {
    if (elf_version(EV_CURRENT) == EV_NONE) return false;
    elf_ = elf_begin(fd_, ELF_C_READ, nullptr);
    GElf_Ehdr file_header;
    std::size_t count = 0;
    if (elf_ == nullptr || elf_kind(elf_) != ELF_K_ELF || gelf_getehdr(elf_, &file_header) == nullptr) return false;
    if (gelf_getclass(elf_) != ELFCLASS64 || file_header.e_machine != EM_X86_64) return false;
    type_ = file_header.e_type;
    if ((type_ != ET_EXEC && type_ != ET_DYN) || elf_getphdrnum(elf_, &count) != 0) return false;
    if (count == 0) return false;
    for (std::size_t i = 0; i < count; ++i) {
      GElf_Phdr header;
      if (gelf_getphdr(elf_, static_cast<int>(i), &header) == nullptr) return false;
      headers_.push_back(header);
    }
    return true;
  }

  const std::string path_;
  const int fd_;
  Elf* elf_ = nullptr;
  GElf_Half type_ = ET_NONE;
  std::vector<GElf_Phdr> headers_;
};

}  // namespace

absl::StatusOr<v1::ElfProgram> ReadElfProgram(const std::string& path) {
  const absl::StatusOr<std::unique_ptr<File>> file = File::Open(path);
  if (!file.ok()) return file.status();
  v1::ElfProgram program;
  (*file)->Describe(*program.mutable_file());
  for (const GElf_Phdr& header : (*file)->headers()) {
    if (header.p_type == PT_GNU_STACK) program.set_executable_stack((header.p_flags & PF_X) != 0);
    // Only the first counts.
    if (header.p_type != PT_INTERP || program.has_interpreter()) continue;
    const std::string name = (*file)->Text(header);
    const absl::StatusOr<std::unique_ptr<File>> interpreter = File::Open(name);
    if (!interpreter.ok()) {
      return NotAProgram(path, absl::StrCat("names an interpreter: ", interpreter.status().message()));
    }
    (*interpreter)->Describe(*program.mutable_interpreter());
  }
  return program;
}

}  // namespace memsim::elf
