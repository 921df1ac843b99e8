// The comments of the proto files, for programs that explain the API to people: the comment is written once, beside
// what it explains.

#ifndef MEMSIM_PROTO_API_COMMENTS_H_
#define MEMSIM_PROTO_API_COMMENTS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"

namespace memsim {

// The comment before a declaration of memsim.v1, on one line. Empty: there is none.
std::string CommentOf(const google::protobuf::MethodDescriptor& method);
std::string CommentOf(const google::protobuf::FieldDescriptor& field);
std::string CommentOf(const google::protobuf::Descriptor& message);
std::string CommentOf(const google::protobuf::ServiceDescriptor& service);

// "Maps anonymous memory or a file.": up to the first full stop that ends a sentence.
std::string FirstSentence(absl::string_view comment);

}  // namespace memsim

#endif  // MEMSIM_PROTO_API_COMMENTS_H_
