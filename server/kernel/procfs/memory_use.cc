#include "server/kernel/procfs/memory_use.h"

namespace memsim {

PageCount CodePages(const AddressSpace& space) {
  return ToPages(PageAlignUp(space.layout.end_code) - PageAlignDown(space.layout.start_code));
}

}  // namespace memsim
