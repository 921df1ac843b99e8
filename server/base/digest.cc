#include "server/base/digest.h"

#include "absl/strings/str_format.h"

namespace memsim {
namespace {

// Multiplies to 128 bits and folds both halves, so that every input bit reaches every output bit.
std::uint64_t Fold(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

}  // namespace

void Digest::Add(std::uint64_t value) {
  low_ = Fold(low_ ^ value, 0x9e3779b97f4a7c15) + high_;
  high_ = Fold(high_ + value, 0xd6e8feb86659fd93) ^ low_;
}

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
