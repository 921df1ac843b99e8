// System calls on files and descriptors, as Calls: as far as the sizes, names and open modes of files go, which decide
// what mappings of them answer.

#ifndef MEMSIM_CLIENT_REPLAY_FILE_CALLS_H_
#define MEMSIM_CLIENT_REPLAY_FILE_CALLS_H_

#include <cstdint>

#include "client/replay/replay_session.h"
#include "client/replay/trace_line.h"
#include "client/replay/traced_process.h"

namespace memsim::replay {

// fcntl(2)'s operations that copy a descriptor: F_DUPFD and F_DUPFD_CLOEXEC.
inline constexpr std::uint64_t kDuplicateDescriptor = 0;
inline constexpr std::uint64_t kDuplicateDescriptorCloseOnExec = 1030;

void TranslateFile(ReplaySession& session, TracedProcess& process, const TraceLine& line);
// open, openat and openat2.
void TranslateOpen(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateCreat(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateCachestat(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateClose(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateCloseRange(ReplaySession& session, TracedProcess& process, const TraceLine& line);
// dup, dup2 and dup3.
void TranslateDup(ReplaySession& session, TracedProcess& process, const TraceLine& line);
// fcntl with one of the operations above.
void TranslateFcntlDuplicate(ReplaySession& session, TracedProcess& process, const TraceLine& line);
// fcntl with any other operation: F_SETFD is followed.
void TranslateMemfdCreate(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateFcntlSeals(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateFallocate(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateFcntl(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateFtruncate(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateTruncate(ReplaySession& session, TracedProcess& process, const TraceLine& line);
// write, writev and pwrite64.
void TranslateWrite(ReplaySession& session, TracedProcess& process, const TraceLine& line);
// A read moves the position at which the next write begins.
void TranslateRead(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateLseek(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateUnlink(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateUnlinkat(ReplaySession& session, TracedProcess& process, const TraceLine& line);
// rename, renameat and renameat2.
void TranslateRename(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateChdir(ReplaySession& session, TracedProcess& process, const TraceLine& line);
void TranslateFchdir(ReplaySession& session, TracedProcess& process, const TraceLine& line);

}  // namespace memsim::replay

#endif  // MEMSIM_CLIENT_REPLAY_FILE_CALLS_H_
