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
  void Add(std::uint64_t value);
  void Add(absl::string_view text);
  template <typename Tag, typename Rep>
  void Add(Unit<Tag, Rep> unit) {
    Add(static_cast<std::uint64_t>(unit.value()));
  }

  // The digest of everything added so far: 32 hexadecimal digits.
  std::string ToHex() const;

 private:
  // Any two different odd constants will do; these are digits of pi.
  std::uint64_t low_ = 0x243f6a8885a308d3;
  std::uint64_t high_ = 0x13198a2e03707345;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_BASE_DIGEST_H_
