// The operations of a machine, read from the Call descriptor: what the unary methods, the CLI's subcommands and the
// tests that none is missing are derived from.

#ifndef MEMSIM_PROTO_OPERATIONS_H_
#define MEMSIM_PROTO_OPERATIONS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"

namespace memsim {

struct Operation {
  // The field of Call's oneof: its name ("kmem_cache_alloc") is the operation's, its message type the request's.
  const google::protobuf::FieldDescriptor* field;
  // The unary method that takes the same request. Null if a service forgot it, which a test reports.
  const google::protobuf::MethodDescriptor* method;

  const std::string& name() const { return field->name(); }
  // "/memsim.v1.AddressSpaceService/Mmap".
  std::string MethodPath() const;
};

// In the order of the Call message.
const std::vector<Operation>& Operations();

// By the field's name; null if there is none.
const Operation* FindOperation(absl::string_view name);

// Every service of the API, for whoever serves or lists them.
std::vector<const google::protobuf::ServiceDescriptor*> ApiServices();

}  // namespace memsim

#endif  // MEMSIM_PROTO_OPERATIONS_H_
