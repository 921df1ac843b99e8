// The known name that somebody probably meant.

#ifndef MEMSIM_CLIENT_LIBRARY_NEAREST_NAME_H_
#define MEMSIM_CLIENT_LIBRARY_NEAREST_NAME_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace memsim::client {

// How many letters must be inserted, deleted, replaced or swapped with their neighbour to make one of the other
// (optimal string alignment). Upper and lower case, and - and _, are the same letter.
std::size_t EditDistance(absl::string_view a, absl::string_view b);

// The name with the smallest distance, the first of equals. Empty if all are farther than a third of the word's
// letters, or than one in a short word: a far-fetched guess helps nobody.
std::string NearestName(absl::string_view word, const std::vector<std::string>& names);

// "; did you mean mmap?", or nothing.
std::string DidYouMean(absl::string_view word, const std::vector<std::string>& names);

}  // namespace memsim::client

#endif  // MEMSIM_CLIENT_LIBRARY_NEAREST_NAME_H_
