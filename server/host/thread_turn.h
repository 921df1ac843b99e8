// Whether a thread is in a turn already.

#ifndef MEMSIM_SERVER_HOST_THREAD_TURN_H_
#define MEMSIM_SERVER_HOST_THREAD_TURN_H_

#include "server/base/check.h"

namespace memsim {

// Lives as long as the turn that the thread is in. A thread is in one turn at a time: a callback that submits again
// from within one neither lengthens it nor nests another in it, so that the stack does not grow with a chain of
// callbacks.
class ThreadTurn {
 public:
  // REQUIRES: !InOne().
  ThreadTurn() {
    MEMSIM_CHECK(!in_one_);
    in_one_ = true;
  }
  ~ThreadTurn() { in_one_ = false; }
  ThreadTurn(const ThreadTurn&) = delete;
  ThreadTurn& operator=(const ThreadTurn&) = delete;

  static bool InOne() { return in_one_; }

 private:
  inline static thread_local bool in_one_ = false;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_HOST_THREAD_TURN_H_
