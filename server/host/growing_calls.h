// Which calls may be refused when the host's memory runs out.

#ifndef MEMSIM_SERVER_HOST_GROWING_CALLS_H_
#define MEMSIM_SERVER_HOST_GROWING_CALLS_H_

#include "memsim/v1/call.pb.h"

namespace memsim {

// Whether the call can make the machine's state larger. False for those that give memory back or take none, as far as
// the call tells by itself, for they must work when there is no memory: a brk or ftruncate to less than before is not
// known for what it is, but a client can munmap, exit, or empty the file.
bool MayGrowState(const v1::Call& call);

}  // namespace memsim

#endif  // MEMSIM_SERVER_HOST_GROWING_CALLS_H_
