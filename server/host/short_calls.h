// Which calls are over before another thread could begin them.
//
// A call is short if the number of pages, mappings and records that it works on is bounded by its arguments, and small,
// whatever state the machine is in; the machine must not be short of memory then, see kHeadroomOfShortCall, nor about
// to do what it does once a second. It takes a microsecond or two, and some ten where it fills or empties a CPU's list
// of pages: less than handing it to another thread may take on a busy host.

#ifndef MEMSIM_SERVER_HOST_SHORT_CALLS_H_
#define MEMSIM_SERVER_HOST_SHORT_CALLS_H_

#include <cstdint>

#include "memsim/v1/execution_service.pb.h"
#include "server/base/units.h"
#include "server/kernel/machine_spec.h"

namespace memsim {

// Pages that a short call may touch, take or give back: at about 0.1 us a page some microseconds.
constexpr std::uint64_t kMaxPagesOfShortCall = 32;
// The largest slot that it may fill: those below it make room for 64 KiB, once.
constexpr std::uint32_t kMaxSlotOfShortCall = 4096;
// Free pages that the machine must have above what it keeps in reserve: enough for the pages of a short call, for the
// page tables of as many mappings, and for the slabs of what describes them. With fewer, the call could have to end a
// process to go on, and that takes as long as the process is large.
constexpr PageCount kHeadroomOfShortCall{8 * kMaxPagesOfShortCall};

// More virtual time than such a call takes with the usual costs: each of its pages may be read from the device, and all
// else together takes less than a millisecond.
constexpr Nanoseconds kMaxTimeOfShortCall = kDefaultCosts.device_read * kMaxPagesOfShortCall + Nanoseconds(1'000'000);

// Whether none of the machine's steps takes more virtual time than usual, so that the above holds.
bool HasUsualCosts(const MachineSpec& spec);

// Whether the batch has at most one call, and that is short. What is not known for short by its arguments is not.
bool IsShort(const v1::ExecuteBatchRequest& batch);

}  // namespace memsim

#endif  // MEMSIM_SERVER_HOST_SHORT_CALLS_H_
