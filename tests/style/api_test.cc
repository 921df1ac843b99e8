#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>

#include "gmock/gmock.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "gtest/gtest.h"

#include "memsim/v1/call.pb.h"
#include "memsim/v1/execution_service.pb.h"
#include "proto/api_comments.h"
#include "proto/call_limits.h"
#include "proto/operations.h"
#include "server/calls/call_frame.h"
#include "server/host/batch_limits.h"
#include "server/kernel/slots.h"
#include "tests/style/api_rules.h"

namespace memsim {
namespace {

using google::protobuf::compiler::DiskSourceTree;
using google::protobuf::compiler::SourceTree;
using google::protobuf::io::ArrayInputStream;
using google::protobuf::io::ZeroCopyInputStream;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Where the protos lie, and those of protobuf itself.
void MapFolders(DiskSourceTree& disk, const std::string& proto_root) {
  disk.MapPath("", proto_root);
  disk.MapPath("", "/usr/include");
}

std::string ProtoRoot() {
  const char* root = std::getenv("MEMSIM_PROTO_ROOT");
  EXPECT_NE(root, nullptr) << "ctest sets MEMSIM_PROTO_ROOT to the folder that holds memsim/v1";
  return root == nullptr ? "" : root;
}

// The files on disk, and one that stands in the test.
class PlantedSourceTree : public SourceTree {
 public:
  explicit PlantedSourceTree(std::string planted) : planted_(std::move(planted)) { MapFolders(disk_, ProtoRoot()); }

  ZeroCopyInputStream* Open(const std::string& name) override {
    if (name != "planted.proto") return disk_.Open(name);
    return new ArrayInputStream(planted_.data(), static_cast<int>(planted_.size()));
  }

 private:
  DiskSourceTree disk_;
  std::string planted_;
};

std::vector<std::string> ProblemsOf(const std::string& body) {
  PlantedSourceTree tree("syntax = \"proto3\";\nimport \"memsim/v1/options.proto\";\n" + body);
  return ParsedApi(tree, {"planted.proto"}).Problems();
}

TEST(ApiStyleTest, EveryElementOfTheApiHasACommentAndEveryMethodItsRole) {
  DiskSourceTree tree;
  MapFolders(tree, ProtoRoot());
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(ProtoRoot() + "/memsim/v1")) {
    if (entry.path().extension() == ".proto") files.push_back("memsim/v1/" + entry.path().filename().string());
  }
  std::sort(files.begin(), files.end());
  ASSERT_GE(files.size(), 10U);
  EXPECT_THAT(ParsedApi(tree, files).Problems(), IsEmpty());
}

// The names of all methods that take the message, of those that the server serves.
std::vector<std::string> MethodsThatTake(const google::protobuf::Descriptor* request) {
  std::vector<std::string> names;
  for (const auto* service : ApiServices()) {
    for (int i = 0; i < service->method_count(); ++i) {
      if (service->method(i)->input_type() == request) names.push_back(service->method(i)->full_name());
    }
  }
  return names;
}

TEST(ApiStyleTest, EveryOperationHasExactlyOneMethodAndThatIsUnary) {
  ASSERT_THAT(Operations(), testing::Not(IsEmpty()));
  for (const Operation& operation : Operations()) {
    ASSERT_NE(operation.method, nullptr) << operation.name() << ": no service has a method that takes its request";
    EXPECT_THAT(MethodsThatTake(operation.field->message_type()), ElementsAre(operation.method->full_name()));
    EXPECT_FALSE(operation.method->client_streaming() || operation.method->server_streaming()) << operation.name();
  }
}

TEST(ApiStyleTest, TheLimitsThatClientsKnowAreTheServersAndThoseOfTheComments) {
  EXPECT_EQ(kMaxSlot, Slots::kMaxSlot);
  EXPECT_THAT(CommentOf(*v1::Call::descriptor()->FindFieldByName("store_as")), HasSubstr("1 to 65535"));
  EXPECT_EQ(kMaxTransferBytes, CallFrame::kMaxTransferBytes);
  EXPECT_THAT(CommentOf(*v1::StoreRequest::descriptor()->FindFieldByName("data")), HasSubstr("at most 16384"));
  EXPECT_EQ(kMaxBatchCalls, BatchLimits().calls);
  EXPECT_THAT(CommentOf(*v1::ExecuteBatchRequest::descriptor()->FindFieldByName("calls")),
              HasSubstr("At most 10,000 calls"));
}

TEST(ApiStyleTest, AMessageAndAFieldWithoutCommentAreFound) {
  EXPECT_THAT(ProblemsOf("// Has one.\nmessage Good {\n  // Has one.\n  int32 field = 1;\n}\n"), IsEmpty());
  EXPECT_THAT(ProblemsOf("message Bad {\n  // Has one.\n  int32 field = 1;\n}\n"), ElementsAre("Bad has no comment"));
  EXPECT_THAT(ProblemsOf("// Has one.\nmessage Bad {\n\n  int32 field = 1;\n}\n"),
              ElementsAre("Bad.field has no comment"));
}

TEST(ApiStyleTest, AnEnumValueWithoutCommentIsFound) {
  EXPECT_THAT(ProblemsOf("// Has one.\nenum Bad {\n\n  ZERO = 0;\n}\n"), ElementsAre("ZERO has no comment"));
}

TEST(ApiStyleTest, AMethodWithoutRoleIsFound) {
  const std::string message =
      "// Has one.\nmessage M {}\n// Has one.\nservice S {\n  // Has one.\n  rpc R(M) returns (M)";
  EXPECT_THAT(ProblemsOf(message + " {\n    option (memsim.v1.required_role) = ROLE_OWNER;\n  }\n}\n"), IsEmpty());
  EXPECT_THAT(ProblemsOf(message + ";\n}\n"), ElementsAre("S.R declares no required_role"));
}

TEST(ApiStyleTest, AFileThatDoesNotParseIsFound) {
  EXPECT_THAT(ProblemsOf("message {"), testing::Contains(HasSubstr("planted.proto:3")));
}

}  // namespace
}  // namespace memsim
