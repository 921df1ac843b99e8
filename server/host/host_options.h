// How large the host may get: every limit with its reason.

#ifndef MEMSIM_SERVER_HOST_HOST_OPTIONS_H_
#define MEMSIM_SERVER_HOST_HOST_OPTIONS_H_

#include <chrono>
#include <cstddef>

#include "server/base/units.h"
#include "server/host/batch_limits.h"

namespace memsim {

// What one machine's queue may hold. What comes on top is refused with QUEUE_FULL, so that a caller who sends faster
// than a machine works learns it, and the server's memory stays bounded.
struct QueueLimits {
  // Batches. A thousand callers who wait for one answer each, or a hundred streams with their batches in flight.
  std::size_t jobs = 1024;
  // Calls of all batches: ten full batches, which is some tens of milliseconds of cheap calls.
  std::size_t calls = 100'000;
  // Memory of all batches: two of the largest, or more calls than `calls` allows of an ordinary kind.
  std::size_t memory_bytes = 64U << 20;
  // Looks into the machine: watchers, scrapers, readers of /proc. They are few, and each is short.
  std::size_t inspections = 256;
};

struct HostOptions {
  // Threads that run machines. 0: one a core, for a machine computes and never waits.
  std::size_t worker_count = 0;
  // A turn ends at the first call boundary after this long. Long enough that changing machines costs nothing, short
  // enough that a caller of another machine does not notice.
  std::chrono::nanoseconds turn = std::chrono::milliseconds(1);
  // An idle machine of 64 GiB takes some tens of kilobytes, so these fit into a few gigabytes.
  std::size_t max_machines = 50'000;
  // Host memory for the simulated state of all machines, none of which has a share of its own. 0: half of what the host
  // has, as a turn may overshoot (by as much as a call makes, which for a fork is what its parent has), and messages
  // and code need some too.
  ByteCount max_host_memory{0};
  // Memory of all batches that wait for any machine, and of those that streams have read ahead: eight full queues.
  std::size_t max_queued_bytes = 512U << 20;
  QueueLimits queue;
  BatchLimits batch;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_HOST_HOST_OPTIONS_H_
