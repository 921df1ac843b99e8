// CalledMachine's pages, slab caches and files.

#include <string>

#include "server/kernel/physical/direct_map.h"
#include "tests/model/answer_values.h"
#include "tests/model/called_machine.h"

namespace memsim {

// --- Pages

ErrnoOr<PageFrameNumber> CalledMachine::AllocPages(GfpMask gfp, std::uint32_t order) {
  v1::Call call;
  call.mutable_alloc_pages()->set_gfp_mask(gfp);
  call.mutable_alloc_pages()->set_order(order);
  return ValueOf<PageFrameNumber>(Execute(call));
}

ErrnoOr<VirtualAddress> CalledMachine::GetZeroedPage(GfpMask gfp) {
  v1::Call call;
  call.mutable_get_zeroed_page()->set_gfp_mask(gfp);
  return ValueOf<VirtualAddress>(Execute(call));
}

std::optional<FreeRefusal> CalledMachine::FreePages(PageFrameNumber frame, std::uint32_t order) {
  v1::Call call;
  v1::FreePagesRequest& free_pages = *call.mutable_free_pages();
  if (frame.value() % 2 == 1) {
    free_pages.set_address(DirectMapAddress(frame).value());
  } else {
    free_pages.set_frame_number(frame.value());
  }
  free_pages.set_order(order);
  const v1::Answer answer = Execute(call);
  if (answer.error_number() == 0) return std::nullopt;
  return static_cast<FreeRefusal>(answer.free_refusal() - 1);
}

// --- Slab caches

ErrnoOr<CacheId> CalledMachine::KmemCacheCreate(const CacheDefinition& definition) {
  v1::Call call;
  v1::KmemCacheCreateRequest& create = *call.mutable_kmem_cache_create();
  create.set_name(std::string(definition.name));
  create.set_object_size_bytes(definition.object_size.value());
  create.set_align_bytes(definition.align.value());
  create.set_flags(definition.flags);
  create.set_constructor(!definition.constructor.empty());
  create.set_sheaf_capacity(definition.sheaf_capacity);
  return ValueOf<CacheId>(Execute(call));
}

Errno CalledMachine::KmemCacheDestroy(CacheId cache) {
  v1::Call call;
  call.mutable_kmem_cache_destroy()->set_cache(cache.value());
  return ErrorOf(Execute(call));
}

ErrnoOr<VirtualAddress> CalledMachine::KmemCacheAlloc(CacheId cache, GfpMask gfp, std::uint32_t slot) {
  v1::Call call;
  call.set_store_as(slot);
  call.mutable_kmem_cache_alloc()->set_cache(cache.value());
  call.mutable_kmem_cache_alloc()->set_gfp_mask(gfp);
  return ValueOf<VirtualAddress>(Execute(call));
}

std::optional<SlabRefusal> CalledMachine::KmemCacheFree(CacheId cache, VirtualAddress object) {
  v1::Call call;
  call.mutable_kmem_cache_free()->set_cache(cache.value());
  call.mutable_kmem_cache_free()->set_address(object.value());
  return SlabRefusalOf(Execute(call));
}

Errno CalledMachine::KmemCacheAllocBulk(CacheId cache, GfpMask gfp, std::uint32_t first_slot,
                                        absl::Span<VirtualAddress> objects) {
  v1::Call call;
  v1::KmemCacheAllocBulkRequest& bulk = *call.mutable_kmem_cache_alloc_bulk();
  bulk.set_cache(cache.value());
  bulk.set_gfp_mask(gfp);
  bulk.set_object_count(static_cast<std::uint32_t>(objects.size()));
  bulk.set_first_store_as(first_slot);
  const Errno error = ErrorOf(Execute(call));
  if (error != Errno::kOk) return error;
  for (std::uint32_t i = 0; i < objects.size(); ++i) objects[i] = VirtualAddress(Slot(first_slot + i).value_or(0));
  return Errno::kOk;
}

std::optional<SlabRefusal> CalledMachine::KmemCacheFreeBulk(CacheId cache, std::uint32_t first_slot,
                                                            std::uint32_t count) {
  v1::Call call;
  v1::KmemCacheFreeBulkRequest& bulk = *call.mutable_kmem_cache_free_bulk();
  bulk.set_cache(cache.value());
  bulk.set_object_count(count);
  bulk.set_first_stored_as(first_slot);
  return SlabRefusalOf(Execute(call));
}

void CalledMachine::KmemCacheShrink(CacheId cache) {
  v1::Call call;
  call.mutable_kmem_cache_shrink()->set_cache(cache.value());
  Execute(call);
}

ErrnoOr<VirtualAddress> CalledMachine::Kmalloc(ByteCount size, GfpMask gfp) {
  v1::Call call;
  if ((gfp & kGfpZero) != 0) {
    call.mutable_kzalloc()->set_size_bytes(size.value());
    call.mutable_kzalloc()->set_gfp_mask(gfp & ~kGfpZero);
  } else {
    call.mutable_kmalloc()->set_size_bytes(size.value());
    call.mutable_kmalloc()->set_gfp_mask(gfp);
  }
  return ValueOf<VirtualAddress>(Execute(call));
}

Machine::Reallocated CalledMachine::Krealloc(VirtualAddress address, ByteCount size, GfpMask gfp) {
  v1::Call call;
  call.mutable_krealloc()->set_address(address.value());
  call.mutable_krealloc()->set_size_bytes(size.value());
  call.mutable_krealloc()->set_gfp_mask(gfp);
  const v1::Answer answer = Execute(call);
  return {ValueOf<VirtualAddress>(answer), SlabRefusalOf(answer)};
}

std::optional<SlabRefusal> CalledMachine::Kfree(VirtualAddress address) {
  v1::Call call;
  call.mutable_kfree()->set_address(address.value());
  return SlabRefusalOf(Execute(call));
}

// --- Files

Errno CalledMachine::Mknod(absl::string_view path, FileKind kind, ByteCount size) {
  v1::Call call;
  call.mutable_mknod()->set_path(std::string(path));
  // In the same order, behind UNSPECIFIED.
  call.mutable_mknod()->set_kind(static_cast<v1::FileKind>(static_cast<int>(kind) + 1));
  call.mutable_mknod()->set_size_bytes(size.value());
  return ErrorOf(Execute(call));
}

ErrnoOr<int> CalledMachine::Open(Pid pid, absl::string_view path, std::uint32_t flags) {
  v1::Call call;
  call.mutable_open()->set_pid(pid.value());
  call.mutable_open()->set_path(std::string(path));
  call.mutable_open()->set_flags(flags);
  return ValueOf<int>(Execute(call));
}

Errno CalledMachine::Close(Pid pid, int fd) {
  v1::Call call;
  call.mutable_close()->set_pid(pid.value());
  call.mutable_close()->set_fd(fd);
  return ErrorOf(Execute(call));
}

ErrnoOr<int> CalledMachine::Dup(Pid pid, int fd, std::optional<int> new_fd, int minimum_fd, std::uint32_t flags) {
  v1::Call call;
  v1::DupRequest& dup = *call.mutable_dup();
  dup.set_pid(pid.value());
  dup.set_fd(fd);
  if (new_fd.has_value()) dup.set_new_fd(*new_fd);
  dup.set_minimum_fd(minimum_fd);
  dup.set_flags(flags);
  return ValueOf<int>(Execute(call));
}

Errno CalledMachine::Ftruncate(Pid pid, int fd, ByteCount length) {
  v1::Call call;
  call.mutable_ftruncate()->set_pid(pid.value());
  call.mutable_ftruncate()->set_fd(fd);
  call.mutable_ftruncate()->set_length_bytes(length.value());
  return ErrorOf(Execute(call));
}

ErrnoOr<ByteCount> CalledMachine::Write(Pid pid, int fd, ByteCount length, std::optional<ByteCount> offset,
                                        absl::string_view data) {
  v1::Call call;
  call.mutable_write()->set_pid(pid.value());
  call.mutable_write()->set_fd(fd);
  call.mutable_write()->set_length_bytes(length.value());
  if (offset.has_value()) call.mutable_write()->set_offset_bytes(offset->value());
  call.mutable_write()->set_data(std::string(data));
  return ValueOf<ByteCount>(Execute(call));
}

ErrnoOr<ByteCount> CalledMachine::Read(Pid pid, int fd, ByteCount length, std::optional<ByteCount> offset,
                                       std::string& found) {
  v1::Call call;
  call.mutable_read()->set_pid(pid.value());
  call.mutable_read()->set_fd(fd);
  call.mutable_read()->set_length_bytes(length.value());
  if (offset.has_value()) call.mutable_read()->set_offset_bytes(offset->value());
  const v1::Answer answer = Execute(call);
  found = answer.loaded().data();
  return ValueOf<ByteCount>(answer);
}

ErrnoOr<ByteCount> CalledMachine::Lseek(Pid pid, int fd, std::int64_t offset, int whence) {
  v1::Call call;
  call.mutable_lseek()->set_pid(pid.value());
  call.mutable_lseek()->set_fd(fd);
  call.mutable_lseek()->set_offset_bytes(offset);
  call.mutable_lseek()->set_whence(whence);
  return ValueOf<ByteCount>(Execute(call));
}

Errno CalledMachine::Unlink(absl::string_view path) {
  v1::Call call;
  call.mutable_unlink()->set_path(std::string(path));
  return ErrorOf(Execute(call));
}

Errno CalledMachine::Rename(absl::string_view old_path, absl::string_view new_path) {
  v1::Call call;
  call.mutable_rename()->set_old_path(std::string(old_path));
  call.mutable_rename()->set_new_path(std::string(new_path));
  return ErrorOf(Execute(call));
}

}  // namespace memsim
