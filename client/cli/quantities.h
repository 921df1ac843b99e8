// Sizes, numbers and limits as people write and read them.

#ifndef MEMSIM_CLIENT_CLI_QUANTITIES_H_
#define MEMSIM_CLIENT_CLI_QUANTITIES_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace memsim::cli {

// "4096", "0x1000", "64KiB", "64K", "1.5GiB", "2 TiB" in bytes; units are powers of 1024, of any case. A usage error
// for anything else, for what is no whole number of bytes, and for KB, MB and the like, of which nobody knows whether
// they mean 1000 or 1024.
absl::StatusOr<std::uint64_t> ParseSize(absl::string_view text);

// The same, or a negative one: "-4KiB". A usage error beyond 64 bits with sign.
absl::StatusOr<std::int64_t> ParseSignedSize(absl::string_view text);

// "unlimited" is 2^64 - 1; else as ParseSize.
absl::StatusOr<std::uint64_t> ParseLimit(absl::string_view text);

// Decimal, or hexadecimal after 0x.
absl::StatusOr<std::uint64_t> ParseUnsigned(absl::string_view text);
absl::StatusOr<std::int64_t> ParseSigned(absl::string_view text);

// "850ns", "10us", "1.5ms", "2s", "1min", "1h" in nanoseconds; a number alone is nanoseconds. A usage error for
// anything else.
absl::StatusOr<std::uint64_t> ParseNanoseconds(absl::string_view text);

// "64 KiB", "24 GiB", "1.5 MiB", "100 B": the largest unit that leaves at least 1, with one decimal where it is not
// whole.
std::string FormatSize(std::uint64_t bytes);

// FormatSize, or "unlimited".
std::string FormatLimit(std::uint64_t bytes);

// "0x7ffff7dc0000".
std::string FormatAddress(std::uint64_t address);

// "850 ns", "1.25 us", "3.1 ms", "12.5 s".
std::string FormatNanoseconds(std::uint64_t nanoseconds);

// "1 page", "16 pages".
std::string FormatCount(std::uint64_t count, absl::string_view noun);

}  // namespace memsim::cli

#endif  // MEMSIM_CLIENT_CLI_QUANTITIES_H_
