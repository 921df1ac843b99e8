// One run of the program: where it reads and writes, which server it talks to, and how it prints.

#ifndef MEMSIM_CLIENT_CLI_SESSION_H_
#define MEMSIM_CLIENT_CLI_SESSION_H_

#include <istream>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"

#include "client/cli/arguments.h"
#include "client/library/client.h"

namespace memsim::cli {

enum class OutputFormat { kHuman, kJson };

// The flags that every command takes, before or after its name.
const std::vector<FlagSpec>& GlobalFlags();

class Session {
 public:
  // environment_server, environment_machine: the values of MEMSIM_SERVER and MEMSIM_MACHINE, which stand for --server
  // and --machine.
  Session(std::istream& in, std::ostream& out, std::ostream& err, std::optional<std::string> environment_server,
          std::optional<std::string> environment_machine);
  ~Session();

  // Reads the global flags. A usage error if one makes no sense.
  absl::Status Configure(const Arguments& arguments);

  std::istream& in() { return in_; }
  std::ostream& out() { return out_; }
  std::ostream& err() { return err_; }
  OutputFormat format() const { return format_; }
  bool json() const { return format_ == OutputFormat::kJson; }
  // The deadline that --timeout gives each RPC; for streams that have none of their own, the deadline of the whole.
  const client::CallOptions& call_options() const { return call_options_; }

  // The client of the chosen server, connected at the first call.
  absl::StatusOr<client::Client*> Connect();
  // --machine, or MEMSIM_MACHINE. A usage error without either.
  absl::StatusOr<std::string> MachineName(const Arguments& arguments) const;

  // The message as JSON with the proto's own field names, on a line of its own.
  void PrintJson(const google::protobuf::Message& message);

 private:
  std::istream& in_;
  std::ostream& out_;
  std::ostream& err_;
  std::string server_;
  const std::optional<std::string> environment_machine_;
  OutputFormat format_ = OutputFormat::kHuman;
  client::CallOptions call_options_;
  std::unique_ptr<client::Client> client_;
};

// A message as one line of JSON, every field named as in the proto, zeros shown.
std::string ToJson(const google::protobuf::Message& message);

}  // namespace memsim::cli

#endif  // MEMSIM_CLIENT_CLI_SESSION_H_
