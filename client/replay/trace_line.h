// One line of a trace: strace's own, and those beginning with @ that tell what strace cannot see.

#ifndef MEMSIM_CLIENT_REPLAY_TRACE_LINE_H_
#define MEMSIM_CLIENT_REPLAY_TRACE_LINE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

#include "client/replay/trace_value.h"

namespace memsim::replay {

// Longer than strace prints with -s at its usual settings, or than a line of @maps of a thousand mappings; what is
// longer is garbage.
inline constexpr std::size_t kMaxTraceLineBytes = std::size_t{1} << 20;

struct TraceResult {
  enum class Kind : std::uint8_t {
    // "?": the call did not return.
    kNone,
    kValue,
    // -1 and an errno.
    kError,
    // Of a line that begins with @: whatever it is.
    kText,
  };

  Kind kind = Kind::kNone;
  std::uint64_t value = 0;
  int error_number = 0;
  // The file of a descriptor that was returned. Empty: none.
  std::string path;
  // All that stands behind the =.
  std::string text;

  bool Succeeded() const { return kind == Kind::kValue; }
};

struct TraceLine {
  enum class Kind : std::uint8_t {
    // Empty, or a remark of strace about itself.
    kNothing,
    // Begins with #. text is the rest.
    kHeader,
    // name, arguments and result; text is all before the result.
    kCall,
    // A call that another process's lines interrupt: name, and text with what stands behind the (.
    kUnfinished,
    // Its end: name, and text with what stands behind "resumed>".
    kResumed,
    // --- SIGSEGV {…} ---: name is the signal's.
    kSignal,
    // +++ exited with N +++: status.
    kExited,
    // +++ killed by SIG… +++: name is the signal's, status its number and 128.
    kKilled,
    // None of these. text says why.
    kUnknown,
  };

  Kind kind = Kind::kNothing;
  // Absent: the log was written without -f.
  std::optional<std::uint64_t> pid;
  std::string name;
  std::vector<TraceValue> arguments;
  TraceResult result;
  std::string text;
  int status = 0;
};

// Reads one line, without its line end. Any bytes may come.
TraceLine ParseTraceLine(absl::string_view line);

// "strace: Process 12 attached". On a terminal it may break into a line that strace has begun, "vfork(strace: Process
// 12 attached", which then goes on in the next one.
struct AttachRemark {
  std::uint64_t pid = 0;
  // What it broke into. Empty: nothing.
  absl::string_view before;
};

// nullopt: the line does not end so.
std::optional<AttachRemark> FindAttachRemark(absl::string_view line);

// Reads a call from its two halves: the text of a kUnfinished and of its kResumed. kUnknown if they make no call.
TraceLine JoinTraceLine(const TraceLine& unfinished, const TraceLine& resumed);

// A call that was never resumed: it did not return.
TraceLine EndTraceLine(const TraceLine& unfinished);

}  // namespace memsim::replay

#endif  // MEMSIM_CLIENT_REPLAY_TRACE_LINE_H_
