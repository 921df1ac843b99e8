#include "client/library/nearest_name.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace memsim::client {
namespace {

bool SameLetter(char a, char b) {
  const auto fold = [](char c) { return c == '_' ? '-' : absl::ascii_tolower(static_cast<unsigned char>(c)); };
  return fold(a) == fold(b);
}

}  // namespace

std::size_t EditDistance(absl::string_view a, absl::string_view b) {
  // distance[i][j]: between the first i letters of a and the first j of b. Three rows would do; words are short.
  std::vector<std::vector<std::size_t>> distance(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) distance[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) distance[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = distance[i - 1][j - 1] + (SameLetter(a[i - 1], b[j - 1]) ? 0 : 1);
      distance[i][j] = std::min({distance[i - 1][j] + 1, distance[i][j - 1] + 1, replaced});
      if (i > 1 && j > 1 && SameLetter(a[i - 1], b[j - 2]) && SameLetter(a[i - 2], b[j - 1])) {
        distance[i][j] = std::min(distance[i][j], distance[i - 2][j - 2] + 1);
      }
    }
  }
  return distance[a.size()][b.size()];
}

std::string NearestName(absl::string_view word, const std::vector<std::string>& names) {
  std::size_t limit = std::max<std::size_t>(1, word.size() / 3);
  std::string nearest;
  for (const std::string& name : names) {
    // A word longer than its neighbour by more than the limit cannot be near; this also bounds the work on absurd
    // input.
    const std::size_t longer = std::max(word.size(), name.size());
    if (longer - std::min(word.size(), name.size()) > limit) continue;
    const std::size_t distance = EditDistance(word, name);
    if (distance > limit || (distance == limit && !nearest.empty())) continue;
    if (distance >= longer) continue;  // nothing in common
    nearest = name;
    limit = distance;
  }
  return nearest;
}

std::string DidYouMean(absl::string_view word, const std::vector<std::string>& names) {
  const std::string nearest = NearestName(word, names);
  return nearest.empty() ? "" : absl::StrCat("; did you mean ", nearest, "?");
}

}  // namespace memsim::client
