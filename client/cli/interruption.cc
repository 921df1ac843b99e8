#include "client/cli/interruption.h"

#include <atomic>
#include <csignal>

namespace memsim::cli {
namespace {

// The signal comes in whichever thread, gRPC's own included.
std::atomic<int> noted_signal = 0;
static_assert(std::atomic<int>::is_always_lock_free, "a signal's handler may not wait");

void NoteSignal(int signal) { noted_signal = signal; }

}  // namespace

void NoteInterruption() {
  for (const int signal : {SIGINT, SIGTERM}) {
    struct sigaction before = {};
    sigaction(signal, nullptr, &before);
    if (before.sa_handler == SIG_IGN) continue;
    struct sigaction action = {};
    action.sa_handler = NoteSignal;
    action.sa_flags = static_cast<int>(SA_RESTART | SA_RESETHAND);
    sigaction(signal, &action, nullptr);
  }
}

int InterruptingSignal() { return noted_signal; }

}  // namespace memsim::cli
