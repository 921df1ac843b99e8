#include "server/kernel/vm/file_mappings.h"

#include "server/base/check.h"

namespace memsim {

void FileMappings::Add(InodeId inode, AddressSpaceNumber number, AddressSpace& space, const Vma& vma) {
  const bool added = mappings_.insert({Key{inode, number, vma.range.start}, Mapping{&space, &vma}}).second;
  MEMSIM_CHECK(added, inode.value(), vma.range.start.value());
}

void FileMappings::Remove(InodeId inode, AddressSpaceNumber number, VirtualAddress start) {
  MEMSIM_CHECK(mappings_.erase(Key{inode, number, start}) == 1, inode.value(), start.value());
}

void FileMappings::ForEachOf(InodeId inode, absl::FunctionRef<void(const Mapping&)> visit) const {
  for (auto at = mappings_.lower_bound(Key{inode, 0, VirtualAddress(0)});
       at != mappings_.end() && at->first.inode == inode; ++at) {
    visit(at->second);
  }
}

bool FileMappings::Has(InodeId inode, AddressSpaceNumber number, const Vma& vma) const {
  const auto found = mappings_.find(Key{inode, number, vma.range.start});
  return found != mappings_.end() && found->second.vma == &vma;
}

ByteCount FileMappings::HostMemory() const {
  // Nodes of the tree are at least half full.
  return ByteCount(mappings_.size() * (sizeof(Key) + sizeof(Mapping)) * 2);
}

bool FileMappings::HasWritable(InodeId inode) const {
  bool writable = false;
  ForEachOf(inode, [&writable](const Mapping& mapping) {
    if ((mapping.vma->flags & (kVmShared | kVmMayWrite)) == (kVmShared | kVmMayWrite)) writable = true;
  });
  return writable;
}

}  // namespace memsim
