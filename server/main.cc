// memsimd: simulated machines behind gRPC.

#include <sys/resource.h>

#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

#include "server/http/http_server.h"
#include "server/rpc/server.h"
#include "server/server_flags.h"
#include "server/termination_signal.h"

namespace {

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "memsimd: %s\n", std::string(status.message()).c_str());
  return 1;
}

// As many files as the host allows. gRPC's listener never accepts again once it has had none left for a connection.
void RaiseOpenFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// Debian's Abseil looks for cycles in the order of locks whenever one is taken, which is for finding errors in tests:
// of a unary call it is a twentieth, as gRPC's locks are Abseil's.
void StopSearchForLockCycles() { absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore); }

}  // namespace

int main(int argc, char** argv) {
  const absl::StatusOr<memsim::ServerFlags> flags = memsim::ReadServerFlags(argc, argv);
  if (!flags.ok()) return Fail(flags.status());
  RaiseOpenFileLimit();
  StopSearchForLockCycles();
  memsim::TerminationSignal termination;
  absl::StatusOr<std::unique_ptr<memsim::Server>> server = memsim::Server::Create(flags->server);
  if (!server.ok()) return Fail(server.status());

  std::unique_ptr<memsim::HttpServer> http;
  if (!flags->http_address.empty()) {
    auto created = memsim::HttpServer::Create(flags->http_address, (*server)->host(), (*server)->rpc_metrics());
    if (!created.ok()) return Fail(created.status());
    http = *std::move(created);
  }

  // For whoever started it, and reads where it listens and that it does.
  std::printf("memsimd: gRPC at %s\n", (*server)->address().c_str());
  if (http != nullptr) std::printf("memsimd: HTTP at %s\n", http->address().c_str());
  std::fflush(stdout);
  termination.Wait();
  std::printf("memsimd: shutting down\n");
  std::fflush(stdout);
  if (!(*server)->Drain(flags->drain_timeout)) {
    std::fprintf(stderr, "memsimd: not everything ended in time; what was left was ended with SERVER_DRAINING\n");
  }
  return 0;
}
