// Who must know when mappings of System V shared memory come and go: open and close of shm's vm_ops. ipc/ implements
// it, which stands above this folder.

#ifndef MEMSIM_SERVER_KERNEL_VM_SHM_MAPPINGS_H_
#define MEMSIM_SERVER_KERNEL_VM_SHM_MAPPINGS_H_

#include <cstdint>

namespace memsim {

class ShmMappings {
 public:
  virtual ~ShmMappings() = default;

  // Whether there still is such a segment. shmid, here and below: the number of its inode.
  virtual bool Lives(std::uint64_t shmid) const = 0;
  // One more mapping of a segment, or a part of one that was cut in two; one less. REQUIRES: the segment lives.
  virtual void Open(std::uint64_t shmid) = 0;
  virtual void Close(std::uint64_t shmid) = 0;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_SHM_MAPPINGS_H_
