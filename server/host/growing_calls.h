// Which calls may be refused when the host's memory runs out.

#ifndef MEMSIM_SERVER_HOST_GROWING_CALLS_H_
#define MEMSIM_SERVER_HOST_GROWING_CALLS_H_

#include "memsim/v1/call.pb.h"

namespace memsim {

// Whether the call can make the machine's state larger. False for those by which a client gives memory back, which must
// work when there is none.
bool MayGrowState(const v1::Call& call);

}  // namespace memsim

#endif  // MEMSIM_SERVER_HOST_GROWING_CALLS_H_
