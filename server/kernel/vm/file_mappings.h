// Which mappings each file has, in all address spaces: how a file that becomes shorter finds them (i_mmap of a file's
// address_space).
//
// Thread-compatible.

#ifndef MEMSIM_SERVER_KERNEL_VM_FILE_MAPPINGS_H_
#define MEMSIM_SERVER_KERNEL_VM_FILE_MAPPINGS_H_

#include <compare>
#include <cstdint>

#include "absl/container/btree_map.h"
#include "absl/functional/function_ref.h"

#include "server/base/units.h"
#include "server/kernel/file/inode.h"
#include "server/kernel/vm/vma.h"

namespace memsim {

class AddressSpace;

class FileMappings {
 public:
  // mapping_writably_mapped: whether a shared mapping of the file may be written, now or after an mprotect.
  bool HasWritable(InodeId inode) const;
  struct Mapping {
    AddressSpace* space;
    // Stays where it is while the mapping lives.
    const Vma* vma;
  };

  AddressSpaceNumber NumberSpace() { return ++last_space_; }

  // The mapping, which starts where vma says, has this file. REQUIRES: it is not in the index.
  void Add(InodeId inode, AddressSpaceNumber number, AddressSpace& space, const Vma& vma);
  // REQUIRES: a mapping of the file that starts there is in the index.
  void Remove(InodeId inode, AddressSpaceNumber number, VirtualAddress start);

  // By address space and then ascending. visit must not make, move or remove mappings.
  void ForEachOf(InodeId inode, absl::FunctionRef<void(const Mapping&)> visit) const;
  bool Has(InodeId inode, AddressSpaceNumber number, const Vma& vma) const;
  std::uint64_t size() const { return mappings_.size(); }
  ByteCount HostMemory() const;

 private:
  struct Key {
    InodeId inode;
    AddressSpaceNumber number;
    VirtualAddress start;

    friend auto operator<=>(const Key&, const Key&) = default;
  };
  absl::btree_map<Key, Mapping> mappings_;
  AddressSpaceNumber last_space_ = 0;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_FILE_MAPPINGS_H_
