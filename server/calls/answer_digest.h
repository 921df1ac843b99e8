// What of an answer is in the machine's answer digest.

#ifndef MEMSIM_SERVER_CALLS_ANSWER_DIGEST_H_
#define MEMSIM_SERVER_CALLS_ANSWER_DIGEST_H_

#include "memsim/v1/answer.pb.h"
#include "server/base/digest.h"

namespace memsim {

// Adds the answer's canonical encoding, never protobuf's bytes. The first number tells which others follow: what kind
// of answer it is, beside the error number; then come the numbers of every answer, then those of its parts. No two
// answers have the same encoding, unless they differ in what the digest leaves out: the sequence, which counts the
// answers themselves; a misuse, which is none of the machine's; and the answers in lanes, which were added as they were
// given.
void AddAnswer(const v1::Answer& answer, Digest& digest);

}  // namespace memsim

#endif  // MEMSIM_SERVER_CALLS_ANSWER_DIGEST_H_
