// A whole server without a port, and the plainest of clients: it sends what it is told, bytes included.

#ifndef MEMSIM_TESTS_SERVICE_SERVER_TEST_FIXTURE_H_
#define MEMSIM_TESTS_SERVICE_SERVER_TEST_FIXTURE_H_

#include <chrono>
#include <map>
#include <memory>
#include <ostream>
#include <string>

#include "gmock/gmock.h"
#include "google/protobuf/message.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/status.h"
#include "gtest/gtest.h"

#include "memsim/v1/error_reason.pb.h"
#include "memsim/v1/execution_service.grpc.pb.h"
#include "memsim/v1/machine_service.grpc.pb.h"
#include "server/host/host.h"
#include "server/rpc/server.h"
#include "tests/unit/host/held_machine.h"

namespace memsim {

// An RPC's end, as a client sees it.
struct RpcEnd {
  grpc::StatusCode code = grpc::StatusCode::OK;
  std::string message;
  // Of the only ErrorInfo; empty if there is none.
  std::string reason;
  std::string domain;
  std::map<std::string, std::string> metadata;

  bool ok() const { return code == grpc::StatusCode::OK; }
};

RpcEnd ReadEnd(const grpc::Status& status);
std::ostream& operator<<(std::ostream& out, const RpcEnd& end);

// The reason with the code that error_reason.proto gives it, and words that contain the text.
testing::Matcher<const RpcEnd&> IsMisuse(v1::ErrorReason reason, const std::string& words);

grpc::ByteBuffer Bytes(const std::string& text);

// Longer than any test needs.
inline std::chrono::system_clock::time_point SoonOnTheWall() {
  return std::chrono::system_clock::now() + std::chrono::seconds(30);
}

class ServerTest : public testing::Test {
 protected:
  void StartServer(const ServerOptions& options = {});
  // Starts a server at a socket of its own, and has channel() lead there. The in-process transport of gRPC 1.51 drops a
  // status that nobody waits for when the server ends, and blocks a writer for ever when the server ends the stream
  // under it: what tests that needs a socket.
  void StartServerAtSocket(ServerOptions options = {});
  void DestroyServer() { server_ = nullptr; }
  Server& server();
  std::shared_ptr<grpc::Channel> channel();

  // One unary RPC, by its path ("/memsim.v1.MachineService/GetMachine").
  RpcEnd CallBytes(const std::string& path, const std::string& request, grpc::ByteBuffer* response = nullptr,
                   grpc::ClientContext* context = nullptr);
  RpcEnd Call(const std::string& path, const google::protobuf::Message& request,
              google::protobuf::Message* response = nullptr, grpc::ClientContext* context = nullptr);

  // --- Shorthands.
  v1::Machine CreateMachine(const std::string& id, std::uint64_t seed = 0);
  // With digests, and as the machine itself says between two calls.
  v1::Machine GetMachine(const std::string& name, v1::MachineView view = v1::MACHINE_VIEW_WITH_DIGESTS);
  RpcEnd ExecuteBatch(const v1::ExecuteBatchRequest& request, v1::ExecuteBatchResponse* response = nullptr);
  // Some call that succeeds, on some machine: the server goes on.
  void ExpectServes(const std::string& machine);

  std::unique_ptr<v1::MachineService::Stub> machines() { return v1::MachineService::NewStub(channel()); }
  std::unique_ptr<v1::ExecutionService::Stub> execution() { return v1::ExecutionService::NewStub(channel()); }

 private:
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

inline constexpr char kMachineService[] = "/memsim.v1.MachineService/";
inline constexpr char kExecuteBatchPath[] = "/memsim.v1.ExecutionService/ExecuteBatch";
inline constexpr char kBrkPath[] = "/memsim.v1.AddressSpaceService/Brk";

// Where init's break is.
v1::BrkRequest BrkOf(const std::string& machine);
v1::ExecuteBatchRequest BrkBatch(const std::string& machine, int calls);

}  // namespace memsim

#endif  // MEMSIM_TESTS_SERVICE_SERVER_TEST_FIXTURE_H_
