#include "server/http/http_server.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "civetweb.h"

#include "server/http/http_message.h"
#include "server/http/router.h"
#include "server/metrics/server_metrics.h"

namespace memsim {
namespace {

// A thread serves one connection at a time. Enough that some scrapes may wait for a busy machine while others are
// served; a connection that finds none waits in the queue.
constexpr char kThreads[] = "32";
constexpr char kConnectionQueue[] = "64";
// Request line and headers together; browsers with many cookies need some kilobytes.
constexpr char kMaxRequestBytes[] = "16384";
// How long a client may take to send its request or to take a piece of our answer, before its thread is wanted back.
constexpr char kRequestTimeoutMs[] = "2000";
// Longer patience is no patience: no page waits that long.
constexpr double kMaxPatienceSeconds = 3600;
// As often as the library itself looks whether its threads have ended.
constexpr std::chrono::milliseconds kStopPoll{10};

struct HostAndPort {
  std::string host;
  std::uint16_t port;
};

// The library's own syntax has commas and letters after the port, so what it gets is checked here.
absl::StatusOr<HostAndPort> ParseAddress(absl::string_view address) {
  const auto refuse = [address] {
    return absl::InvalidArgumentError(absl::StrCat("http_address: \"", address,
                                                   "\" is not HOST:PORT with an IPv4 address ",
                                                   "or a name as HOST and a PORT of 0 to 65535; 127.0.0.1:7680 is"));
  };
  const std::size_t colon = address.rfind(':');
  if (colon == absl::string_view::npos || colon == 0) return refuse();
  const absl::string_view host = address.substr(0, colon);
  for (const char c : host) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '-') return refuse();
  }
  std::uint32_t port = 0;
  const absl::string_view digits = address.substr(colon + 1);
  if (digits.empty() || !absl::ascii_isdigit(static_cast<unsigned char>(digits[0]))) return refuse();
  if (!absl::SimpleAtoi(digits, &port) || port > 65535) return refuse();
  return HostAndPort{std::string(host), static_cast<std::uint16_t>(port)};
}

// Empty for null.
std::string TextOf(const char* text) { return text == nullptr ? std::string() : std::string(text); }

std::optional<std::chrono::milliseconds> PatienceOf(const char* seconds_text) {
  double seconds = 0;
  if (seconds_text == nullptr || !absl::SimpleAtod(seconds_text, &seconds)) return std::nullopt;
  if (!(seconds > 0 && seconds < kMaxPatienceSeconds)) return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

HttpRequest RequestOf(const mg_connection* connection) {
  const mg_request_info& info = *mg_get_request_info(connection);
  HttpRequest request;
  request.method = TextOf(info.request_method);
  request.path = TextOf(info.local_uri);
  request.query = TextOf(info.query_string);
  request.host = TextOf(mg_get_header(connection, "Host"));
  request.patience = PatienceOf(mg_get_header(connection, "X-Prometheus-Scrape-Timeout-Seconds"));
  return request;
}

void Send(mg_connection* connection, absl::string_view method, const HttpResponse& response) {
  std::string head =
      absl::StrCat("HTTP/1.1 ", response.status, " ", mg_get_response_code_text(connection, response.status),
                   "\r\nContent-Type: ", response.content_type, "\r\nContent-Length: ", response.body.size(),
                   "\r\nCache-Control: no-store\r\nConnection: close\r\n");
  for (const auto& [name, value] : response.headers) absl::StrAppend(&head, name, ": ", value, "\r\n");
  absl::StrAppend(&head, "\r\n");
  if (method != "HEAD") head.append(response.body);
  mg_write(connection, head.data(), head.size());
}

}  // namespace

