// What stands between the parentheses of a trace's line: the arguments of a call, as strace writes them.

#ifndef MEMSIM_CLIENT_REPLAY_TRACE_VALUE_H_
#define MEMSIM_CLIENT_REPLAY_TRACE_VALUE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace memsim::replay {

// Deeper than anything that strace prints (a msghdr in an array in a structure); a line of brackets must not end the
// stack.
inline constexpr int kMaxTraceValueDepth = 16;

struct TraceValue {
  enum class Kind : std::uint8_t {
    // A number, constants, or an expression of them: NULL, 0x1000, PROT_READ|PROT_WRITE, 8192*1024.
    kScalar,
    // "in quotes", decoded.
    kString,
    // A number with its file: 3</etc/passwd>, AT_FDCWD</home>.
    kDescriptor,
    // [a, b]
    kArray,
    // {name=value, …}
    kStruct,
  };

  Kind kind = Kind::kScalar;
  // What stands before the = in flags=CLONE_VM. Empty: nothing.
  std::string name;
  // The scalar without comments, the decoded string, or the descriptor's number.
  std::string text;
  // A descriptor's file, without <> and without "(deleted)".
  std::string path;
  // Of an array or structure.
  std::vector<TraceValue> items;

  // The item of a structure that has this name. nullptr: there is none.
  const TraceValue* Find(absl::string_view item_name) const;
  // The value of a scalar or of a descriptor's number: every constant is looked up. nullopt: it is no number, or has a
  // name that nobody knows.
  std::optional<std::uint64_t> Number() const;
};

// Reads "a, b, c". nullopt: something that was opened is not closed, or nests too deeply.
std::optional<std::vector<TraceValue>> ParseTraceValues(absl::string_view text);

// Where the ) stands that closes the ( before text begins, with strings, brackets and file names skipped. nullopt:
// nowhere.
std::optional<std::size_t> FindClosingParenthesis(absl::string_view text);

// The value of "0x3", "PROT_READ|0x4", "8192*1024", "21<<MAP_HUGE_SHIFT", "-1" or "0600" (octal). nullopt: it has none.
std::optional<std::uint64_t> EvaluateTraceNumber(absl::string_view text);

}  // namespace memsim::replay

#endif  // MEMSIM_CLIENT_REPLAY_TRACE_VALUE_H_
