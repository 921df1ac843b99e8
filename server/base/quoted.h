// A client's text as it may stand in a message, a log or a page.

#ifndef MEMSIM_SERVER_BASE_QUOTED_H_
#define MEMSIM_SERVER_BASE_QUOTED_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace memsim {

// Enough of a text that is refused to see one's mistake.
inline constexpr std::size_t kMaxQuotedBytes = 200;

// In double quotes, with all that is not printable ASCII escaped as C does, and "…" where it was cut.
std::string Quoted(absl::string_view text);

}  // namespace memsim

#endif  // MEMSIM_SERVER_BASE_QUOTED_H_
