// The whole server but its HTTP side and its main: a host of machines behind gRPC, with health checking and reflection.

#ifndef MEMSIM_SERVER_RPC_SERVER_H_
#define MEMSIM_SERVER_RPC_SERVER_H_

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

#include "memsim/v1/options.pb.h"
#include "server/host/host_options.h"

namespace grpc {
class Channel;
}  // namespace grpc

namespace memsim {

class Host;
class RpcMetrics;

struct ServerOptions {
  // "HOST:PORT" (port 0: any that is free), "unix:PATH", or empty: only in-process channels.
  std::string grpc_address;
  HostOptions host;
  // What a caller may do who has no token, which is everybody until there are tokens.
  v1::Role anonymous_role = v1::ROLE_OWNER;
  // A message's bytes. Above the limit of a batch, so that a batch that is too large gets a reason and not gRPC's own
  // words; twice suffices for whoever is near it, and bounds what a caller can make the server hold.
  int max_receive_bytes = 8 << 20;
  // Memory for messages that gRPC reads, writes or keeps for us; beyond it gRPC ends connections. A hundred messages of
  // the largest kind at once, or the small ones of tens of thousands of callers.
  std::size_t max_transport_bytes = 1U << 30;
  // RPCs at once of one connection; more wait in the client. A load generator's 64 threads are far below, and one
  // client cannot take all memory.
  int max_concurrent_streams = 1024;
};

// Thread-safe.
class Server {
 public:
  // Serves when it returns. INVALID_ARGUMENT for an address that is none; UNAVAILABLE for one that another server has.
  static absl::StatusOr<std::unique_ptr<Server>> Create(const ServerOptions& options);
  // Drains at once.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Where it listens, with the port that was chosen.
  const std::string& address() const;
  Host& host();
  const RpcMetrics& rpc_metrics() const;
  // A channel to this server without a port. No call may begin on it after Drain or the server's end: gRPC 1.51 crashes
  // then.
  std::shared_ptr<grpc::Channel> InProcessChannel();

  // Shuts down with grace: health says NOT_SERVING, new calls get SERVER_DRAINING, what was accepted is executed and
  // answered, and streams end with SERVER_DRAINING. What has not ended after the timeout ends with SERVER_DRAINING too;
  // only a call that has begun is waited for. False: that happened. A second call returns true at once.
  bool Drain(std::chrono::nanoseconds timeout);

 private:
  class State;

  explicit Server(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_RPC_SERVER_H_
