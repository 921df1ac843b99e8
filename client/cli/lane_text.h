// A lane of a concurrent as one word of a command line: "0: mmap --length 1MiB --store-as 1; touch --address $1".

#ifndef MEMSIM_CLIENT_CLI_LANE_TEXT_H_
#define MEMSIM_CLIENT_CLI_LANE_TEXT_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

#include "memsim/v1/call.pb.h"

namespace memsim::cli {

// The CPU, a colon, and calls as in a file for memsim run, with semicolons between them; one in quotes is part of a
// word.
absl::Status ParseLane(absl::string_view text, v1::Lane& lane);

}  // namespace memsim::cli

#endif  // MEMSIM_CLIENT_CLI_LANE_TEXT_H_
