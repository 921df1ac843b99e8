#include "client/cli/local_server.h"

#include <utility>

#include "server/rpc/server.h"

namespace memsim::cli {
namespace {

class InProcessServer : public LocalServer {
 public:
  explicit InProcessServer(std::unique_ptr<Server> server) : server_(std::move(server)) {}
  std::shared_ptr<grpc::Channel> Channel() override { return server_->InProcessChannel(); }

 private:
  const std::unique_ptr<Server> server_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<LocalServer>> StartLocalServer() {
  absl::StatusOr<std::unique_ptr<Server>> server = Server::Create({});
  if (!server.ok()) return server.status();
  return std::make_unique<InProcessServer>(*std::move(server));
}

}  // namespace memsim::cli
