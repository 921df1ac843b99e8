#include "server/http/router.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/host/host.h"
#include "server/metrics/rpc_metrics.h"
#include "server/metrics/server_metrics.h"
#include "tests/unit/host/host_results.h"

namespace memsim {
namespace {

using std::chrono::milliseconds;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

HostOptions OneWorker() {
  HostOptions options;
  options.worker_count = 1;
  return options;
}

class RouterTest : public testing::Test {
 protected:
  HttpResponse Get(const std::string& path, const std::string& query = "") {
    HttpRequest request;
    request.method = "GET";
    request.path = path;
    request.query = query;
    return router_.Answer(request);
  }

  void Create(const std::string& tenant, const std::string& machine) {
    MachineSpec spec;
    spec.memory = ByteCount(64U << 20);
    const absl::StatusOr<MachineInfo> info = CreateMachineAndWait(host_, tenant, machine, spec);
    ASSERT_TRUE(info.ok()) << info.status();
  }

  Host host_{OneWorker()};
  RpcMetrics rpc_metrics_{{{"memsim.v1.PageService", "AllocPages", RpcType::kUnary}}};
  ServerMetrics metrics_{host_, rpc_metrics_};
  Router router_{host_, metrics_, "127.0.0.1:7680"};
};

// Keeps a machine, and with it the only worker, busy for as long as it lives.
class BusyMachine {
 public:
  BusyMachine(Host& host, const std::string& machine) {
    host.Inspect(machine, [this](const absl::StatusOr<const Machine*>&) {
      std::unique_lock<std::mutex> lock(mutex_);
      begun_ = true;
      changed_.notify_all();
      changed_.wait(lock, [this] { return released_; });
      ended_ = true;
      changed_.notify_all();
    });
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return begun_; });
  }
  ~BusyMachine() {
    std::unique_lock<std::mutex> lock(mutex_);
    released_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return ended_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool begun_ = false;
  bool released_ = false;
  bool ended_ = false;
};

TEST_F(RouterTest, TheServersPageShowsTheServerItsRpcsAndItsMachines) {
  Create("default", "demo");
  Create("acme", "web");
  const HttpResponse response = Get("/metrics");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(response.body, HasSubstr("\nmemsim_machines 2\n"));
  EXPECT_THAT(response.body, HasSubstr("\nmemsim_draining 0\n"));
  EXPECT_THAT(response.body, HasSubstr("\nprocess_cpu_seconds_total "));
  EXPECT_THAT(response.body, HasSubstr("grpc_method=\"AllocPages\""));
  EXPECT_THAT(response.body, HasSubstr("\nmemsim_machine_calls_total{machine=\"web\",tenant=\"acme\"} 0\n"));
  EXPECT_THAT(response.body, HasSubstr("\nmemsim_machine_page_faults_total{machine=\"demo\",tenant=\"default\"} "));
  EXPECT_THAT(response.body,
              HasSubstr("\nmemsim_machine_zone_free_pages{machine=\"demo\",tenant=\"default\",zone=\"DMA32\"} "));
  EXPECT_THAT(response.body, HasSubstr("\nmemsim_machines_left_out{page=\"metrics\",reason=\"no_turn\"} 0\n"));
}

TEST_F(RouterTest, AMachinesPageIsFoundByItsShortAndByItsLongName) {
  Create("default", "demo");
  Create("acme", "web");
  for (const char* path : {"/machines/demo/metrics", "/machines/tenants/default/machines/demo/metrics",
                           "/machines/tenants/acme/machines/web/metrics"}) {
    const HttpResponse response = Get(path);
    EXPECT_EQ(response.status, 200) << path << ": " << response.body;
    EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
    EXPECT_THAT(response.body, HasSubstr("\nnode_memory_MemFree_bytes "));
    EXPECT_THAT(response.body, HasSubstr("\nnode_buddyinfo_blocks{node=\"0\",size=\"10\",zone=\"DMA32\"} "));
    EXPECT_THAT(response.body, HasSubstr("\nnode_zoneinfo_low_pages{node=\"0\",zone=\"DMA32\"} "));
    EXPECT_THAT(response.body, HasSubstr("\nnode_vmstat_pgfault "));
    EXPECT_THAT(response.body, HasSubstr("\nmemsim_calls_total 0\n"));
  }
}

TEST_F(RouterTest, AMachineThatIsNotThereIs404AndANameThatIsNoneIs400InWords) {
  const HttpResponse missing = Get("/machines/nobody/metrics");
  EXPECT_EQ(missing.status, 404);
  EXPECT_THAT(missing.body, HasSubstr("nobody"));
  EXPECT_THAT(missing.body, EndsWith("\n"));
  EXPECT_EQ(Get("/machines/No_Name/metrics").status, 400);
  EXPECT_EQ(Get("/machines//metrics").status, 400);
  EXPECT_EQ(Get("/machines/metrics").status, 400);
  EXPECT_EQ(Get("/machines/tenants/acme/metrics").status, 400);
}

TEST_F(RouterTest, AnUnknownPathIs404AndSaysWhatThereIsWithoutRepeatingAnEndlessPath) {
  const HttpResponse response = Get(absl::StrCat("/", std::string(5000, 'x')));
  EXPECT_EQ(response.status, 404);
  EXPECT_THAT(response.body, HasSubstr("/metrics"));
  EXPECT_LT(response.body.size(), 400U);
  EXPECT_EQ(Get("/machines/demo").status, 404);
  EXPECT_EQ(Get("/metrics/").status, 404);
  EXPECT_EQ(Get("").status, 404);
}

TEST_F(RouterTest, OtherMethodsThanGetAndHeadAre405AndTellWhichAreAllowed) {
  HttpRequest request;
  request.path = "/metrics";
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH"}) {
    request.method = method;
    const HttpResponse response = router_.Answer(request);
    EXPECT_EQ(response.status, 405);
    EXPECT_THAT(response.body, HasSubstr(method));
    EXPECT_THAT(response.headers, testing::ElementsAre(testing::Pair("Allow", "GET, HEAD")));
  }
  request.method = "HEAD";
  EXPECT_EQ(router_.Answer(request).status, 200);
}

