// The rules of the API's protos that no linter of Debian checks: everything has a comment, every method says who may
// call it.

#ifndef MEMSIM_TESTS_STYLE_API_RULES_H_
#define MEMSIM_TESTS_STYLE_API_RULES_H_

#include <string>
#include <vector>

#include "google/protobuf/compiler/importer.h"

namespace memsim {

// The files, parsed with their comments, and those that they import. What does not parse is a problem of its own.
class ParsedApi {
 public:
  // The files' names are relative to the source tree, which must also hold what they import.
  ParsedApi(google::protobuf::compiler::SourceTree& source_tree, const std::vector<std::string>& files);
  ParsedApi(const ParsedApi&) = delete;
  ParsedApi& operator=(const ParsedApi&) = delete;

  // A line each: "memsim.v1.MmapRequest.length has no comment". In the order of the files.
  std::vector<std::string> Problems() const;

 private:
  class ErrorCollector : public google::protobuf::compiler::MultiFileErrorCollector {
   public:
    void AddError(const std::string& file, int line, int column, const std::string& message) override;
    const std::vector<std::string>& errors() const { return errors_; }

   private:
    std::vector<std::string> errors_;
  };

  ErrorCollector errors_;
  google::protobuf::compiler::Importer importer_;
  std::vector<const google::protobuf::FileDescriptor*> files_;
};

}  // namespace memsim

#endif  // MEMSIM_TESTS_STYLE_API_RULES_H_
