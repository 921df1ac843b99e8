// Misuse of the service, as a status that carries one machine-readable reason.

#ifndef MEMSIM_SERVER_CALLS_MISUSE_H_
#define MEMSIM_SERVER_CALLS_MISUSE_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

#include "memsim/v1/answer.pb.h"
#include "memsim/v1/error_reason.pb.h"

namespace memsim {

// A status of the code that belongs to the reason (error_reason.proto says which). message names the field or the
// thing, and the remedy.
absl::Status MisuseStatus(v1::ErrorReason reason, absl::string_view message);

// The reason that MisuseStatus put in; UNSPECIFIED if the status came from elsewhere.
v1::ErrorReason MisuseReason(const absl::Status& status);

// Its reason and words, as an answer tells them.
v1::Misuse ToMisuse(const absl::Status& status);

// Adds a number that a program needs beside the reason, such as the true "sequence" of SEQUENCE_STALE. It becomes
// ErrorInfo.metadata.
void AddMisuseMetadata(absl::string_view key, absl::string_view value, absl::Status& status);

// What AddMisuseMetadata added, by key.
std::map<std::string, std::string> MisuseMetadata(const absl::Status& status);

// The code that belongs to a reason.
absl::StatusCode MisuseCode(v1::ErrorReason reason);

// "QUEUE_FULL": the name as ErrorInfo carries it.
std::string MisuseReasonName(v1::ErrorReason reason);

}  // namespace memsim

#endif  // MEMSIM_SERVER_CALLS_MISUSE_H_