TEST_F(RouterTest, TheTargetsAreReachedWhereTheClientReachedTheServer) {
  Create("default", "demo");
  EXPECT_EQ(Get("/sd").content_type, "application/json");
  EXPECT_THAT(Get("/sd").body, HasSubstr(R"("targets": ["127.0.0.1:7680"])"));
  HttpRequest request;
  request.method = "GET";
  request.path = "/sd";
  request.host = "memsim.example:80";
  EXPECT_THAT(router_.Answer(request).body, HasSubstr(R"("targets": ["memsim.example:80"])"));
  request.host = "evil\"host";
  EXPECT_THAT(router_.Answer(request).body, HasSubstr(R"("targets": ["127.0.0.1:7680"])"));
}

TEST_F(RouterTest, TheTargetsOfOneTenantAreListedAlone) {
  Create("default", "demo");
  Create("acme", "web");
  EXPECT_THAT(Get("/sd").body, HasSubstr("\"machine\": \"demo\""));
  EXPECT_THAT(Get("/sd").body, HasSubstr("\"machine\": \"web\""));
  EXPECT_THAT(Get("/sd", "tenant=acme").body, Not(HasSubstr("\"machine\": \"demo\"")));
  EXPECT_THAT(Get("/sd", "tenant=acme").body, HasSubstr("\"machine\": \"web\""));
  EXPECT_THAT(Get("/sd", "tenant=nobody").body, Not(HasSubstr("machine")));
  EXPECT_EQ(Get("/sd", "tenant=").status, 400);
  EXPECT_EQ(Get("/sd", "tenant=-").status, 400);
  EXPECT_EQ(Get("/sd", "team=acme").status, 400);
}

