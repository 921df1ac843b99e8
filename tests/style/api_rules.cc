#include "tests/style/api_rules.h"

#include "memsim/v1/options.pb.h"

namespace memsim {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;
using google::protobuf::SourceLocation;

using Problems = std::vector<std::string>;

template <typename Element>
void CheckComment(const Element& element, Problems& problems) {
  SourceLocation location;
  const bool located = element.GetSourceLocation(&location);
  if (!located || (location.leading_comments.empty() && location.trailing_comments.empty())) {
    problems.push_back(element.full_name() + " has no comment");
  }
}

void CheckEnum(const EnumDescriptor& type, Problems& problems) {
  CheckComment(type, problems);
  for (int i = 0; i < type.value_count(); ++i) CheckComment(*type.value(i), problems);
}

void CheckMessage(const Descriptor& message, Problems& problems) {
  CheckComment(message, problems);
  for (int i = 0; i < message.field_count(); ++i) CheckComment(*message.field(i), problems);
  for (int i = 0; i < message.real_oneof_decl_count(); ++i) CheckComment(*message.oneof_decl(i), problems);
  for (int i = 0; i < message.enum_type_count(); ++i) CheckEnum(*message.enum_type(i), problems);
  for (int i = 0; i < message.nested_type_count(); ++i) {
    const Descriptor& nested = *message.nested_type(i);
    if (!nested.options().map_entry()) CheckMessage(nested, problems);
  }
}

void CheckMethod(const MethodDescriptor& method, Problems& problems) {
  CheckComment(method, problems);
  if (method.options().GetExtension(v1::required_role) == v1::ROLE_UNSPECIFIED) {
    problems.push_back(method.full_name() + " declares no required_role");
  }
}

void CheckFile(const FileDescriptor& file, Problems& problems) {
  for (int i = 0; i < file.message_type_count(); ++i) CheckMessage(*file.message_type(i), problems);
  for (int i = 0; i < file.enum_type_count(); ++i) CheckEnum(*file.enum_type(i), problems);
  for (int i = 0; i < file.extension_count(); ++i) CheckComment(*file.extension(i), problems);
  for (int i = 0; i < file.service_count(); ++i) {
    const ServiceDescriptor& service = *file.service(i);
    CheckComment(service, problems);
    for (int j = 0; j < service.method_count(); ++j) CheckMethod(*service.method(j), problems);
  }
}

}  // namespace

void ParsedApi::ErrorCollector::AddError(const std::string& file, int line, int /*column*/,
                                         const std::string& message) {
  errors_.push_back(file + ":" + std::to_string(line + 1) + ": " + message);
}

ParsedApi::ParsedApi(google::protobuf::compiler::SourceTree& source_tree, const std::vector<std::string>& files)
    : importer_(&source_tree, &errors_) {
  for (const std::string& name : files) {
    if (const FileDescriptor* file = importer_.Import(name)) files_.push_back(file);
  }
}

std::vector<std::string> ParsedApi::Problems() const {
  std::vector<std::string> problems = errors_.errors();
  for (const FileDescriptor* file : files_) CheckFile(*file, problems);
  return problems;
}

}  // namespace memsim
