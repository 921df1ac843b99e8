#include "client/elf/elf_program.h"

#include <elf.h>

#include <cstring>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace memsim::elf {
namespace {

using testing::HasSubstr;

// A file of the test's own.
std::string Written(const std::string& name, const std::string& bytes) {
  const std::string path = testing::TempDir() + name;
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

std::string Bytes(const void* object, std::size_t size) { return {static_cast<const char*>(object), size}; }

// A program of one segment, which names an interpreter unless that is empty.
std::string SmallElf(const std::string& interpreter, unsigned char bits = ELFCLASS64) {
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = bits;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_EXEC;
  header.e_machine = EM_X86_64;
  header.e_version = EV_CURRENT;
  header.e_ehsize = sizeof(header);
  header.e_phoff = sizeof(header);
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 3;
  Elf64_Phdr load{};
  load.p_type = PT_LOAD;
  load.p_flags = PF_R | PF_X;
  load.p_vaddr = 0x400000;
  load.p_filesz = load.p_memsz = 0x123;
  load.p_align = 0x1000;
  Elf64_Phdr stack{};
  stack.p_type = PT_GNU_STACK;
  stack.p_flags = PF_R | PF_W | PF_X;
  Elf64_Phdr names{};
  names.p_type = interpreter.empty() ? PT_NULL : PT_INTERP;
  names.p_offset = sizeof(header) + 3 * sizeof(Elf64_Phdr);
  names.p_filesz = interpreter.size() + 1;
  return Bytes(&header, sizeof(header)) + Bytes(&load, sizeof(load)) + Bytes(&stack, sizeof(stack)) +
         Bytes(&names, sizeof(names)) + interpreter + std::string(1, '\0');
}

TEST(ElfProgramTest, TheHeadersOfAProgramAreItsDescription) {
  const absl::StatusOr<v1::ElfProgram> program = ReadElfProgram(Written("plain", SmallElf("")));
  ASSERT_TRUE(program.ok()) << program.status();
  EXPECT_THAT(program->file().path(), HasSubstr("plain"));
  EXPECT_FALSE(program->file().position_independent());
  EXPECT_FALSE(program->has_interpreter());
  EXPECT_TRUE(program->executable_stack());
  ASSERT_EQ(program->file().segments_size(), 1);
  EXPECT_EQ(program->file().segments(0).ShortDebugString(),
            "address: 4194304 file_bytes: 291 memory_bytes: 291 prot: 5 align_bytes: 4096");
}

TEST(ElfProgramTest, TheInterpreterIsReadAsWell) {
  const std::string linker = Written("linker", SmallElf(""));
  const absl::StatusOr<v1::ElfProgram> program = ReadElfProgram(Written("linked", SmallElf(linker)));
  ASSERT_TRUE(program.ok()) << program.status();
  EXPECT_THAT(program->interpreter().path(), HasSubstr("linker"));
  EXPECT_EQ(program->interpreter().segments_size(), 1);
  const absl::Status missing = ReadElfProgram(Written("lost", SmallElf("/no/linker"))).status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(missing.message(), HasSubstr("names an interpreter: /no/linker"));
}

TEST(ElfProgramTest, WhatIsNoProgramIsSaidToBeNone) {
  EXPECT_EQ(ReadElfProgram("/no such file").status().code(), absl::StatusCode::kNotFound);
  for (const std::string& bytes : {std::string(), std::string("#!/bin/sh\n"), SmallElf("", ELFCLASS32),
                                   SmallElf("").substr(0, 70), std::string(ELFMAG)}) {
    EXPECT_EQ(ReadElfProgram(Written("odd", bytes)).status().code(), absl::StatusCode::kInvalidArgument)
        << bytes.size();
  }
  EXPECT_EQ(ReadElfProgram(testing::TempDir()).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace memsim::elf
