// Text that may hold any bytes, made UTF-8. A file may be garbage, and file names are any bytes anyway; what is
// printed or sent of them must not be.

#ifndef MEMSIM_CLIENT_LIBRARY_JSON_TEXT_H_
#define MEMSIM_CLIENT_LIBRARY_JSON_TEXT_H_

#include <string>

#include "absl/strings/string_view.h"

namespace memsim::client {

// A JSON string with its quotes. Bytes that are no UTF-8 become U+FFFD.
std::string JsonString(absl::string_view text);

bool IsUtf8(absl::string_view text);

// The text in one line: control characters and bytes that are no UTF-8 become ?, and what is longer than 400 bytes is
// cut.
std::string Printable(absl::string_view text);

// The text with bytes that are no UTF-8 spelt out, as \xff: a name that a message can carry, and that is another name
// for other bytes.
std::string SpellOutBytes(absl::string_view text);

}  // namespace memsim::client

#endif  // MEMSIM_CLIENT_LIBRARY_JSON_TEXT_H_
