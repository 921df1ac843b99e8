// A client that knows nothing can ask the server for everything.

#include <set>
#include <string>

#include "google/protobuf/descriptor.pb.h"

#include "proto/operations.h"
#include "tests/service/server_test_fixture.h"

namespace memsim {
namespace {

using ByteStream = grpc::ClientReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>;

// grpc.reflection.v1alpha, by hand: Debian has no generated code for it.
class ReflectionTest : public ServerTest {
 protected:
  // The response to one request whose only field is number with the text.
  std::string Ask(char number, const std::string& text) {
    grpc::ClientContext context;
    context.set_deadline(SoonOnTheWall());
    const grpc::internal::RpcMethod method("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                                           grpc::internal::RpcMethod::BIDI_STREAMING);
    const std::unique_ptr<ByteStream> stream(
        grpc::internal::ClientReaderWriterFactory<grpc::ByteBuffer, grpc::ByteBuffer>::Create(channel().get(), method,
                                                                                              &context));
    const char tag = static_cast<char>(number << 3 | 2);
    EXPECT_TRUE(stream->Write(Bytes(std::string(1, tag) + static_cast<char>(text.size()) + text)));
    grpc::ByteBuffer response;
    EXPECT_TRUE(stream->Read(&response));
    stream->WritesDone();
    EXPECT_TRUE(stream->Finish().ok());
    grpc::Slice slice;
    EXPECT_TRUE(response.DumpToSingleSlice(&slice).ok());
    return std::string(slice.begin(), slice.end());
  }
};

TEST_F(ReflectionTest, EveryServiceIsListed) {
  constexpr char kListServices = 7;
  const std::string services = Ask(kListServices, "*");
  for (const auto* service : ApiServices()) EXPECT_THAT(services, testing::HasSubstr(service->full_name()));
}

TEST_F(ReflectionTest, EveryServiceIsDescribed) {
  constexpr char kFileContainingSymbol = 4;
  for (const auto* service : ApiServices()) {
    const std::string file = Ask(kFileContainingSymbol, service->full_name());
    for (int i = 0; i < service->method_count(); ++i) EXPECT_THAT(file, testing::HasSubstr(service->method(i)->name()));
  }
}

}  // namespace
}  // namespace memsim
