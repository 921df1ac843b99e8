// Answers as text, the kernel's and ours in the same words: two answers are equal when their texts are.

#ifndef MEMSIM_CLIENT_REPLAY_ANSWER_TEXT_H_
#define MEMSIM_CLIENT_REPLAY_ANSWER_TEXT_H_

#include <cstdint>
#include <string>

#include "client/replay/trace_line.h"
#include "memsim/v1/answer.pb.h"

namespace memsim::replay {

// How an answer of the machine reads.
using AnswerText = std::string (*)(const v1::Answer&);

// "0", "0x7ffff7fc0000", "ENOMEM". REQUIRES: the result is a value or an error.
std::string KernelResultText(const TraceResult& result);

// The same of an answer; one that ended in a signal is "SIGSEGV SEGV_MAPERR".
std::string ResultText(const v1::Answer& answer);

// The faults of an access: "1", "0 +1 major", "SIGSEGV SEGV_ACCERR", "SIGBUS BUS_ADRERR".
std::string FaultText(const v1::Answer& answer);
// "1101": a digit a page.
std::string ResidencyText(const v1::Answer& answer);

// ResultText and, if it succeeded, the limits that stood before: "0 {8388608, unlimited}".
std::string LimitText(const v1::Answer& answer);
std::string LimitText(std::uint64_t current, std::uint64_t maximum);

}  // namespace memsim::replay

#endif  // MEMSIM_CLIENT_REPLAY_ANSWER_TEXT_H_
