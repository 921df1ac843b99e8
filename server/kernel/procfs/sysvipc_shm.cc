// /proc/sysvipc/shm (sysvipc_shm_proc_show of ipc/shm.c), and the sysctls of System V shared memory, which nobody can
// write yet. Swap is always 0.

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "server/kernel/procfs/proc_files.h"
#include "server/kernel/procfs/procfs.h"

namespace memsim {

std::string SysvipcShm(const ProcView& view) {
  std::string text =
      "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      "
      "dtime "
      "     ctime                   rss                  swap\n";
  view.shm.ForEach([&](const ShmSegment& segment) {
    if (text.size() > kMaxProcFileBytes) return;
    const IpcPermission& permission = segment.permission;
    absl::StrAppendFormat(&text, "%10d %10d  %4o %21u %5u %5u  %5u %5u %5u %5u %5u %10u %10u %10u %21u %21u\n",
                          permission.key, permission.id, permission.mode, segment.size.value(), segment.creator.value(),
                          segment.last.value(), segment.attach_count, permission.uid, permission.gid,
                          permission.creator_uid, permission.creator_gid, segment.attach_time, segment.detach_time,
                          segment.change_time, ToBytes(view.shm.ResidentPages(segment)).value(), 0);
  });
  return text;
}

std::string ShmMax(const ProcView& /*view*/) { return absl::StrCat(ShmSegments::kLimits.max_size, "\n"); }

std::string ShmAll(const ProcView& /*view*/) { return absl::StrCat(ShmSegments::kLimits.max_pages, "\n"); }

std::string ShmMni(const ProcView& /*view*/) { return absl::StrCat(ShmSegments::kLimits.max_segments, "\n"); }

}  // namespace memsim
