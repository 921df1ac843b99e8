// Units as types, so that pages and bytes, frames and addresses do not mix.

#ifndef MEMSIM_SERVER_BASE_UNITS_H_
#define MEMSIM_SERVER_BASE_UNITS_H_

#include <compare>
#include <cstdint>

namespace memsim {

// A number of which only its own kind can be added, subtracted and compared. Use value() where a number leaves our
// types: text, protos, table indices.
template <typename Tag, typename Rep>
class Unit {
 public:
  using Representation = Rep;

  constexpr Unit() = default;
  constexpr explicit Unit(Rep value) : value_(value) {}

  constexpr Rep value() const { return value_; }

  friend constexpr auto operator<=>(Unit, Unit) = default;

 protected:
  Rep value_ = 0;
};

// A quantity: quantities of one kind add up, and scale.
template <typename Tag>
class Quantity : public Unit<Tag, std::uint64_t> {
 public:
  using Unit<Tag, std::uint64_t>::Unit;

  constexpr Quantity& operator+=(Quantity other) { return this->value_ += other.value_, *this; }
  constexpr Quantity& operator-=(Quantity other) { return this->value_ -= other.value_, *this; }
  friend constexpr Quantity operator+(Quantity a, Quantity b) { return Quantity(a.value_ + b.value_); }
  friend constexpr Quantity operator-(Quantity a, Quantity b) { return Quantity(a.value_ - b.value_); }
  friend constexpr Quantity operator*(Quantity a, std::uint64_t n) { return Quantity(a.value_ * n); }
  friend constexpr Quantity operator/(Quantity a, std::uint64_t n) { return Quantity(a.value_ / n); }
};

// A position: the difference of two positions is a quantity.
template <typename Tag, typename Difference>
class Position : public Unit<Tag, std::uint64_t> {
 public:
  using Unit<Tag, std::uint64_t>::Unit;

  constexpr Position& operator+=(Difference d) { return this->value_ += d.value(), *this; }
  constexpr Position& operator-=(Difference d) { return this->value_ -= d.value(), *this; }
  friend constexpr Position operator+(Position p, Difference d) { return Position(p.value_ + d.value()); }
  friend constexpr Position operator-(Position p, Difference d) { return Position(p.value_ - d.value()); }
  friend constexpr Difference operator-(Position a, Position b) { return Difference(a.value_ - b.value_); }
};

using ByteCount = Quantity<struct ByteCountTag>;
using PageCount = Quantity<struct PageCountTag>;
using Nanoseconds = Quantity<struct NanosecondsTag>;

// A user or kernel virtual address.
using VirtualAddress = Position<struct VirtualAddressTag, ByteCount>;
// The number of a page frame: physical address / 4096.
using PageFrameNumber = Position<struct PageFrameNumberTag, PageCount>;
// A page's place in an object, in pages: vm_pgoff, page->index.
using PageOffset = Position<struct PageOffsetTag, PageCount>;

// The binary logarithm of a block's size in pages.
using Order = Unit<struct OrderTag, std::uint8_t>;
// A simulated CPU, counted from 0.
using CpuId = Unit<struct CpuIdTag, std::uint16_t>;
// A process or thread id. 0 is none.
using Pid = Unit<struct PidTag, std::uint32_t>;
// An address space among all that a machine ever had, in the order in which they were made. 0 is none.
using AddressSpaceNumber = std::uint64_t;

inline constexpr std::uint64_t kPageShift = 12;
inline constexpr ByteCount kPageSize{1ULL << kPageShift};

constexpr ByteCount ToBytes(PageCount pages) { return ByteCount(pages.value() << kPageShift); }
// Whole pages only: the rest is cut off.
constexpr PageCount ToPages(ByteCount bytes) { return PageCount(bytes.value() >> kPageShift); }
// PAGE_ALIGN: up to whole pages. Wraps to 0 near 2^64, as Linux's does.
constexpr PageCount ToPagesRoundedUp(ByteCount bytes) {
  return PageCount((bytes.value() + kPageSize.value() - 1) >> kPageShift);
}
constexpr PageCount PagesOfOrder(Order order) { return PageCount(1ULL << order.value()); }

constexpr bool IsPageAligned(VirtualAddress address) { return (address.value() & (kPageSize.value() - 1)) == 0; }
constexpr VirtualAddress PageAlignDown(VirtualAddress address) {
  return VirtualAddress(address.value() & ~(kPageSize.value() - 1));
}
// Wraps to 0 near 2^64, as Linux's PAGE_ALIGN does.
constexpr VirtualAddress PageAlignUp(VirtualAddress address) {
  return PageAlignDown(VirtualAddress(address.value() + kPageSize.value() - 1));
}

}  // namespace memsim

#endif  // MEMSIM_SERVER_BASE_UNITS_H_
