#include "server/base/errno.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace memsim {
namespace {

struct NamedErrno {
  Errno error;
  absl::string_view name;
};
constexpr NamedErrno kNames[] = {
    {Errno::kOk, "OK"},
    {Errno::kPerm, "EPERM"},
    {Errno::kNoEnt, "ENOENT"},
    {Errno::kSrch, "ESRCH"},
    {Errno::kIntr, "EINTR"},
    {Errno::kIo, "EIO"},
    {Errno::kNxio, "ENXIO"},
    {Errno::kNoExec, "ENOEXEC"},
    {Errno::kBadF, "EBADF"},
    {Errno::kChild, "ECHILD"},
    {Errno::kAgain, "EAGAIN"},
    {Errno::kNoMem, "ENOMEM"},
    {Errno::kAcces, "EACCES"},
    {Errno::kFault, "EFAULT"},
    {Errno::kBusy, "EBUSY"},
    {Errno::kExist, "EEXIST"},
    {Errno::kXDev, "EXDEV"},
    {Errno::kNoDev, "ENODEV"},
    {Errno::kNotDir, "ENOTDIR"},
    {Errno::kIsDir, "EISDIR"},
    {Errno::kInval, "EINVAL"},
    {Errno::kNFile, "ENFILE"},
    {Errno::kMFile, "EMFILE"},
    {Errno::kTxtBsy, "ETXTBSY"},
    {Errno::kFBig, "EFBIG"},
    {Errno::kNoSpc, "ENOSPC"},
    {Errno::kSPipe, "ESPIPE"},
    {Errno::kRoFs, "EROFS"},
    {Errno::kPipe, "EPIPE"},
    {Errno::kRange, "ERANGE"},
    {Errno::kNoSys, "ENOSYS"},
    {Errno::kNameTooLong, "ENAMETOOLONG"},
    {Errno::kOverflow, "EOVERFLOW"},
    {Errno::kOpNotSupp, "EOPNOTSUPP"},
};

}  // namespace

std::string ErrnoName(Errno error) {
  for (const NamedErrno& known : kNames) {
    if (known.error == error) return std::string(known.name);
  }
  return absl::StrCat("E", static_cast<int>(error));
}

}  // namespace memsim
