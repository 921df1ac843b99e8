// What a program's address space is right after execve.

#ifndef MEMSIM_CLIENT_REPLAY_PROGRAM_IMAGE_H_
#define MEMSIM_CLIENT_REPLAY_PROGRAM_IMAGE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "client/replay/trace.h"
#include "memsim/v1/process_service.pb.h"

namespace memsim::replay {

// The image that an execve makes, without a pid: as its @image tells, or else as InferImage guesses.
// REQUIRES: event_index is an execve's.
v1::ExecveRequest ImageAfter(const Trace& trace, std::size_t event_index);

// Reads @image("path", "start-end perms offset name", …). The page at the end of the address space ([vsyscall]) is left
// out, for it is no mapping of the process. nullopt: a mapping does not parse.
std::optional<v1::ExecveRequest> ParseImage(const TraceLine& line);

// Which argument of an execve or execveat is the program's path.
std::size_t PathArgument(const TraceLine& execve);

// Whether the line before this one, of the same process, is an execve that succeeded: then the @image here is its.
bool FollowsExecve(const Trace& trace, std::size_t event_index);

// A guess from a log that has no @image: the program ends where its first brk(NULL) says, the dynamic linker begins
// where its first mmap ends, and the stack is where it is without randomisation. Enough for the same addresses to be
// chosen; permissions inside the program are not known. Without such calls, the machine's built-in image.
v1::ExecveRequest InferImage(const Trace& trace, std::size_t event_index);

// How far the image maps the file, in bytes from its beginning.
std::uint64_t MappedUpTo(const v1::ExecveRequest& image, const std::string& path);

}  // namespace memsim::replay

#endif  // MEMSIM_CLIENT_REPLAY_PROGRAM_IMAGE_H_
