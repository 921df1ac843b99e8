// One run of the program: where it reads and writes, which server it talks to, and how it prints.

#ifndef MEMSIM_CLIENT_CLI_SESSION_H_
#define MEMSIM_CLIENT_CLI_SESSION_H_

#include <functional>
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

// A server inside this process, for --server local. It ends with the object.
class LocalServer {
 public:
  virtual ~LocalServer() = default;
  virtual std::shared_ptr<grpc::Channel> Channel() = 0;
};

// What a session gets from the process that it runs in.
struct SessionEnvironment {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  // MEMSIM_SERVER and MEMSIM_MACHINE, which stand for --server and --machine. Absent: not set.
  std::optional<std::string> server = {};
  std::optional<std::string> machine = {};
  // Starts the server of --server local. The program alone has one, so that the commands do not link the server. Empty:
  // there is none.
  std::function<absl::StatusOr<std::unique_ptr<LocalServer>>()> start_local_server = {};
};

class Session {
 public:
  explicit Session(SessionEnvironment environment);
  ~Session();

  // Reads --server and --timeout. A usage error if one makes no sense.
  absl::Status Configure(const Arguments& arguments);

  std::istream& in() { return environment_.in; }
  std::ostream& out() { return environment_.out; }
  std::ostream& err() { return environment_.err; }
  void UseJson() { format_ = OutputFormat::kJson; }
  bool json() const { return format_ == OutputFormat::kJson; }
  // The deadline that --timeout gives each RPC; for streams that have none of their own, the deadline of the whole.
  const client::CallOptions& call_options() const { return call_options_; }

  // The client of the chosen server, connected at the first call.
  absl::StatusOr<client::Client*> Connect();
  // The same for a command that works on a machine. A local server starts with no machine, so there the machine is made
  // first, with every default; else nothing could be shown of it.
  absl::StatusOr<client::Client*> ConnectFor(absl::string_view machine);
  // --machine, or MEMSIM_MACHINE. A usage error without either.
  absl::StatusOr<std::string> MachineName(const Arguments& arguments) const;

  // The message as JSON with the proto's own field names, on a line of its own.
  void PrintJson(const google::protobuf::Message& message);

 private:
  SessionEnvironment environment_;
  std::string server_;
  // Where the server's address was typed, for errors. The default has none.
  absl::string_view server_named_by_ = "MEMSIM_SERVER";
  OutputFormat format_ = OutputFormat::kHuman;
  client::CallOptions call_options_;
  // Before the client, which must not outlive it.
  std::unique_ptr<LocalServer> local_server_;
  std::unique_ptr<client::Client> client_;
};

// A message as one line of JSON, every field named as in the proto, zeros shown.
std::string ToJson(const google::protobuf::Message& message);

}  // namespace memsim::cli

#endif  // MEMSIM_CLIENT_CLI_SESSION_H_
