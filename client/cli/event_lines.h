// Events as lines, as perf script prints them.

#ifndef MEMSIM_CLIENT_CLI_EVENT_LINES_H_
#define MEMSIM_CLIENT_CLI_EVENT_LINES_H_

#include <cstddef>
#include <string>

#include "memsim/v1/machine_service.pb.h"

namespace memsim::cli {

// "            test      7 [001]     0.000012:   kmem:mm_page_alloc: page=… pfn=…": command, pid, CPU, seconds of
// virtual time, the event's name in a column of so many characters, and its text. Ends with \n.
std::string EventLine(const v1::Event& event, std::size_t name_width);

}  // namespace memsim::cli

#endif  // MEMSIM_CLIENT_CLI_EVENT_LINES_H_
