#include "proto/operations.h"

#include "absl/strings/str_cat.h"

#include "memsim/v1/address_space_service.pb.h"
#include "memsim/v1/call.pb.h"
#include "memsim/v1/execution_service.pb.h"
#include "memsim/v1/file_service.pb.h"
#include "memsim/v1/inspection_service.pb.h"
#include "memsim/v1/machine_service.pb.h"
#include "memsim/v1/page_service.pb.h"
#include "memsim/v1/process_service.pb.h"
#include "memsim/v1/shared_memory_service.pb.h"
#include "memsim/v1/slab_service.pb.h"
#include "memsim/v1/time_service.pb.h"

namespace memsim {
namespace {

const google::protobuf::MethodDescriptor* FindMethod(const google::protobuf::Descriptor* request) {
  for (const auto* service : ApiServices()) {
    for (int i = 0; i < service->method_count(); ++i) {
      if (service->method(i)->input_type() == request) return service->method(i);
    }
  }
  return nullptr;
}

std::vector<Operation> ReadOperations() {
  std::vector<Operation> operations;
  const auto* oneof = v1::Call::descriptor()->FindOneofByName("operation");
  for (int i = 0; i < oneof->field_count(); ++i) {
    const auto* field = oneof->field(i);
    operations.push_back({field, FindMethod(field->message_type())});
  }
  return operations;
}

}  // namespace

std::string Operation::MethodPath() const {
  return absl::StrCat("/", method->service()->full_name(), "/", method->name());
}

const std::vector<Operation>& Operations() {
  static const auto* const kOperations = new std::vector<Operation>(ReadOperations());
  return *kOperations;
}

const Operation* FindOperation(absl::string_view name) {
  for (const Operation& operation : Operations()) {
    if (operation.name() == name) return &operation;
  }
  return nullptr;
}

std::vector<const google::protobuf::ServiceDescriptor*> ApiServices() {
  std::vector<const google::protobuf::ServiceDescriptor*> services;
  for (const google::protobuf::FileDescriptor* file :
       {v1::CreateMachineRequest::descriptor()->file(), v1::ExecuteBatchRequest::descriptor()->file(),
        v1::SpawnRequest::descriptor()->file(), v1::MmapRequest::descriptor()->file(),
        v1::AllocPagesRequest::descriptor()->file(), v1::KmallocRequest::descriptor()->file(),
        v1::MknodRequest::descriptor()->file(), v1::ShmgetRequest::descriptor()->file(),
        v1::FindVmaRequest::descriptor()->file(), v1::AdvanceTimeRequest::descriptor()->file()}) {
    for (int i = 0; i < file->service_count(); ++i) services.push_back(file->service(i));
  }
  return services;
}

}  // namespace memsim
