// The tables behind linux_constants.h.

#ifndef MEMSIM_CLIENT_LIBRARY_LINUX_CONSTANT_TABLES_H_
#define MEMSIM_CLIENT_LIBRARY_LINUX_CONSTANT_TABLES_H_

#include "absl/types/span.h"

#include "client/library/linux_constants.h"

namespace memsim::client {

// Every family with a table of its own: all but E and SIG, whose names the C library knows.
absl::Span<const ConstantFamily> ConstantTables();

}  // namespace memsim::client

#endif  // MEMSIM_CLIENT_LIBRARY_LINUX_CONSTANT_TABLES_H_
