// The parts of /proc files that tests compare.

#ifndef MEMSIM_TESTS_UNIT_KERNEL_PROCFS_PROC_TEXT_H_
#define MEMSIM_TESTS_UNIT_KERNEL_PROCFS_PROC_TEXT_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace memsim {

// Without the ends of lines. The last line must have one too.
std::vector<std::string> Lines(absl::string_view text);

// The first word of every line, without a colon at its end.
std::vector<std::string> RowNames(absl::string_view text);

// The first number of every line, by the row's name. Rows without a number are left out.
std::map<std::string, std::uint64_t> RowValues(absl::string_view text);

// The sum over all lines whose first word is this of the number behind it: zoneinfo has a line for each zone.
std::uint64_t SumOfRows(absl::string_view text, absl::string_view name);

}  // namespace memsim

#endif  // MEMSIM_TESTS_UNIT_KERNEL_PROCFS_PROC_TEXT_H_
