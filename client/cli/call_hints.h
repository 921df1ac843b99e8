// What a person expects of each call beyond what its descriptor says: values that need not be said, values that must
// be, and examples.
//
// A call without a row here has its subcommand all the same; a test demands the row.

#ifndef MEMSIM_CLIENT_CLI_CALL_HINTS_H_
#define MEMSIM_CLIENT_CLI_CALL_HINTS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace memsim::cli {

// How to show an answer's value.
enum class AnswerValue {
  kNothing,
  kNumber,
  kAddress,
  kPid,
  kFrame,
  kDescriptor,
  kBytes,
  kOffset,
  kMinorFaults,
  kCache,
  kObjects
};

struct FlagDefault {
  // "flags".
  std::string flag;
  // As a person would write it: "PRIVATE|ANONYMOUS".
  std::string value;
  // The default is meant only where this flag is not given. Empty: always.
  std::string unless = {};
};

struct CallHints {
  // The operation's name in the Call message.
  std::string operation;
  AnswerValue value = AnswerValue::kNothing;
  // Flags without which the call would mean nothing.
  std::vector<std::string> required = {};
  std::vector<FlagDefault> defaults = {};
  // Command lines without the leading "memsim ".
  std::vector<std::string> examples = {};
};

// An empty row with AnswerValue::kNumber for an operation that has none.
const CallHints& HintsFor(absl::string_view operation);

}  // namespace memsim::cli

#endif  // MEMSIM_CLIENT_CLI_CALL_HINTS_H_
