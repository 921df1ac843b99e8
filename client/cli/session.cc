#include "client/cli/session.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/util/json_util.h"

#include "client/cli/usage_error.h"
#include "client/library/json_text.h"
#include "client/library/nearest_name.h"

namespace memsim::cli {
namespace {

constexpr char kLocalServer[] = "local";

}  // namespace

const std::vector<FlagSpec>& GlobalFlags() {
  static const auto* const kFlags = new std::vector<FlagSpec>{
      {"server", "ADDRESS",
       absl::StrCat("HOST:PORT, unix:PATH, or local: a server inside this program, which ends with it, and on which "
                    "the machine that a command works on is made first, whatever its name, with every default. Left "
                    "out: the environment's MEMSIM_SERVER, or ",
                    client::kDefaultAddress, ".")},
      {"json", "", "Print JSON: an object, or one a line."},
      {"timeout", "DURATION",
       "How long to wait for each answer, or to watch: 500ms, 5s, 2m. Left out: 60s, and no end for watch."},
      {"help", "", "Print help. Also -h."},
  };
  return *kFlags;
}

Session::Session(SessionEnvironment environment)
    : environment_(std::move(environment)), server_(environment_.server.value_or(client::kDefaultAddress)) {}

Session::~Session() = default;

absl::Status Session::Configure(const Arguments& arguments) {
  if (const auto server = arguments.Get("server"); server.has_value()) {
    server_ = *server;
    server_named_by_ = "--server";
  }
  if (const auto timeout = arguments.Get("timeout"); timeout.has_value()) {
    absl::Duration duration;
    if (!absl::ParseDuration(*timeout, &duration)) {
      return UsageError("--timeout: \"", client::Printable(*timeout), "\" is no duration; write 500ms, 5s or 2m");
    }
    if (duration <= absl::ZeroDuration()) {
      return UsageError("--timeout: ", client::Printable(*timeout), " is not above 0; write 500ms, 5s or 2m");
    }
    call_options_.deadline = duration;
  }
  return absl::OkStatus();
}

absl::StatusOr<client::Client*> Session::Connect() {
  if (client_ != nullptr) return client_.get();
  if (server_ == kLocalServer && environment_.start_local_server) {
    absl::StatusOr<std::unique_ptr<LocalServer>> server = environment_.start_local_server();
    if (!server.ok()) return server.status();
    local_server_ = *std::move(server);
    client_ = std::make_unique<client::Client>(local_server_->Channel(), client::ClientOptions{}, kLocalServer);
    return client_.get();
  }
  absl::StatusOr<std::unique_ptr<client::Client>> client = client::Client::Connect(server_);
  if (!client.ok()) {
    return UsageError(server_named_by_, ": ", client::Printable(client.status().message()), "; or say ", kLocalServer,
                      ", for a server inside this program", client::DidYouMean(server_, {kLocalServer}));
  }
  client_ = *std::move(client);
  return client_.get();
}

absl::StatusOr<client::Client*> Session::ConnectFor(absl::string_view machine) {
  absl::StatusOr<client::Client*> client = Connect();
  if (!client.ok() || local_server_ == nullptr) return client;
  // "tenants/T/machines/M", or M alone. What is neither is for the server to refuse.
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(machine, absl::MaxSplits("/machines/", 1));
  const bool is_short = parts.second.empty();
  const auto made = (*client)->CreateMachine(is_short ? machine : parts.second, v1::MachineSpec(),
                                             is_short ? "" : parts.first, call_options_);
  if (!made.ok() && !absl::IsAlreadyExists(made.status())) return made.status();
  return client;
}

absl::StatusOr<std::string> Session::MachineName(const Arguments& arguments) const {
  if (const auto machine = arguments.Get("machine"); machine.has_value()) return *machine;
  if (environment_.machine.has_value()) {
    if (absl::Status status = CheckUtf8("MEMSIM_MACHINE", *environment_.machine); !status.ok()) return status;
    return *environment_.machine;
  }
  return UsageError("which machine? Say --machine NAME, or set MEMSIM_MACHINE");
}

void Session::PrintJson(const google::protobuf::Message& message) { out() << ToJson(message) << "\n"; }

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
