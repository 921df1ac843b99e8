#include "server/kernel/process/task.h"

namespace memsim {

void Task::DigestTo(Digest& digest) const {
  digest.Add(pid);
  digest.Add(tgid);
  digest.Add(parent);
  digest.Add(comm);
  digest.Add(static_cast<std::uint64_t>(state));
  digest.Add(static_cast<std::uint64_t>(exit_status));
  digest.Add(mm);
  digest.Add(files);
  digest.Add(mempolicy);
  digest.Add(personality);
  digest.Add(static_cast<std::uint64_t>(static_cast<std::uint16_t>(oom_score_adj)) << 16 |
             static_cast<std::uint16_t>(oom_score_adj_min));
  limits.DigestTo(digest);
  digest.Add(cpu);
  digest.Add(faults.minor_faults);
  digest.Add(faults.major_faults);
  digest.Add(static_cast<std::uint64_t>(pkru.bits()));
  credentials.DigestTo(digest);
  for (const PageFrameNumber frame : kernel_stack) digest.Add(frame);
  for (const VirtualAddress object : {task_object, cred_object, pid_object}) digest.Add(object);
  for (const SharedObjectId object : {fs, sighand, signal}) digest.Add(object);
}

}  // namespace memsim
