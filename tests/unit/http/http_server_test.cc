#include "server/http/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/host/host.h"
#include "server/metrics/rpc_metrics.h"

namespace memsim {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// A client of plain sockets, so that it may say what no library would let it say.
std::string Exchange(const std::string& address, const std::string& bytes) {
  std::uint32_t port = 0;
  EXPECT_TRUE(absl::SimpleAtoi(absl::string_view(address).substr(address.rfind(':') + 1), &port));
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to = {};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)), 0);
  EXPECT_EQ(send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  std::string answer;
  char buffer[4096];
  for (ssize_t count = 0; (count = recv(fd, buffer, sizeof(buffer), 0)) > 0;) answer.append(buffer, count);
  close(fd);
  return answer;
}

std::string Get(const std::string& address, const std::string& target) {
  return Exchange(address, absl::StrCat("GET ", target, " HTTP/1.1\r\nHost: ", address, "\r\n\r\n"));
}

class HttpServerTest : public testing::Test {
 protected:
  void SetUp() override {
    auto server = HttpServer::Create("127.0.0.1:0", host_, rpc_metrics_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  Host host_{HostOptions()};
  RpcMetrics rpc_metrics_{{}};
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, PortZeroBecomesThePortThatItListensOn) {
  EXPECT_THAT(server_->address(), StartsWith("127.0.0.1:"));
  EXPECT_THAT(server_->address(), Not(testing::EndsWith(":0")));
  EXPECT_THAT(Get(server_->address(), "/sd"), HasSubstr("\r\n\r\n[\n]\n"));
}

TEST_F(HttpServerTest, AnAnswerHasItsTypeItsLengthAndItsBody) {
  const std::string answer = Get(server_->address(), "/healthz");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nContent-Type: text/plain; charset=utf-8\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nContent-Length: 3\r\n"));
  EXPECT_THAT(answer, testing::EndsWith("\r\n\r\nok\n"));
}

TEST_F(HttpServerTest, HeadAnswersWithoutABody) {
  const std::string answer =
      Exchange(server_->address(), absl::StrCat("HEAD /healthz HTTP/1.1\r\nHost: ", server_->address(), "\r\n\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nContent-Length: 3\r\n"));
  EXPECT_THAT(answer, testing::EndsWith("\r\n\r\n"));
}

TEST_F(HttpServerTest, ASlashInANameMayBeEncoded) {
  EXPECT_THAT(Get(server_->address(), "/machines/tenants%2Facme%2Fmachines%2Fweb/metrics"),
              HasSubstr("tenants/acme/machines/web"));
}

TEST_F(HttpServerTest, APostIsRefusedInWords) {
  const std::string answer =
      Exchange(server_->address(),
               absl::StrCat("POST /metrics HTTP/1.1\r\nHost: ", server_->address(), "\r\nContent-Length: 2\r\n\r\nhi"));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(answer, HasSubstr("\r\nAllow: GET, HEAD\r\n"));
}

TEST_F(HttpServerTest, NoFileOfTheHostIsServed) {
  EXPECT_THAT(Get(server_->address(), "/etc/passwd"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(Get(server_->address(), "/../../../../etc/passwd"), Not(HasSubstr("root:")));
  EXPECT_THAT(Get(server_->address(), "/%2e%2e/%2e%2e/etc/passwd"), Not(HasSubstr("root:")));
}

TEST_F(HttpServerTest, GarbageAndOversizeRequestsAreRefusedAndTheNextOneIsServed) {
  Exchange(server_->address(), "\x16\x03\x01 garbage\r\n\r\n");
  const std::string oversize = Get(server_->address(), absl::StrCat("/", std::string(20'000, 'x')));
  EXPECT_THAT(oversize, Not(HasSubstr(" 200 ")));
  EXPECT_THAT(Get(server_->address(), "/healthz"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, MoreClientsThanThreadsAreAllServed) {
  std::vector<std::thread> clients;
  std::vector<std::string> answers(40);
  for (std::string& answer : answers) {
    clients.emplace_back([this, &answer] { answer = Get(server_->address(), "/metrics"); });
  }
  for (std::thread& client : clients) client.join();
  for (const std::string& answer : answers) EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, APortThatIsTakenIsToldByItsAddress) {
  const auto second = HttpServer::Create(server_->address(), host_, rpc_metrics_);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(server_->address()));
}

TEST_F(HttpServerTest, AfterAStopThePortIsFree) {
  const std::string address = server_->address();
  server_->Stop();
  server_->Stop();
  const auto second = HttpServer::Create(address, host_, rpc_metrics_);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_THAT(Get(address, "/healthz"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, WhatIsNoAddressIsRefusedByName) {
  for (const char* address : {"", "7680", ":7680", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "127.0.0.1:80s",
                              "[::1]:80", "127.0.0.1:80,0.0.0.0:81", "127.0.0.1:+80", "127.0.0.1: 80", "a b:80"}) {
    const auto server = HttpServer::Create(address, host_, rpc_metrics_);
    EXPECT_EQ(server.status().code(), absl::StatusCode::kInvalidArgument) << address;
    EXPECT_THAT(std::string(server.status().message()), StartsWith("http_address: \"")) << address;
  }
}

}  // namespace
}  // namespace memsim
