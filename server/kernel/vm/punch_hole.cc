#include "server/kernel/vm/punch_hole.h"

#include "server/kernel/vm/zap.h"

namespace memsim {

void PunchHole(const VmEnvironment& environment, InodeId inode, PageOffset first, PageOffset end) {
  ZapFilePages(environment, inode, first, end, ZapKind::kFilePages);
  environment.files.PunchHole(inode, first, end);
}

}  // namespace memsim