TEST_F(RouterTest, TheIndexLinksToTheMachines) {
  Create("default", "demo");
  const HttpResponse response = Get("/");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "text/html; charset=utf-8");
  EXPECT_THAT(response.body, HasSubstr("href=\"/machines/demo/metrics\""));
}

TEST_F(RouterTest, HealthIs200UntilTheServerDrainsAndTheServersPageStaysUpMeanwhile) {
  Create("default", "demo");
  EXPECT_EQ(Get("/healthz").status, 200);
  EXPECT_EQ(Get("/healthz").body, "ok\n");
  host_.BeginDrain();
  EXPECT_EQ(Get("/healthz").status, 503);
  EXPECT_THAT(Get("/healthz").body, HasSubstr("draining"));
  EXPECT_EQ(Get("/machines/demo/metrics").status, 503);
  const HttpResponse response = Get("/metrics");
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.body, HasSubstr("\nmemsim_draining 1\n"));
}

TEST_F(RouterTest, ABusyMachineCostsTheServersPageOnlyWhatItAloneKnows) {
  Create("default", "demo");
  const BusyMachine busy(host_, "demo");
  HttpRequest request;
  request.method = "GET";
  request.path = "/metrics";
  request.patience = milliseconds(100);
  const HttpResponse response = router_.Answer(request);
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.body, HasSubstr("\nmemsim_machine_calls_total{machine=\"demo\",tenant=\"default\"} 0\n"));
  EXPECT_THAT(response.body, Not(HasSubstr("memsim_machine_page_faults_total")));
  EXPECT_THAT(response.body, HasSubstr("\nmemsim_machines_left_out{page=\"metrics\",reason=\"no_turn\"} 1\n"));
}

TEST_F(RouterTest, ABusyMachinesOwnPageIs503WithinTheClientsPatienceAndIsThereAgainAfterwards) {
  Create("default", "demo");
  HttpRequest request;
  request.method = "GET";
  request.path = "/machines/demo/metrics";
  request.patience = milliseconds(100);
  {
    const BusyMachine busy(host_, "demo");
    const auto begin = std::chrono::steady_clock::now();
    const HttpResponse response = router_.Answer(request);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, Router::kMachinePageWait);
    EXPECT_EQ(response.status, 503);
    EXPECT_THAT(response.headers, testing::ElementsAre(testing::Pair("Retry-After", "1")));
  }
  request.patience = milliseconds(60'000);
  EXPECT_EQ(router_.Answer(request).status, 200);
}

std::size_t CountOf(const std::string& what, const std::string& text) {
  std::size_t count = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

TEST_F(RouterTest, TheServersPageHasNoMoreMachinesThanItsLimitAndSaysHowManyItLeftOut) {
  for (std::size_t i = 0; i < ServerMetrics::kMaxMachinesOnServerPage; ++i) Create("default", absl::StrCat("m", i));
  std::string body = Get("/metrics").body;
  EXPECT_EQ(CountOf("\nmemsim_machine_calls_total{", body), ServerMetrics::kMaxMachinesOnServerPage);
  EXPECT_THAT(body, HasSubstr("\nmemsim_machines_left_out{page=\"metrics\",reason=\"limit\"} 0\n"));
  Create("default", "one-more");
  body = Get("/metrics").body;
  EXPECT_EQ(CountOf("\nmemsim_machine_calls_total{", body), ServerMetrics::kMaxMachinesOnServerPage);
  EXPECT_THAT(body, HasSubstr("\nmemsim_machines_left_out{page=\"metrics\",reason=\"limit\"} 1\n"));
  EXPECT_THAT(body, HasSubstr("\nmemsim_machines_left_out{page=\"sd\",reason=\"limit\"} 0\n"));
}

}  // namespace
}  // namespace memsim
