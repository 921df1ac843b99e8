// The simulated machine's /proc text, read into rows the way node_exporter reads a real one.
//
// Some numbers (MemAvailable) exist only as Linux's formulas in that text, and who compares a simulated machine with a
// real one wants both read by the same rules.
//
// A line that has not the expected form is left out: the text is our own, and a test holds that nothing of it is.

#ifndef MEMSIM_SERVER_METRICS_PROC_TEXT_H_
#define MEMSIM_SERVER_METRICS_PROC_TEXT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace memsim {

// The words of a line, which blanks and tabs part.
std::vector<absl::string_view> SplitWords(absl::string_view line);

enum class MeminfoUnit : std::uint8_t { kBytes, kCountOfHugePages };

struct MeminfoRow {
  // "MemFree", "Active_anon": parentheses become an underscore, as in node_exporter.
  std::string name;
  // kBytes for the rows in kB; kHugePages for the HugePages_ rows, which bear no unit.
  MeminfoUnit unit;
  double value;
};
std::vector<MeminfoRow> ParseMeminfo(absl::string_view text);

struct VmstatRow {
  // Points into the text.
  absl::string_view name;
  double value;
};
std::vector<VmstatRow> ParseVmstat(absl::string_view text);

struct SlabinfoRow {
  // Points into the text.
  absl::string_view name;
  double active_objects;
  double objects;
  // In bytes.
  double object_size;
  double objects_per_slab;
  double pages_per_slab;
};
std::vector<SlabinfoRow> ParseSlabinfo(absl::string_view text);

}  // namespace memsim

#endif  // MEMSIM_SERVER_METRICS_PROC_TEXT_H_
