// SIGINT and SIGTERM, as something that a command looks at between two steps, so that it can tidy up before it ends.

#ifndef MEMSIM_CLIENT_CLI_INTERRUPTION_H_
#define MEMSIM_CLIENT_CLI_INTERRUPTION_H_

namespace memsim::cli {

// From here on each of the two signals is only noted; the same one again ends the program at once. One that the program
// was started to ignore, as a shell's background jobs ignore SIGINT, stays ignored.
void NoteInterruption();

// The signal that was noted last. 0: none.
int InterruptingSignal();

}  // namespace memsim::cli

#endif  // MEMSIM_CLIENT_CLI_INTERRUPTION_H_
