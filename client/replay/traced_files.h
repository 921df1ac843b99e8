// The files that a trace names, and which of them the machine has.

#ifndef MEMSIM_CLIENT_REPLAY_TRACED_FILES_H_
#define MEMSIM_CLIENT_REPLAY_TRACED_FILES_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "absl/strings/string_view.h"

#include "client/replay/trace.h"
#include "memsim/v1/file_service.pb.h"

namespace memsim::replay {

class TracedFiles {
 public:
  // Reads the trace once for what it tells of files: which are directories, and how far those of unknown size are
  // mapped.
  explicit TracedFiles(const Trace& trace);

  // What stands between <> as the path of a file of the machine: pipe:[1] becomes /pipe:[1]. Paths of the machine are
  // UTF-8.
  static std::string MachinePath(absl::string_view path);
  // The path without . and .. and doubled slashes; a relative one starts from directory.
  static std::string Resolve(absl::string_view directory, absl::string_view path);

  // Whether a directory argument is AT_FDCWD.
  static bool IsWorkingDirectory(const TraceValue& argument);
  // The flags of an open, openat or openat2. nullopt: they are missing or no number.
  static std::optional<std::uint64_t> OpenFlags(const TraceLine& line);

  // What a file of this name is.
  v1::FileKind KindOf(const std::string& path) const;
  // The size that a file of which no @file tells must have at least, because it is mapped so far.
  std::uint64_t LeastSize(const std::string& path) const;

  // Whether the machine has the file.
  bool Has(const std::string& path) const { return present_.count(path) != 0; }
  void Add(const std::string& path) { present_.insert(path); }
  void Remove(const std::string& path) { present_.erase(path); }
  void Rename(const std::string& old_path, const std::string& new_path);

 private:
  void NoteDirectories(const TraceLine& line);
  void NoteMapping(const TraceLine& line);

  std::set<std::string> present_;
  std::set<std::string> directories_;
  std::map<std::string, std::uint64_t> mapped_up_to_;
};

}  // namespace memsim::replay

#endif  // MEMSIM_CLIENT_REPLAY_TRACED_FILES_H_
