#include "server/base/digest.h"

#include "absl/strings/str_format.h"

namespace memsim {
void Digest::Add(absl::string_view text) {
  Add(text.size());
  std::uint64_t word = 0;
  int filled = 0;
  for (const char c : text) {
    word = word << 8 | static_cast<unsigned char>(c);
    if (++filled == 8) {
      Add(word);
      word = 0;
      filled = 0;
    }
  }
  if (filled != 0) Add(word);
}

std::string Digest::ToHex() const { return absl::StrFormat("%016x%016x", high_, low_); }

}  // namespace memsim
