// Which page answers which path.
//
//   /                        an index with links
//   /metrics                 ServerMetrics::ServerPage
//   /machines/{id}/metrics   ServerMetrics::MachinePage; id: "demo", or "tenants/acme/machines/demo" (slashes or %2F)
//   /sd                      targets for Prometheus; ?tenant=acme for those of one tenant
//   /healthz                 200, or 503 while the server drains
//
// Only GET and HEAD. Whatever is refused is refused in words, with a line end.
//
// Thread-safe. A page that needs a turn of a machine waits for it within its limit; everything else answers at once.

#ifndef MEMSIM_SERVER_HTTP_ROUTER_H_
#define MEMSIM_SERVER_HTTP_ROUTER_H_

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

#include "server/host/host.h"
#include "server/http/http_message.h"
#include "server/metrics/server_metrics.h"

namespace memsim {

class Router {
 public:
  // The server's page serves what it has after this long: a busy machine must not cost it the numbers of all others.
  static constexpr std::chrono::milliseconds kServerPageWait{1000};
  // A machine's page has nothing to serve without its turn, so it waits longer: half of Prometheus' default scrape
  // timeout.
  static constexpr std::chrono::milliseconds kMachinePageWait{5000};
  // On the index, for people: what fits on a few screens.
  static constexpr std::size_t kMaxMachinesOnIndex = 100;

  // Both must outlive this object. address is what /sd names to clients that send no Host header.
  Router(Host& host, const ServerMetrics& metrics, std::string address)
      : host_(host), metrics_(metrics), address_(std::move(address)) {}

  HttpResponse Answer(const HttpRequest& request) const;

 private:
  HttpResponse MachinePage(const HttpRequest& request) const;
  HttpResponse Targets(const HttpRequest& request) const;
  HttpResponse Index() const;
  HttpResponse Health() const;

  Host& host_;
  const ServerMetrics& metrics_;
  const std::string address_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_HTTP_ROUTER_H_
