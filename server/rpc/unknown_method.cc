#include "server/rpc/unknown_method.h"

#include <string>

#include "absl/strings/str_cat.h"

#include "server/base/quoted.h"
#include "server/calls/misuse.h"

namespace memsim {
namespace {

class Refusal final : public grpc::ServerGenericBidiReactor {
 public:
  Refusal(const ApiMethod& method, const std::string& path) : scope_(method) {
    Finish(scope_.End(MisuseStatus(
        v1::ERROR_REASON_METHOD_UNKNOWN,
        absl::StrCat("this server has no method ", Quoted(path), "; reflection lists those that it has"))));
  }

  void OnDone() override { delete this; }

 private:
  RpcScope scope_;
};

}  // namespace

UnknownMethodService::UnknownMethodService(Host& host, Admission& admission, RpcMetrics& metrics) {
  // Shared by all paths that nobody told the metrics of.
  method_.path = "unknown";
  method_.metrics = &metrics.method(method_.path);
  method_.host = &host;
  method_.admission = &admission;
}

grpc::ServerGenericBidiReactor* UnknownMethodService::CreateReactor(grpc::GenericCallbackServerContext* context) {
  return new Refusal(method_, context->method());
}

}  // namespace memsim
