#include "server/metrics/rpc_metrics.h"

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/metrics/metrics_page.h"

namespace memsim {
namespace {

using std::chrono::nanoseconds;
using testing::HasSubstr;
using testing::Not;

std::string Render(const RpcMetrics& metrics) {
  MetricsPage page;
  metrics.AddTo(page);
  return page.Render();
}

std::size_t LineCount(const std::string& text) {
  std::size_t lines = 0;
  for (const char c : text) lines += c == '\n';
  return lines;
}

TEST(RpcMetricsTest, AToldMethodStandsAtZeroWithEveryCodeBeforeItsFirstCall) {
  const RpcMetrics metrics({{"memsim.v1.PageService", "AllocPages", RpcType::kUnary}});
  const std::string text = Render(metrics);
  const std::string labels = R"({grpc_type="unary",grpc_service="memsim.v1.PageService",grpc_method="AllocPages")";
  EXPECT_THAT(text, HasSubstr(absl::StrCat("grpc_server_started_total", labels, "} 0\n")));
  EXPECT_THAT(text, HasSubstr(absl::StrCat("grpc_server_msg_received_total", labels, "} 0\n")));
  EXPECT_THAT(text, HasSubstr(absl::StrCat("grpc_server_msg_sent_total", labels, "} 0\n")));
  for (const char* code : {"OK", "Canceled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound",
                           "AlreadyExists", "PermissionDenied", "ResourceExhausted", "FailedPrecondition", "Aborted",
                           "OutOfRange", "Unimplemented", "Internal", "Unavailable", "DataLoss", "Unauthenticated"}) {
    EXPECT_THAT(text, HasSubstr(absl::StrCat("grpc_server_handled_total", labels, ",grpc_code=\"", code, "\"} 0\n")));
  }
}

TEST(RpcMetricsTest, WhatHappensIsCountedUnderItsMethodAndCodeAlone) {
  RpcMetrics metrics({{"s", "A", RpcType::kUnary}, {"s", "B", RpcType::kBidiStream}});
  RpcMetrics::Method& a = metrics.method("/s/A");
  a.Started();
  a.MessageReceived();
  a.MessageSent();
  a.Handled(0, nanoseconds(30'000));
  RpcMetrics::Method& b = metrics.method("/s/B");
  b.Started();
  b.MessageReceived();
  b.MessageReceived();
  b.Handled(8, std::chrono::seconds(2));

  const std::string text = Render(metrics);
  EXPECT_THAT(text, HasSubstr(R"(started_total{grpc_type="unary",grpc_service="s",grpc_method="A"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(started_total{grpc_type="bidi_stream",grpc_service="s",grpc_method="B"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(received_total{grpc_type="bidi_stream",grpc_service="s",grpc_method="B"} 2)"));
  EXPECT_THAT(text, HasSubstr(R"(sent_total{grpc_type="bidi_stream",grpc_service="s",grpc_method="B"} 0)"));
  EXPECT_THAT(text, HasSubstr(R"(grpc_method="A",grpc_code="OK"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(grpc_method="B",grpc_code="OK"} 0)"));
  EXPECT_THAT(text, HasSubstr(R"(grpc_method="B",grpc_code="ResourceExhausted"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(handling_seconds_sum{grpc_type="unary",grpc_service="s",grpc_method="A"} 3e-05)"));
  EXPECT_THAT(text, HasSubstr(R"(seconds_count{grpc_type="bidi_stream",grpc_service="s",grpc_method="B"} 1)"));
}

TEST(RpcMetricsTest, ADurationOnABoundBelongsToTheBucketOfThatBound) {
  for (std::size_t i = 0; i < RpcMetrics::kLatencyBounds.size(); ++i) {
    const std::int64_t bound = RpcMetrics::kLatencyBounds[i];
    for (const int beyond : {-1, 0, 1}) {
      RpcMetrics metrics({{"s", "A", RpcType::kUnary}});
      metrics.method("/s/A").Handled(0, nanoseconds(bound + beyond));
      const std::string line = absl::StrCat(R"(grpc_method="A",le=")", static_cast<double>(bound) / 1e9, "\"} ");
      EXPECT_THAT(Render(metrics), HasSubstr(absl::StrCat(line, beyond <= 0 ? 1 : 0, "\n")))
          << bound << " + " << beyond;
    }
  }
}

TEST(RpcMetricsTest, ABucketCountsWhatFitsIntoSmallerOnesToo) {
  RpcMetrics metrics({{"s", "A", RpcType::kUnary}});
  metrics.method("/s/A").Handled(0, nanoseconds(1));
  metrics.method("/s/A").Handled(0, std::chrono::hours(1));
  const std::string text = Render(metrics);
  EXPECT_THAT(text, HasSubstr(R"(grpc_method="A",le="300"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(grpc_method="A",le="+Inf"} 2)"));
}

TEST(RpcMetricsTest, PathsThatNobodyToldShareOneSeriesHoweverManyTheyAre) {
  RpcMetrics metrics({{"s", "A", RpcType::kUnary}});
  const std::size_t lines = LineCount(Render(metrics));
  for (int i = 0; i < 1000; ++i) {
    RpcMetrics::Method& method = metrics.method(absl::StrCat("/evil/", i));
    method.Started();
    method.Handled(12, nanoseconds(1));
  }
  metrics.method("").Started();
  metrics.method("s/A").Started();
  const std::string text = Render(metrics);
  EXPECT_EQ(LineCount(text), lines);
  EXPECT_THAT(text, Not(HasSubstr("evil")));
  EXPECT_THAT(text, HasSubstr(R"(started_total{grpc_type="unary",grpc_service="unknown",grpc_method="unknown"} 1002)"));
  EXPECT_THAT(text, HasSubstr(R"(grpc_method="unknown",grpc_code="Unimplemented"} 1000)"));
  EXPECT_THAT(text, HasSubstr(R"(started_total{grpc_type="unary",grpc_service="s",grpc_method="A"} 0)"));
}

TEST(RpcMetricsTest, ACodeThatGrpcDoesNotKnowCountsAsUnknown) {
  RpcMetrics metrics({{"s", "A", RpcType::kUnary}});
  metrics.method("/s/A").Handled(-1, nanoseconds(1));
  metrics.method("/s/A").Handled(16, nanoseconds(1));
  metrics.method("/s/A").Handled(17, nanoseconds(1));
  EXPECT_THAT(Render(metrics), HasSubstr(R"(grpc_method="A",grpc_code="Unknown"} 2)"));
  EXPECT_THAT(Render(metrics), HasSubstr(R"(grpc_method="A",grpc_code="Unauthenticated"} 1)"));
}

TEST(RpcMetricsTest, AMethodToldTwiceIsOneMethod) {
  const RpcMetrics once({{"s", "A", RpcType::kUnary}});
  const RpcMetrics twice({{"s", "A", RpcType::kUnary}, {"s", "A", RpcType::kUnary}});
  EXPECT_EQ(Render(once), Render(twice));
}

TEST(RpcMetricsTest, EveryTypeHasTheMiddlewaresName) {
  const RpcMetrics metrics({{"s", "A", RpcType::kUnary},
                            {"s", "B", RpcType::kClientStream},
                            {"s", "C", RpcType::kServerStream},
                            {"s", "D", RpcType::kBidiStream}});
  const std::string text = Render(metrics);
  EXPECT_THAT(text, HasSubstr(R"(grpc_type="unary",grpc_service="s",grpc_method="A")"));
  EXPECT_THAT(text, HasSubstr(R"(grpc_type="client_stream",grpc_service="s",grpc_method="B")"));
  EXPECT_THAT(text, HasSubstr(R"(grpc_type="server_stream",grpc_service="s",grpc_method="C")"));
  EXPECT_THAT(text, HasSubstr(R"(grpc_type="bidi_stream",grpc_service="s",grpc_method="D")"));
}

TEST(RpcMetricsTest, NothingIsLostWhenManyThreadsCount) {
  constexpr int kThreads = 4;
  constexpr int kCalls = 10'000;
  RpcMetrics metrics({{"s", "A", RpcType::kUnary}});
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&metrics] {
      for (int i = 0; i < kCalls; ++i) metrics.method("/s/A").Handled(0, nanoseconds(i));
    });
  }
  Render(metrics);
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(Render(metrics), HasSubstr(absl::StrCat(R"(grpc_method="A",grpc_code="OK"} )", kThreads * kCalls, "\n")));
}

}  // namespace
}  // namespace memsim
