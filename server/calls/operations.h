// The table of operations lives beside the proto messages, as clients use it too.

#ifndef MEMSIM_SERVER_CALLS_OPERATIONS_H_
#define MEMSIM_SERVER_CALLS_OPERATIONS_H_

#include "proto/operations.h"

#endif  // MEMSIM_SERVER_CALLS_OPERATIONS_H_
