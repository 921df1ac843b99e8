// An answer in words: "mmap: 0x7ffff7dc0000", "mmap: ENOMEM (Cannot allocate memory)", "touch: 16 minor faults".

#ifndef MEMSIM_CLIENT_CLI_ANSWER_TEXT_H_
#define MEMSIM_CLIENT_CLI_ANSWER_TEXT_H_

#include <string>

#include "absl/strings/string_view.h"

#include "memsim/v1/answer.pb.h"

namespace memsim::cli {

std::string AnswerText(absl::string_view operation, const v1::Answer& answer);

// Whether the machine did what it was asked to: no errno, no signal, no misuse, and none in a lane.
bool Succeeded(const v1::Answer& answer);

}  // namespace memsim::cli

#endif  // MEMSIM_CLIENT_CLI_ANSWER_TEXT_H_
