// Some of the tracepoints, and how people name them.

#ifndef MEMSIM_SERVER_KERNEL_OBSERVE_TRACEPOINT_SET_H_
#define MEMSIM_SERVER_KERNEL_OBSERVE_TRACEPOINT_SET_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

#include "server/kernel/observe/tracepoint.h"

namespace memsim {

// Plain data.
class TracepointSet {
 public:
  constexpr bool Contains(Tracepoint point) const { return (words_[Word(point)] & Bit(point)) != 0; }
  constexpr void Add(Tracepoint point) { words_[Word(point)] |= Bit(point); }
  constexpr bool empty() const { return *this == TracepointSet(); }

  constexpr TracepointSet& operator|=(const TracepointSet& other) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
    return *this;
  }
  friend constexpr bool operator==(const TracepointSet&, const TracepointSet&) = default;

 private:
  static constexpr std::size_t kBits = 64;
  static constexpr std::size_t Word(Tracepoint point) { return static_cast<std::size_t>(point) / kBits; }
  static constexpr std::uint64_t Bit(Tracepoint point) {
    return std::uint64_t{1} << (static_cast<std::size_t>(point) % kBits);
  }

  std::array<std::uint64_t, (kTracepointCount + kBits - 1) / kBits> words_ = {};
};

// Calls visit(Tracepoint) for all of them, as the registry has them.
template <typename Visitor>
void ForEachTracepoint(Visitor visit) {
  for (std::size_t i = 0; i < kTracepointCount; ++i) visit(static_cast<Tracepoint>(i));
}

// "kmem:mm_page_alloc".
std::string TracepointName(Tracepoint point);

// Those whose name the pattern matches, in which * stands for any letters and ? for any one: "kmem:*",
// "exceptions:page_fault_user". A pattern without a colon is compared with the name after it: "mm_page_*".
TracepointSet MatchTracepoints(absl::string_view pattern);

// Of all names, and of "SYSTEM:*" for all systems, the one that differs from a pattern in the fewest letters: what
// somebody probably meant. Empty: more than half of the letters differ from all of them.
std::string NearestTracepoint(absl::string_view pattern);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_OBSERVE_TRACEPOINT_SET_H_
