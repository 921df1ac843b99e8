// Linux's constants by name: PROT_READ and its like, with the numbers of x86-64.
//
// They come in families named by their prefix. The API's field option `constants` names the family of a field, so a
// person may write "READ|WRITE" for mmap's prot; strace's logs spell whole names out.
//
// Families: PROT, MAP, MREMAP, MADV, MLOCK, MS, MCL, MFD, MPOL, MPOL_F, MPOL_MF, PKEY, CLONE, O, AT, F, F_SEAL, FALLOC,
// SEEK, RLIMIT, PR, PERSONALITY, IPC, SHM, GFP, SIG, E (error numbers), SEGV, BUS, SI.

#ifndef MEMSIM_CLIENT_LIBRARY_LINUX_CONSTANTS_H_
#define MEMSIM_CLIENT_LIBRARY_LINUX_CONSTANTS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace memsim::client {

struct LinuxConstant {
  // "MAP_PRIVATE".
  absl::string_view name;
  std::uint64_t value;
  // The bits that the name decides: of a flag its own, of a value in a bit field the whole field, of a plain number
  // all.
  std::uint64_t mask;
};

struct ConstantFamily {
  // "MAP".
  absl::string_view name;
  // What stands before the short names: "MAP_"; "__GFP_" is known besides "GFP_".
  absl::string_view prefix;
  // In the order in which a number is taken apart: names for many bits first. A name that is only another spelling
  // comes after the one that is printed.
  absl::Span<const LinuxConstant> constants;
  // A family whose whole names may stand among this one's, because the number has a field for them: the signal in
  // clone's flags. Empty: none.
  absl::string_view borrows = {};
};

// nullptr: no such family.
const ConstantFamily* FindConstantFamily(absl::string_view name);
absl::Span<const ConstantFamily> ConstantFamilies();

// The value of a whole name of any family: "MAP_PRIVATE", "SIGSEGV", "ENOMEM", "RLIM64_INFINITY". nullopt: unknown.
std::optional<std::uint64_t> FindConstant(absl::string_view name);

// Reads "PROT_READ|PROT_WRITE", "read|write", "rwx" (PROT alone), "21<<MAP_HUGE_SHIFT", "0x22" or "34", and any of
// these joined by |. A constant of another family is refused, for its number would mean something else here.
// INVALID_ARGUMENT names the word, and the family that it is of or the nearest word that is known.
absl::StatusOr<std::uint64_t> ParseConstants(const ConstantFamily& family, absl::string_view text);

// "MAP_PRIVATE|MAP_ANONYMOUS"; bits without a name follow in hexadecimal: "MAP_SHARED|0x80000000".
std::string FormatConstants(const ConstantFamily& family, std::uint64_t value);

// "ENOMEM", "SIGSEGV". A number without a name is "E123", "SIG99".
std::string ErrorNumberName(int error_number);
std::string SignalName(int signal_number);
// "Cannot allocate memory", whatever the locale. "Unknown error 123" where there is none.
std::string ErrorNumberText(int error_number);
// "SEGV_MAPERR" for signal 11 and code 1; "SI_KERNEL". A code without a name is its number.
std::string SignalCodeName(int signal_number, int code);

}  // namespace memsim::client

#endif  // MEMSIM_CLIENT_LIBRARY_LINUX_CONSTANTS_H_
