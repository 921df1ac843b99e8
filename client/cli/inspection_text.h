// What inspections answer, for people: several lines, the first right behind the operation's name.

#ifndef MEMSIM_CLIENT_CLI_INSPECTION_TEXT_H_
#define MEMSIM_CLIENT_CLI_INSPECTION_TEXT_H_

#include <string>

#include "memsim/v1/answer.pb.h"

namespace memsim::cli {

// Whether the answer is one of these.
bool IsInspection(const v1::Answer& answer);

// Without a line's end behind the last line. REQUIRES: IsInspection. A signal and an errno are the caller's to tell.
std::string InspectionText(const v1::Answer& answer);

}  // namespace memsim::cli

#endif  // MEMSIM_CLIENT_CLI_INSPECTION_TEXT_H_
