#include "server/base/errno.h"

#include "absl/strings/str_cat.h"

namespace memsim {

std::string ErrnoName(Errno error) {
  switch (error) {
    case Errno::kOk:
      return "OK";
    case Errno::kPerm:
      return "EPERM";
    case Errno::kNoEnt:
      return "ENOENT";
    case Errno::kSrch:
      return "ESRCH";
    case Errno::kIntr:
      return "EINTR";
    case Errno::kIo:
      return "EIO";
    case Errno::kNxio:
      return "ENXIO";
    case Errno::kNoExec:
      return "ENOEXEC";
    case Errno::kBadF:
      return "EBADF";
    case Errno::kChild:
      return "ECHILD";
    case Errno::kAgain:
      return "EAGAIN";
    case Errno::kNoMem:
      return "ENOMEM";
    case Errno::kAcces:
      return "EACCES";
    case Errno::kFault:
      return "EFAULT";
    case Errno::kBusy:
      return "EBUSY";
    case Errno::kExist:
      return "EEXIST";
    case Errno::kXDev:
      return "EXDEV";
    case Errno::kNoDev:
      return "ENODEV";
    case Errno::kNotDir:
      return "ENOTDIR";
    case Errno::kIsDir:
      return "EISDIR";
    case Errno::kInval:
      return "EINVAL";
    case Errno::kNFile:
      return "ENFILE";
    case Errno::kMFile:
      return "EMFILE";
    case Errno::kTxtBsy:
      return "ETXTBSY";
    case Errno::kFBig:
      return "EFBIG";
    case Errno::kNoSpc:
      return "ENOSPC";
    case Errno::kSPipe:
      return "ESPIPE";
    case Errno::kRoFs:
      return "EROFS";
    case Errno::kPipe:
      return "EPIPE";
    case Errno::kNoSys:
      return "ENOSYS";
    case Errno::kNameTooLong:
      return "ENAMETOOLONG";
    case Errno::kOverflow:
      return "EOVERFLOW";
    case Errno::kOpNotSupp:
      return "EOPNOTSUPP";
  }
  return absl::StrCat("E", static_cast<int>(error));
}

}  // namespace memsim
