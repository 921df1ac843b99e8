// What a program does to a byte of its memory, and what came of it.

#ifndef MEMSIM_SERVER_KERNEL_VM_ACCESS_H_
#define MEMSIM_SERVER_KERNEL_VM_ACCESS_H_

#include <cstdint>
#include <optional>

#include "server/base/units.h"

namespace memsim {

enum class AccessKind : std::uint8_t { kRead, kWrite, kExecute };

enum class SignalNumber : std::uint8_t { kBus = 7, kKill = 9, kSegv = 11 };

// si_code (include/uapi/asm-generic/siginfo.h).
enum class SignalCode : std::uint8_t {
  kUser = 0,
  kMapErr = 1,  // SEGV_MAPERR
  kAccErr = 2,  // SEGV_ACCERR, BUS_ADRERR
  kPkuErr = 4,  // SEGV_PKUERR
  kKernel = 128,
};

struct Signal {
  SignalNumber number;
  SignalCode code;
  VirtualAddress address;

  friend bool operator==(const Signal&, const Signal&) = default;
};

// What a row of accesses took.
struct AccessResult {
  std::uint64_t minor_faults = 0;
  std::uint64_t major_faults = 0;
  // The signal that ended the row.
  std::optional<Signal> signal;

  friend bool operator==(const AccessResult&, const AccessResult&) = default;
};

// What a row of bytes took, each an access of its own.
struct TransferResult {
  // How many were loaded or stored before a signal ended the row.
  ByteCount done;
  AccessResult access;

  friend bool operator==(const TransferResult&, const TransferResult&) = default;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_ACCESS_H_
