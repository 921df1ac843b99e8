#include "server/http/router.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "server/base/quoted.h"
#include "server/host/machine_name.h"
#include "server/http/index_page.h"
#include "server/http/service_discovery.h"

namespace memsim {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr char kMachinesPrefix[] = "/machines/";
constexpr char kMetricsSuffix[] = "/metrics";

HttpResponse Words(int status, absl::string_view words) {
  HttpResponse response;
  response.status = status;
  response.body = absl::StrCat(words, "\n");
  return response;
}

int HttpStatusOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return 400;
    // A machine that is deleted while one looks is gone like any other.
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAborted:
      return 404;
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kUnavailable:
      return 503;
    default:
      return 500;
  }
}

HttpResponse Refusal(const absl::Status& status) {
  const absl::string_view message = status.message();
  HttpResponse response = Words(HttpStatusOf(status), message);
  if (response.status == 503) response.headers.push_back({"Retry-After", "1"});
  return response;
}

// A tenth of the client's patience is left for the way back.
SteadyClock::time_point DeadlineOf(const HttpRequest& request, std::chrono::milliseconds wait) {
  if (request.patience.has_value()) wait = std::min(wait, *request.patience * 9 / 10);
  return SteadyClock::now() + wait;
}

// What Host headers consist of; anything else would be a target that Prometheus cannot reach anyway.
bool IsAuthority(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || absl::StrContains(".-:[]_", absl::string_view(&c, 1));
  });
}

// kAnyTenant without a query. INVALID_ARGUMENT for anything but tenant=….
absl::StatusOr<std::string> TenantOf(absl::string_view query) {
  if (query.empty()) return std::string(kAnyTenant);
  if (!absl::ConsumePrefix(&query, "tenant=")) {
    return absl::InvalidArgumentError("/sd takes one parameter: ?tenant=NAME lists the machines of one tenant");
  }
  const absl::Status status = ValidateNamePart("tenant", query);
  if (!status.ok()) return status;
  return std::string(query);
}

}  // namespace

HttpResponse Router::Answer(const HttpRequest& request) const {
  if (request.method != "GET" && request.method != "HEAD") {
    HttpResponse response = Words(405, absl::StrCat(request.method,
                                                    " is not allowed: this port only shows (GET and HEAD). "
                                                    "Machines are made and run over gRPC."));
    response.headers.push_back({"Allow", "GET, HEAD"});
    return response;
  }
  if (request.path == "/") return Index();
  if (request.path == "/healthz") return Health();
  if (request.path == "/sd") return Targets(request);
  if (request.path == "/metrics") {
    HttpResponse response;
    response.content_type = ServerMetrics::kContentType;
    response.body = metrics_.ServerPage(DeadlineOf(request, kServerPageWait));
    return response;
  }
  if (absl::StartsWith(request.path, kMachinesPrefix) && absl::EndsWith(request.path, kMetricsSuffix)) {
    return MachinePage(request);
  }
  return Words(404, absl::StrCat("There is no page ", Quoted(request.path),
                                 ". There are /metrics, /machines/{machine}/metrics, /sd and /healthz; / has links."));
}

HttpResponse Router::MachinePage(const HttpRequest& request) const {
  absl::string_view id = request.path;
  absl::ConsumePrefix(&id, kMachinesPrefix);
  if (!absl::ConsumeSuffix(&id, kMetricsSuffix)) {
    return Words(400, "No machine is named: the path is /machines/{machine}/metrics");
  }
  absl::StatusOr<std::string> page = metrics_.MachinePage(id, DeadlineOf(request, kMachinePageWait));
  if (!page.ok()) return Refusal(page.status());
  HttpResponse response;
  response.content_type = ServerMetrics::kContentType;
  response.body = *std::move(page);
  return response;
}

HttpResponse Router::Targets(const HttpRequest& request) const {
  const absl::StatusOr<std::string> tenant = TenantOf(request.query);
  if (!tenant.ok()) return Refusal(tenant.status());
  const std::vector<MachineInfo> machines = host_.ListMachines(*tenant, nullptr, ServerMetrics::kMaxDiscoveredMachines);
  HttpResponse response;
  response.content_type = "application/json";
  response.body = RenderTargets(machines, IsAuthority(request.host) ? request.host : address_);
  return response;
}

HttpResponse Router::Index() const {
  HttpResponse response;
  response.content_type = "text/html; charset=utf-8";
  response.body = RenderIndexPage(host_.ListMachines(kAnyTenant, nullptr, kMaxMachinesOnIndex), host_.Load().machines);
  return response;
}

HttpResponse Router::Health() const {
  if (host_.draining()) return Words(503, "draining: the server is shutting down");
  return Words(200, "ok");
}

}  // namespace memsim
