// Rows of text in aligned columns.

#ifndef MEMSIM_CLIENT_CLI_TEXT_TABLE_H_
#define MEMSIM_CLIENT_CLI_TEXT_TABLE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace memsim::cli {

enum class Alignment { kLeft, kRight };

class TextTable {
 public:
  // One alignment a column; rows may have fewer cells.
  explicit TextTable(std::vector<Alignment> columns) : alignments_(std::move(columns)) {}

  // REQUIRES: at most as many cells as columns.
  void AddRow(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

  // Lines that end with \n, columns two blanks apart, no blanks at the ends of lines.
  std::string ToString() const;

 private:
  std::vector<Alignment> alignments_;
  std::vector<std::vector<std::string>> rows_;
};

// How many characters a terminal shows for UTF-8 text of narrow characters.
std::size_t DisplayWidth(absl::string_view text);

// The text in lines of at most width characters where words allow it, each after the first indented.
std::string Wrap(absl::string_view text, std::size_t indent, std::size_t width);

}  // namespace memsim::cli

#endif  // MEMSIM_CLIENT_CLI_TEXT_TABLE_H_
