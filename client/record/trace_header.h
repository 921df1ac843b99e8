// What a trace tells of the host that it was recorded on.

#ifndef MEMSIM_CLIENT_RECORD_TRACE_HEADER_H_
#define MEMSIM_CLIENT_RECORD_TRACE_HEADER_H_

#include <string>
#include <vector>

namespace memsim::record {

// Lines that begin with #: kernel, memory, huge pages, user and limits. What the host does not tell is left out.
std::vector<std::string> TraceHeader();

}  // namespace memsim::record

#endif  // MEMSIM_CLIENT_RECORD_TRACE_HEADER_H_
