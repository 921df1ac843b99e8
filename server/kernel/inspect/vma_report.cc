#include "server/kernel/inspect/vma_report.h"

#include "server/kernel/procfs/maps_line.h"

namespace memsim {

VmaReport VmaReport::Of(const AddressSpace& space, const Vma& vma) {
  const FileSystem& files = space.environment().files;
  VmaReport report;
  report.range = vma.range;
  report.flags = vma.flags;
  report.pgoff = vma.pgoff;
  if (vma.file != OpenFileId()) report.inode_number = files.InodeOf(vma.file).number;
  report.name = NameInMaps(files, space.layout, vma);
  report.space = space.number();
  report.anon_vma = vma.anon.own;
  return report;
}

}  // namespace memsim
