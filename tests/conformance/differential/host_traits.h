// What programs can be compared on this host, and which are made to fit.

#ifndef MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_HOST_TRAITS_H_
#define MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_HOST_TRAITS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

#include "tests/conformance/differential/program.h"

namespace memsim::differential {

struct HostTraits {
  // Memory that may only be executed cannot be read: it has a protection key of its own.
  bool protection_keys = true;
  // Five levels of page tables: addresses beyond 2^47 can be had.
  bool wide_addresses = false;

  static HostTraits OfHost();
};

// UNAVAILABLE: the kernel is not the one whose rules are simulated. release: as uname tells.
absl::Status CheckKernel(absl::string_view system, absl::string_view release);
absl::Status CheckHostKernel();

// The program as this host can be compared on it. Without protection keys PROT_EXEC becomes PROT_READ|PROT_EXEC, on
// both sides.
Program FitToHost(const Program& program, const HostTraits& traits);

// Whether all that the program asks for means the same on this host: beyond 2^47 only where that is no address.
bool IsComparable(const Program& program, const HostTraits& traits);

}  // namespace memsim::differential

#endif  // MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_HOST_TRAITS_H_
