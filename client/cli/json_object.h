// A JSON object that is no message of the API, with its fields in the order in which they were added.

#ifndef MEMSIM_CLIENT_CLI_JSON_OBJECT_H_
#define MEMSIM_CLIENT_CLI_JSON_OBJECT_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

#include "client/library/json_text.h"

namespace memsim::cli {

class JsonObject {
 public:
  JsonObject& Add(absl::string_view name, absl::string_view text) { return AddValue(name, client::JsonString(text)); }
  // As a string, which is how protobuf writes 64 bits: JSON's own numbers are exact to 53 bits only.
  JsonObject& AddNumber(absl::string_view name, std::uint64_t number) { return Add(name, absl::StrCat(number)); }
  // As a number, for what stays far below 2^53.
  JsonObject& AddCount(absl::string_view name, std::size_t count) { return AddValue(name, absl::StrCat(count)); }
  // Those of another object, from its text.
  // REQUIRES: it has fields.
  JsonObject& AddFieldsOf(absl::string_view object) {
    absl::StrAppend(&fields_, fields_.empty() ? "" : ",", object.substr(1, object.size() - 2));
    return *this;
  }
  JsonObject& AddObject(absl::string_view name, const JsonObject& object) { return AddValue(name, object.ToString()); }

  std::string ToString() const { return absl::StrCat("{", fields_, "}"); }

 private:
  JsonObject& AddValue(absl::string_view name, absl::string_view value) {
    absl::StrAppend(&fields_, fields_.empty() ? "" : ",", client::JsonString(name), ":", value);
    return *this;
  }

  std::string fields_;
};

}  // namespace memsim::cli

#endif  // MEMSIM_CLIENT_CLI_JSON_OBJECT_H_
