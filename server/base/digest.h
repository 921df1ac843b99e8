// A 128-bit digest over a sequence of numbers and strings: equal on every host, never dependent on addresses or byte
// order.
//
// Not cryptographic: it tells whether two machines are in the same state, not whether somebody forged one.

#ifndef MEMSIM_SERVER_BASE_DIGEST_H_
#define MEMSIM_SERVER_BASE_DIGEST_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

#include "server/base/units.h"

namespace memsim {

class Digest {
 public:
  void Add(std::uint64_t value) {
    low_ = Fold(low_ ^ value, 0x9e3779b97f4a7c15) + high_;
    high_ = Fold(high_ + value, 0xd6e8feb86659fd93) ^ low_;
  }
  void Add(absl::string_view text);
  template <typename Tag, typename Rep>
  void Add(Unit<Tag, Rep> unit) {
    Add(static_cast<std::uint64_t>(unit.value()));
  }

  // The digest of everything added so far: 32 hexadecimal digits.
  std::string ToHex() const;

 private:
  // Multiplies to 128 bits and folds both halves, so that every input bit reaches every output bit.
  static std::uint64_t Fold(std::uint64_t a, std::uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }

  // Any two different odd constants will do; these are digits of pi.
  std::uint64_t low_ = 0x243f6a8885a308d3;
  std::uint64_t high_ = 0x13198a2e03707345;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_BASE_DIGEST_H_
