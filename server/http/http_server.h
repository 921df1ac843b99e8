// The HTTP port: a thin shell of threads and sockets around a Router.

#ifndef MEMSIM_SERVER_HTTP_HTTP_SERVER_H_
#define MEMSIM_SERVER_HTTP_HTTP_SERVER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "server/host/host.h"
#include "server/metrics/rpc_metrics.h"

namespace memsim {

class HttpServer {
 public:
  // Listens from here on. address is HOST:PORT, an IPv4 address or a name that has one (the packaged library has no
  // IPv6); port 0 takes any that is free. host and rpc_metrics must outlive the server. INVALID_ARGUMENT: no such
  // address; UNAVAILABLE: it cannot be listened on.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Create(absl::string_view address, Host& host,
                                                            const RpcMetrics& rpc_metrics);
  // Stop().
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // HOST:PORT with the port that it listens on.
  const std::string& address() const;

  // Ends the requests that run (each within its limit) and takes no more. Not from a request.
  void Stop();

 private:
  class Listener;
  explicit HttpServer(std::unique_ptr<Listener> listener);

  std::unique_ptr<Listener> listener_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_HTTP_HTTP_SERVER_H_
