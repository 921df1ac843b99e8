#include "client/cli/print_error.h"

#include <cerrno>
#include <ostream>
#include <system_error>

#include "absl/strings/str_cat.h"

#include "client/cli/help.h"
#include "client/cli/json_object.h"
#include "client/cli/usage_error.h"
#include "client/library/errors.h"

namespace memsim::cli {
namespace {

void PrintJsonError(const absl::Status& status, absl::string_view reason, Session& session) {
  JsonObject error;
  error.Add("code", absl::StatusCodeToString(status.code())).Add("reason", reason).Add("message", status.message());
  session.err() << JsonObject().AddObject("error", error).ToString() << "\n";
}

}  // namespace

ExitCode PrintError(const absl::Status& status, const Command* command, Session& session) {
  const bool usage = IsUsageError(status);
  if (session.json()) {
    PrintJsonError(status, usage ? "USAGE" : client::ErrorReasonNameOf(status), session);
  } else if (usage) {
    session.err() << "memsim: " << status.message() << "\n";
    if (command != nullptr) {
      session.err() << "Usage: " << UsageLine(command->spec) << "\nmemsim " << command->spec.name
                    << " --help tells more.\n";
    }
  } else {
    session.err() << "memsim: " << client::DescribeError(status) << "\n";
  }
  return usage ? ExitCode::kUsage : ExitCode::kFailed;
}

ExitCode PrintUnwritable(Session& session) {
  // A stream does not say why it failed, and errno has been used since. One more byte fails likewise, and leaves the
  // reason here.
  session.out().clear();
  errno = 0;
  session.out() << std::endl;
  const int reason = errno == 0 ? EIO : errno;
  const absl::Status status =
      absl::UnknownError(absl::StrCat("cannot write the output: ", std::generic_category().message(reason)));
  if (session.json()) {
    PrintJsonError(status, "", session);
  } else {
    session.err() << "memsim: " << status.message() << "\n";
  }
  return ExitCode::kFailed;
}

}  // namespace memsim::cli
