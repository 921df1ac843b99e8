// The code of a native process: it does what its slot asks, and nothing else. Freestanding, for it runs where nothing
// but the region is mapped: no libc, no data, no relocation.

#ifndef MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_RUNNER_H_
#define MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_RUNNER_H_

#include <cstddef>

namespace memsim::differential {

// Copies the code to the region's start. false: the region's share for it is too small.
bool CopyRunner(void* region, std::size_t size);

// Goes over to the copied code, on the stack of the first slot, and unmaps all but the region.
[[noreturn]] void BecomeRunner(void* region);

}  // namespace memsim::differential

#endif  // MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_RUNNER_H_
