// Files and descriptors of the machine, brought into the state that a trace's lines show.
//
// A descriptor has the same number on the machine as in the trace: one that the machine opened elsewhere is moved. A
// descriptor that a line shows and nothing told of (a pipe, a socket, what the first process inherited) is opened when
// it is first used.

#ifndef MEMSIM_CLIENT_REPLAY_DESCRIPTORS_H_
#define MEMSIM_CLIENT_REPLAY_DESCRIPTORS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "client/replay/replay_session.h"
#include "client/replay/trace_value.h"
#include "client/replay/traced_process.h"

namespace memsim::replay {

// open(2)'s flags.
inline constexpr std::uint32_t kOpenAccessMode = 03;
inline constexpr std::uint32_t kOpenReadWrite = 02;
inline constexpr std::uint32_t kOpenCreate = 0100;
inline constexpr std::uint32_t kOpenExclusive = 0200;
inline constexpr std::uint32_t kOpenTruncate = 01000;
inline constexpr std::uint32_t kOpenCloseOnExec = 02000000;

// Makes the file exist, with this size if it does not exist yet. The line is skipped if the machine refuses.
void EnsureFile(ReplaySession& session, const std::string& path, std::uint64_t size);

// Opens the file under the number that the machine chooses, which is returned and which no line knows. nullopt: the
// machine refuses, and the line is skipped.
std::optional<int> OpenAnywhere(ReplaySession& session, TracedProcess& process, const std::string& path,
                                std::uint32_t flags);

// Opens the file under the number fd, whatever stood there before. false: the machine refuses, and the line is skipped.
bool OpenAs(ReplaySession& session, TracedProcess& process, int fd, const std::string& path, std::uint32_t flags);

// Moves a descriptor that the machine chose to the trace's number fd, which it has from now on. false: the machine
// refuses, and the line is skipped.
bool Adopt(ReplaySession& session, TracedProcess& process, int chosen, int fd, TracedDescriptor descriptor);

// The descriptor's number, after making sure that the machine has the file open under it that the line shows. nullopt:
// the argument is no descriptor, and the line is not understood; or the machine cannot open the file, and it is
// skipped.
std::optional<int> UseDescriptor(ReplaySession& session, TracedProcess& process, const TraceValue& argument);

// Makes fd a copy of old_fd. The line is skipped if nothing told what old_fd is, or if the machine refuses.
void DuplicateAs(ReplaySession& session, TracedProcess& process, int old_fd, int fd, bool close_on_exec);

// Closes the descriptor if the machine has it open.
void CloseDescriptor(ReplaySession& session, TracedProcess& process, int fd);

// Closes what does not survive execve.
void CloseOnExec(ReplaySession& session, TracedProcess& process);

}  // namespace memsim::replay

#endif  // MEMSIM_CLIENT_REPLAY_DESCRIPTORS_H_
