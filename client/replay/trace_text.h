// The letters of strace's notation: where strings, brackets and file names end. Positions are offsets into the text
// given.

#ifndef MEMSIM_CLIENT_REPLAY_TRACE_TEXT_H_
#define MEMSIM_CLIENT_REPLAY_TRACE_TEXT_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace memsim::replay {

// Brackets inside brackets. Several times what strace prints, and few enough that a line of brackets costs little.
inline constexpr std::size_t kMaxOpenBrackets = 64;

// The position after the string whose opening quote stands at begin. nullopt: it is not closed.
std::optional<std::size_t> SkipString(absl::string_view text, std::size_t begin);

// The position after the >, for a file name whose < stands at begin; names may hold further <>. nullopt: it is not
// closed.
std::optional<std::size_t> SkipFileName(absl::string_view text, std::size_t begin);

// The position after the bracket that closes the (, [ or { at begin. nullopt: it is not closed, or by another
// kind, or more than kMaxOpenBrackets are open at once.
std::optional<std::size_t> SkipBracketed(absl::string_view text, std::size_t begin);

// The position of the first comma or closing bracket that nothing encloses, or text's length. nullopt: something is not
// closed.
std::optional<std::size_t> SkipToSeparator(absl::string_view text);

// The position of the < that begins a file name behind a number or AT_FDCWD; a shift is none. npos: there is none.
std::size_t FindFileName(absl::string_view text);

// What stands between quotes, with \n, \", \33 and \x1b turned into the bytes that they mean.
std::string DecodeString(absl::string_view quoted);

}  // namespace memsim::replay

#endif  // MEMSIM_CLIENT_REPLAY_TRACE_TEXT_H_
