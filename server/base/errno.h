// Linux's error numbers, and results that are either a value or one of them.
//
// A simulated failure travels as an Errno and becomes part of an Answer. It is never an absl::Status: those are for
// misuse of the service.

#ifndef MEMSIM_SERVER_BASE_ERRNO_H_
#define MEMSIM_SERVER_BASE_ERRNO_H_

#include <string>
#include <utility>
#include <variant>

#include "server/base/check.h"

namespace memsim {

// The numbers of asm-generic/errno-base.h and errno.h that the memory subsystem answers with.
enum class Errno : int {
  kOk = 0,
  kPerm = 1,
  kNoEnt = 2,
  kSrch = 3,
  kIntr = 4,
  kIo = 5,
  kNxio = 6,
  kNoExec = 8,
  kBadF = 9,
  kChild = 10,
  kAgain = 11,
  kNoMem = 12,
  kAcces = 13,
  kFault = 14,
  kBusy = 16,
  kExist = 17,
  kXDev = 18,
  kNoDev = 19,
  kNotDir = 20,
  kIsDir = 21,
  kInval = 22,
  kNFile = 23,
  kMFile = 24,
  kTxtBsy = 26,
  kFBig = 27,
  kNoSpc = 28,
  kSPipe = 29,
  kRoFs = 30,
  kPipe = 32,
  kRange = 34,
  kNoSys = 38,
  kNameTooLong = 36,
  kOverflow = 75,
  kOpNotSupp = 95,
};

// "ENOMEM"; "E123" for a number that is not listed above.
std::string ErrnoName(Errno error);

// A value, or why there is none.
template <typename T>
class [[nodiscard]] ErrnoOr {
 public:
  // Implicit, so that a function may return either.
  ErrnoOr(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
  ErrnoOr(Errno error) : state_(std::in_place_index<1>, error) {          // NOLINT(google-explicit-constructor)
    MEMSIM_CHECK(error != Errno::kOk);
  }

  bool ok() const { return state_.index() == 0; }
  // kOk when there is a value.
  Errno error() const { return ok() ? Errno::kOk : std::get<1>(state_); }

  // REQUIRES: ok().
  T& operator*() { return *std::get_if<0>(&state_); }
  const T& operator*() const { return *std::get_if<0>(&state_); }
  T* operator->() { return std::get_if<0>(&state_); }
  const T* operator->() const { return std::get_if<0>(&state_); }

 private:
  std::variant<T, Errno> state_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_BASE_ERRNO_H_
