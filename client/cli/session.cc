#include "client/cli/session.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"

#include "client/cli/usage_error.h"

namespace memsim::cli {

const std::vector<FlagSpec>& GlobalFlags() {
  static const auto* const kFlags = new std::vector<FlagSpec>{
      {"server", "ADDRESS",
       absl::StrCat("HOST:PORT or unix:PATH. Left out: the environment's MEMSIM_SERVER, or ", client::kDefaultAddress,
                    ".")},
      {"json", "", "Print JSON: an object, or one a line."},
      {"timeout", "DURATION", "How long to wait for each answer: 500ms, 5s, 2m. Left out: 60s, and no end for watch."},
      {"help", "", "Print help. Also -h."},
  };
  return *kFlags;
}

Session::Session(std::istream& in, std::ostream& out, std::ostream& err, std::optional<std::string> environment_server,
                 std::optional<std::string> environment_machine)
    : in_(in),
      out_(out),
      err_(err),
      server_(environment_server.value_or(client::kDefaultAddress)),
      environment_machine_(std::move(environment_machine)) {}

Session::~Session() = default;

absl::Status Session::Configure(const Arguments& arguments) {
  if (arguments.Has("json")) format_ = OutputFormat::kJson;
  server_ = arguments.Get("server").value_or(server_);
  if (const auto timeout = arguments.Get("timeout"); timeout.has_value()) {
    absl::Duration duration;
    if (!absl::ParseDuration(*timeout, &duration) || duration <= absl::ZeroDuration()) {
      return UsageError("--timeout: \"", *timeout, "\" is no duration; write 500ms, 5s or 2m");
    }
    call_options_.deadline = duration;
  }
  return absl::OkStatus();
}

absl::StatusOr<client::Client*> Session::Connect() {
  if (client_ != nullptr) return client_.get();
  absl::StatusOr<std::unique_ptr<client::Client>> client = client::Client::Connect(server_);
  if (!client.ok()) return UsageError("--server: ", client.status().message());
  client_ = *std::move(client);
  return client_.get();
}

absl::StatusOr<std::string> Session::MachineName(const Arguments& arguments) const {
  if (const auto machine = arguments.Get("machine"); machine.has_value()) return *machine;
  if (environment_machine_.has_value()) return *environment_machine_;
  return UsageError("which machine? Say --machine NAME, or set MEMSIM_MACHINE");
}

void Session::PrintJson(const google::protobuf::Message& message) { out_ << ToJson(message) << "\n"; }

std::string ToJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string text;
  // Fails only for an Any whose type is unknown, which no message of the API has.
  (void)google::protobuf::util::MessageToJsonString(message, &text, options);
  return text;
}

}  // namespace memsim::cli
