#include "server/kernel/file/file_tables.h"

#include <map>
#include <utility>
#include <vector>

#include "server/base/check.h"

namespace memsim {

FileTables::Slot& FileTables::slot(FileTableId id) {
  Slot& slot = slots_[id];
  MEMSIM_CHECK(slot.references > 0, id.value());
  return slot;
}

const FileTables::Slot& FileTables::slot(FileTableId id) const {
  const Slot& slot = slots_[id];
  MEMSIM_CHECK(slot.references > 0, id.value());
  return slot;
}

ErrnoOr<FileTableId> FileTables::Create() {
  const VirtualAddress object = slabs_.Alloc(KernelCache::kFilesCache, kGfpKernel);
  if (object == kNoObject) return Errno::kNoMem;
  return slots_.Add({FileTable(), 1, object});
}

ErrnoOr<FileTableId> FileTables::Copy(FileTableId id) {
  const ErrnoOr<FileTableId> copy = Create();
  if (!copy.ok()) return copy;
  slot(*copy).table = slot(id).table;
  slot(*copy).table.ForEach([this](int, const FileTable::Entry& entry) { files_.Get(entry.file); });
  return copy;
}

void FileTables::Put(FileTableId id) {
  Slot& last = slot(id);
  if (--last.references > 0) return;
  const FileTable closed = std::exchange(last.table, FileTable());
  slabs_.Free(KernelCache::kFilesCache, std::exchange(last.object, kNoObject));
  slots_.Remove(id);
  closed.ForEach([this](int, const FileTable::Entry& entry) { files_.Put(entry.file); });
}

ErrnoOr<FileTableId> FileTables::Unshare(FileTableId id) {
  if (slot(id).references == 1) return id;
  const ErrnoOr<FileTableId> own = Copy(id);
  if (own.ok()) Put(id);
  return own;
}

void FileTables::CloseOnExec(FileTableId id) {
  std::vector<int> closing;
  FileTable& table = slot(id).table;
  table.ForEach([&closing](int fd, const FileTable::Entry& entry) {
    if (entry.close_on_exec == memsim::CloseOnExec::kYes) closing.push_back(fd);
  });
  for (const int fd : closing) files_.Put(table.Remove(fd));
}

void FileTables::DigestTo(Digest& digest) const {
  digest.Add(static_cast<std::uint64_t>(slots_.values().size()));
  for (const Slot& slot : slots_.values()) {
    digest.Add(slot.references);
    digest.Add(slot.object);
    slot.table.DigestTo(digest);
  }
  for (const FileTableId id : slots_.free_ids()) digest.Add(id);
}

ByteCount FileTables::HostMemory() const {
  ByteCount bytes = ByteCount(sizeof(*this)) + slots_.HostMemory();
  for (const Slot& slot : slots_.values()) bytes += slot.table.HostMemory() - ByteCount(sizeof(FileTable));
  return bytes;
}

void FileTables::CheckInvariants() const {
  std::map<OpenFileId, std::uint32_t> descriptors;
  std::size_t unused = 0;
  slots_.CheckInvariants();
  for (const Slot& slot : slots_.values()) {
    slot.table.CheckInvariants();
    slot.table.ForEach([&descriptors](int, const FileTable::Entry& entry) { ++descriptors[entry.file]; });
    if (slot.references == 0) ++unused;
    MEMSIM_CHECK(slot.references > 0 || slot.table.open_count() == 0, slot.table.open_count());
  }
  MEMSIM_CHECK(unused == slots_.free_ids().size(), unused, slots_.free_ids().size());
  for (const auto& [file, count] : descriptors) {
    MEMSIM_CHECK(files_.file(file).references >= count, file.value(), count);
  }
}

}  // namespace memsim
