// SIGTERM and SIGINT, as something that the main thread waits for.

#ifndef MEMSIM_SERVER_TERMINATION_SIGNAL_H_
#define MEMSIM_SERVER_TERMINATION_SIGNAL_H_

#include <csignal>

namespace memsim {

class TerminationSignal {
 public:
  // From here on the signals wait. REQUIRES: no other thread runs yet, for threads inherit this.
  TerminationSignal() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGTERM);
    sigaddset(&signals_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  }

  // Until one comes. The next one ends the program at once.
  void Wait() {
    int signal = 0;
    sigwait(&signals_, &signal);
    pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr);
  }

 private:
  sigset_t signals_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_TERMINATION_SIGNAL_H_
