#include "server/kernel/vm/cachestat.h"

#include "server/kernel/vm/file_access.h"
#include "server/kernel/vm/user_memory.h"

namespace memsim {
namespace {

constexpr ByteCount kRangeSize{16};
constexpr ByteCount kStatSize{40};

}  // namespace

ErrnoOr<CacheStat> Cachestat(AddressSpace& space, const VmCaller& caller, OpenFileId file,
                             const CachestatArguments& arguments) {
  VmEnvironment& environment = space.environment();
  environment.cpus.Charge(environment.costs.cachestat);
  if (arguments.range_address.has_value()) {
    const Errno error = CopyFromUser(space, caller, *arguments.range_address, kRangeSize);
    if (error != Errno::kOk) return error;
  }
  // can_do_cachestat.
  const FileSystem& files = environment.files;
  if (!files.CanWrite(file) && !OwnsOrMayWrite(files.InodeOf(file), caller)) return Errno::kPerm;
  if (arguments.flags != 0) return Errno::kInval;
  const PageOffset first(arguments.offset.value() >> kPageShift);
  // A sum that wraps makes an empty range, or a short one.
  const std::uint64_t last_byte = arguments.offset.value() + arguments.length.value() - 1;
  const PageOffset end = arguments.length == ByteCount(0) ? kPastLastPage : PageOffset((last_byte >> kPageShift) + 1);
  CacheStat stat;
  if (first < end) stat = files.CountCached(files.file(file).inode, first, end);
  environment.cpus.Charge(environment.costs.cachestat_page * stat.cached);
  if (arguments.stat_address.has_value()) {
    const Errno error = CopyToUser(space, caller, *arguments.stat_address, kStatSize);
    if (error != Errno::kOk) return error;
  }
  return stat;
}

}  // namespace memsim
