// memsimd: simulated machines behind gRPC.

#include <cstdio>
#include <memory>

#include "absl/status/statusor.h"

#include "server/rpc/server.h"
#include "server/server_flags.h"
#include "server/termination_signal.h"

namespace {

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "memsimd: %s\n", std::string(status.message()).c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const absl::StatusOr<memsim::ServerFlags> flags = memsim::ReadServerFlags(argc, argv);
  if (!flags.ok()) return Fail(flags.status());
  memsim::TerminationSignal termination;
  const absl::StatusOr<std::unique_ptr<memsim::Server>> server = memsim::Server::Create(flags->server);
  if (!server.ok()) return Fail(server.status());

  // For whoever started it, and reads where it listens and that it does.
  std::printf("memsimd: gRPC at %s\n", (*server)->address().c_str());
  std::fflush(stdout);
  termination.Wait();
  std::printf("memsimd: shutting down\n");
  (*server)->Drain(flags->drain_timeout);
  return 0;
}
