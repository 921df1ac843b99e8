// What went wrong with an RPC, as an absl::Status that lost nothing.

#ifndef MEMSIM_CLIENT_LIBRARY_ERRORS_H_
#define MEMSIM_CLIENT_LIBRARY_ERRORS_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

#include "memsim/v1/error_reason.pb.h"

namespace memsim::client {

// The machine-readable reason that the server gave. UNSPECIFIED: the status is OK, comes from elsewhere, or its reason
// is newer than this program.
v1::ErrorReason ErrorReasonOf(const absl::Status& status);

// "QUEUE_FULL": the reason as the wire has it, also one newer than this program. Empty: none.
std::string ErrorReasonNameOf(const absl::Status& status);

// An entry of ErrorInfo's metadata: "sequence" beside SEQUENCE_STALE. nullopt: there is none.
std::optional<std::string> ErrorMetadataOf(const absl::Status& status, const std::string& key);

// The same failure in other words: code, reason and metadata stay.
absl::Status WithMessage(const absl::Status& status, absl::string_view message);

// "NOT_FOUND (MACHINE_NOT_FOUND): …": a status in one line for people.
std::string DescribeError(const absl::Status& status);

}  // namespace memsim::client

#endif  // MEMSIM_CLIENT_LIBRARY_ERRORS_H_