class HttpServer::Listener {
 public:
  Listener(Host& host, const RpcMetrics& rpc_metrics, const std::string& address)
      : metrics_(host, rpc_metrics), router_(host, metrics_, address) {
    mg_init_library(0);
  }
  ~Listener() {
    Stop();
    mg_exit_library();
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  absl::Status Start(const HostAndPort& wanted);
  void Stop();

  const std::string& address() const { return address_; }

 private:
  // Every request comes here first, and none goes further.
  static int OnRequest(mg_connection* connection);
  // What the library refuses by itself: requests that are no HTTP, or too long.
  static int OnError(mg_connection* connection, int status, const char* message);
  // It would print to stderr, at any client's command.
  static int OnLogMessage(const mg_connection*, const char*) { return 1; }

  ServerMetrics metrics_;
  Router router_;
  HostAndPort listening_;
  std::string address_;
  mg_context* context_ = nullptr;
};

absl::Status HttpServer::Listener::Start(const HostAndPort& wanted) {
  const std::string listening = absl::StrCat(wanted.host, ":", wanted.port);
  const char* options[] = {"listening_ports",
                           listening.c_str(),
                           "num_threads",
                           kThreads,
                           "connection_queue",
                           kConnectionQueue,
                           "max_request_size",
                           kMaxRequestBytes,
                           "request_timeout_ms",
                           kRequestTimeoutMs,
                           "tcp_nodelay",
                           "1",
                           nullptr};
  mg_callbacks callbacks = {};
  callbacks.begin_request = OnRequest;
  callbacks.http_error = OnError;
  callbacks.log_message = OnLogMessage;
  char text[256] = "";
  unsigned code = 0;
  mg_error_data error = {&code, text, sizeof(text)};
  mg_init_data init = {&callbacks, this, options};
  context_ = mg_start2(&init, &error);
  if (context_ == nullptr) {
    return absl::UnavailableError(absl::StrCat("http_address: cannot listen on ", listening, " (", text,
                                               "): is the port taken, or the address not of this host?"));
  }
  mg_server_port port = {};
  if (mg_get_server_ports(context_, 1, &port) != 1) return absl::UnavailableError("http_address: no port is open");
  listening_ = {wanted.host, static_cast<std::uint16_t>(port.port)};
  address_ = absl::StrCat(listening_.host, ":", listening_.port);
  return absl::OkStatus();
}

// The library sees that it shall stop when a connection comes, or after two seconds. So connections come.
void HttpServer::Listener::Stop() {
  if (context_ == nullptr) return;
  std::atomic<bool> stopped = false;
  std::thread stopper([this, &stopped] {
    mg_stop(context_);
    stopped = true;
  });
  while (!stopped) {
    char error[64] = "";
    mg_connection* const connection =
        mg_connect_client(listening_.host.c_str(), listening_.port, 0, error, sizeof(error));
    if (connection != nullptr) mg_close_connection(connection);
    std::this_thread::sleep_for(kStopPoll);
  }
  stopper.join();
  context_ = nullptr;
}

int HttpServer::Listener::OnRequest(mg_connection* connection) {
  const auto* self = static_cast<const Listener*>(mg_get_request_info(connection)->user_data);
  const HttpRequest request = RequestOf(connection);
  const HttpResponse response = self->router_.Answer(request);
  Send(connection, request.method, response);
  return response.status;
}

int HttpServer::Listener::OnError(mg_connection* connection, int status, const char* message) {
  HttpResponse response;
  response.status = status;
  response.body = absl::StrCat("The request cannot be served: ", message == nullptr ? "" : message, "\n");
  Send(connection, "GET", response);
  return 0;
}

HttpServer::HttpServer(std::unique_ptr<Listener> listener) : listener_(std::move(listener)) {}

HttpServer::~HttpServer() = default;

const std::string& HttpServer::address() const { return listener_->address(); }

void HttpServer::Stop() { listener_->Stop(); }

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Create(absl::string_view address, Host& host,
                                                               const RpcMetrics& rpc_metrics) {
  const absl::StatusOr<HostAndPort> wanted = ParseAddress(address);
  if (!wanted.ok()) return wanted.status();
  auto listener = std::make_unique<Listener>(host, rpc_metrics, std::string(address));
  const absl::Status status = listener->Start(*wanted);
  if (!status.ok()) return status;
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(listener)));
}

}  // namespace memsim
