// The page at /: what this server is, and where to look.

#ifndef MEMSIM_SERVER_HTTP_INDEX_PAGE_H_
#define MEMSIM_SERVER_HTTP_INDEX_PAGE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "server/host/machine_info.h"

namespace memsim {

// HTML with links to every other page and to those of the machines given; machine_count is how many exist.
std::string RenderIndexPage(const std::vector<MachineInfo>& machines, std::size_t machine_count);

}  // namespace memsim

#endif  // MEMSIM_SERVER_HTTP_INDEX_PAGE_H_
