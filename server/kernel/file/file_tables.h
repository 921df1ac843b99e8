// The descriptor tables of a machine. Tasks name theirs by id, as tasks made with CLONE_FILES share one.
//
// Invariants (CheckInvariants verifies them):
//  1. An open file has at least as many references as descriptors.
//  2. Those of each table.

#ifndef MEMSIM_SERVER_KERNEL_FILE_FILE_TABLES_H_
#define MEMSIM_SERVER_KERNEL_FILE_FILE_TABLES_H_

#include <cstdint>

#include "server/base/digest.h"
#include "server/base/id_table.h"
#include "server/base/units.h"
#include "server/kernel/file/file_system.h"
#include "server/kernel/file/file_table.h"
#include "server/kernel/slab/slab_caches.h"

namespace memsim {

// Counted from 1; 0 is none. The id of a table that is gone is given to another.
using FileTableId = Unit<struct FileTableIdTag, std::uint32_t>;

class FileTables {
 public:
  // Both outlive the tables.
  FileTables(FileSystem& files, SlabCaches& slabs) : files_(files), slabs_(slabs) {}

  // An empty table, with one reference, which is the caller's. ENOMEM.
  ErrnoOr<FileTableId> Create();
  // A copy, whose descriptors share the open files (dup_fd): fork. ENOMEM.
  ErrnoOr<FileTableId> Copy(FileTableId id);
  // Another reference: CLONE_FILES. One less, where the last closes all descriptors: exit.
  void Get(FileTableId id) { ++slot(id).references; }
  void Put(FileTableId id);
  // What execve does: the caller's reference becomes one to a table of its own (unshare_files; ENOMEM), then the
  // descriptors that close on exec are closed.
  ErrnoOr<FileTableId> Unshare(FileTableId id);
  void CloseOnExec(FileTableId id);

  // REQUIRES: a table that somebody holds. The references hold until a table is made.
  FileTable& table(FileTableId id) { return slot(id).table; }
  const FileTable& table(FileTableId id) const { return slot(id).table; }
  std::uint32_t references(FileTableId id) const { return slot(id).references; }

  // How many tables somebody holds.
  std::size_t size() const { return slots_.size(); }
  void DigestTo(Digest& digest) const;
  ByteCount HostMemory() const;
  void CheckInvariants() const;

 private:
  struct Slot {
    FileTable table;
    // 0: this place is free.
    std::uint32_t references = 0;
    // The files_struct, as an object of a slab cache.
    VirtualAddress object;
  };

  Slot& slot(FileTableId id);
  const Slot& slot(FileTableId id) const;

  FileSystem& files_;
  SlabCaches& slabs_;
  IdTable<FileTableId, Slot> slots_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_FILE_FILE_TABLES_H_
