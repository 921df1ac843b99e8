#include "server/kernel/observe/tracepoint_set.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "absl/strings/str_cat.h"

namespace memsim {
namespace {

// What a star took is given back one letter at a time; only the last star need be.
bool Matches(absl::string_view pattern, absl::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t after_star = absl::string_view::npos;
  std::size_t taken = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      after_star = ++p;
      taken = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (after_star != absl::string_view::npos) {
      p = after_star;
      t = ++taken;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

// How many letters must be inserted, deleted or replaced to make one of the other.
std::size_t LettersBetween(absl::string_view a, absl::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string TracepointName(Tracepoint point) { return absl::StrCat(InfoOf(point).system, ":", InfoOf(point).name); }

TracepointSet MatchTracepoints(absl::string_view pattern) {
  const bool with_system = pattern.find(':') != absl::string_view::npos;
  TracepointSet matched;
  ForEachTracepoint([&](Tracepoint point) {
    const std::string name = with_system ? TracepointName(point) : std::string(InfoOf(point).name);
    if (Matches(pattern, name)) matched.Add(point);
  });
  return matched;
}

std::string NearestTracepoint(absl::string_view pattern) {
  // No name is longer than this; what is cut off is far from all of them.
  pattern = pattern.substr(0, 64);
  std::string nearest;
  // Half of the letters must be right.
  std::size_t fewest = pattern.size() / 2 + 1;
  const auto consider = [&](const std::string& name, absl::string_view compared) {
    const std::size_t letters = LettersBetween(pattern, compared);
    if (letters >= fewest) return;
    fewest = letters;
    nearest = name;
  };
  const bool with_system = pattern.find(':') != absl::string_view::npos;
  ForEachTracepoint([&](Tracepoint point) {
    const std::string all = absl::StrCat(InfoOf(point).system, ":*");
    consider(all, with_system ? absl::string_view(all) : InfoOf(point).system);
    const std::string name = TracepointName(point);
    consider(name, with_system ? absl::string_view(name) : InfoOf(point).name);
  });
  return nearest;
}

}  // namespace memsim
