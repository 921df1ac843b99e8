// A request and its answer, free of any HTTP library.

#ifndef MEMSIM_SERVER_HTTP_HTTP_MESSAGE_H_
#define MEMSIM_SERVER_HTTP_HTTP_MESSAGE_H_

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace memsim {

struct HttpRequest {
  // "GET".
  std::string method;
  // Decoded, without the query: "/machines/demo/metrics".
  std::string path;
  // Still encoded, without the question mark.
  std::string query;
  // The Host header: under which address the client reached the server. Empty: it did not say.
  std::string host;
  // How long the client will wait, if it said so (Prometheus does, in X-Prometheus-Scrape-Timeout-Seconds).
  std::optional<std::chrono::milliseconds> patience;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_HTTP_HTTP_MESSAGE_H_
