// The page size of the recorded kernels and of the simulated ones.

#ifndef MEMSIM_CLIENT_REPLAY_PAGE_SIZE_H_
#define MEMSIM_CLIENT_REPLAY_PAGE_SIZE_H_

#include <cstdint>

namespace memsim::replay {

inline constexpr std::uint64_t kPageBytes = 4096;

}  // namespace memsim::replay

#endif  // MEMSIM_CLIENT_REPLAY_PAGE_SIZE_H_
