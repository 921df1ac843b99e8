// The machine as the text files of /proc, byte for byte in the format of Linux 6.18 on x86-64.
//
// A row for which the machine keeps no state shows what an idle Linux without that feature shows: 0, or the constant
// that stands beside it in the source of the file. No row is left out, so that programs which expect Linux find all of
// them.

#ifndef MEMSIM_SERVER_KERNEL_PROCFS_PROCFS_H_
#define MEMSIM_SERVER_KERNEL_PROCFS_PROCFS_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

#include "server/base/errno.h"
#include "server/base/units.h"
#include "server/kernel/machine_spec.h"
#include "server/kernel/process/credentials.h"
#include "server/kernel/procfs/proc_view.h"

namespace memsim {

// Where a file is cut off, after the first row that passes this: only maps grows with what a caller does. Linux gives
// it out in pieces, without an end.
inline constexpr std::size_t kMaxProcFileBytes = 16U << 20;

// The file at a path: "meminfo", "/proc/meminfo", "1/maps"; "/sys/kernel/slab/dentry/order" (sys_slab.h). A task's
// directory is its pid, zombies and threads included. nullopt: no such file or task.
std::optional<std::string> ReadProc(const ProcView& view, absl::string_view path);

struct ProcPart {
  // Of the file's first byte.
  ByteCount offset;
  // Absent: to the end.
  std::optional<ByteCount> length;
};

// A part of a file, as pread(2) gives it: less where the file ends before. ENOENT: no such file or task; EFBIG: it is
// longer than kMaxProcFileBytes, or so much was asked for. Also of PID/pagemap (pagemap.h), which ReadProc has not: it
// has 256 GiB, so that a part of it must be asked for. Of that, EINVAL: offset or length is no multiple of 8; ESRCH: a
// task without memory.
ErrnoOr<std::string> ReadProcPart(const ProcView& view, absl::string_view path, const ProcPart& part);

// What open(2) for writing and write(2) of a text answer. Sysctls can be written (sys_vm.h) by root, whatever others
// are capable of: EACCES; and PID/oom_score_adj by the process's own user: EINVAL, ERANGE, EACCES
// (Tasks::SetOomScoreAdj). Other files are EIO, a task's EINVAL, to who has CAP_DAC_OVERRIDE, and EACCES to the rest;
// those of /sys EACCES; ENOENT where there is none.
ErrnoOr<ByteCount> WriteProc(const ProcView& view, const Credentials& writer, absl::string_view path,
                             absl::string_view text, Sysctls& sysctls, Tasks& tasks);

// What ReadProc knows: the files of the machine, and those of every task.
std::vector<absl::string_view> ProcMachineFiles();
std::vector<absl::string_view> ProcTaskFiles();

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PROCFS_PROCFS_H_
