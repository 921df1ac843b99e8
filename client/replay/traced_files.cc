#include "client/replay/traced_files.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

#include "client/library/json_text.h"

namespace memsim::replay {
namespace {

// A sum that is larger is an offset made to fail, and no file of that size could be.
constexpr std::uint64_t kLargestGuess = std::uint64_t{1} << 40;

// AT_FDCWD.
constexpr std::int32_t kWorkingDirectory = -100;
// open(2)'s O_DIRECTORY; O_TMPFILE has its bit too, and makes no directory.
constexpr std::uint64_t kDirectory = 0200000;
constexpr std::uint64_t kTemporaryFile = 020200000;

}  // namespace

TracedFiles::TracedFiles(const Trace& trace) {
  for (const TraceEvent& event : trace.events) {
    if (event.line.kind != TraceLine::Kind::kCall) continue;
    NoteDirectories(event.line);
    NoteMapping(event.line);
  }
}

bool TracedFiles::IsWorkingDirectory(const TraceValue& argument) {
  const std::optional<std::uint64_t> number = argument.Number();
  return number.has_value() && static_cast<std::int32_t>(*number) == kWorkingDirectory;
}

std::optional<std::uint64_t> TracedFiles::OpenFlags(const TraceLine& line) {
  const std::size_t index = line.name == "open" ? 1 : 2;
  if (line.arguments.size() <= index) return std::nullopt;
  // openat2 has them in a structure.
  const TraceValue* flags = line.arguments[index].Find("flags");
  return (flags != nullptr ? *flags : line.arguments[index]).Number();
}

void TracedFiles::NoteDirectories(const TraceLine& line) {
  for (const TraceValue& argument : line.arguments) {
    if (argument.kind == TraceValue::Kind::kDescriptor && IsWorkingDirectory(argument)) {
      directories_.insert(MachinePath(argument.path));
    }
  }
  if (line.result.path.empty() || !absl::StartsWith(line.name, "open")) return;
  const std::uint64_t flags = OpenFlags(line).value_or(0);
  if ((flags & kTemporaryFile) == kDirectory) directories_.insert(MachinePath(line.result.path));
}

void TracedFiles::NoteMapping(const TraceLine& line) {
  if (line.name != "mmap" || line.arguments.size() != 6 || line.arguments[4].path.empty()) return;
  const std::optional<std::uint64_t> length = line.arguments[1].Number();
  const std::optional<std::uint64_t> offset = line.arguments[5].Number();
  if (!length.has_value() || !offset.has_value() || *length > kLargestGuess || *offset > kLargestGuess) return;
  std::uint64_t& up_to = mapped_up_to_[MachinePath(line.arguments[4].path)];
  up_to = std::max(up_to, *length + *offset);
}

std::string TracedFiles::MachinePath(absl::string_view path) {
  const std::string name = client::SpellOutBytes(path);
  return absl::StartsWith(name, "/") ? name : absl::StrCat("/", name);
}

std::string TracedFiles::Resolve(absl::string_view directory, absl::string_view path) {
  const std::string whole = absl::StartsWith(path, "/") ? std::string(path) : absl::StrCat(directory, "/", path);
  std::vector<absl::string_view> parts;
  for (const absl::string_view part : absl::StrSplit(whole, '/', absl::SkipEmpty())) {
    if (part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (!parts.empty()) {
      parts.pop_back();
    }
  }
  return client::SpellOutBytes(absl::StrCat("/", absl::StrJoin(parts, "/")));
}

v1::FileKind TracedFiles::KindOf(const std::string& path) const {
  if (directories_.count(path) != 0) return v1::FILE_KIND_DIRECTORY;
  if (path == "/dev/zero") return v1::FILE_KIND_ZERO_DEVICE;
  if (absl::StartsWith(path, "/dev/shm/") || absl::StartsWith(path, "/memfd:")) return v1::FILE_KIND_TMPFS;
  if (absl::StartsWith(path, "/dev/")) return v1::FILE_KIND_DEVICE;
  if (absl::StartsWith(path, "/proc/") || absl::StartsWith(path, "/sys/")) return v1::FILE_KIND_PROC;
  for (const absl::string_view prefix : {"/pipe:[", "/socket:[", "/anon_inode:", "/TCP", "/UDP", "/UNIX", "/NETLINK"}) {
    if (absl::StartsWith(path, prefix)) return v1::FILE_KIND_PIPE;
  }
  return v1::FILE_KIND_REGULAR;
}

std::uint64_t TracedFiles::LeastSize(const std::string& path) const {
  const auto found = mapped_up_to_.find(path);
  return found == mapped_up_to_.end() ? 0 : found->second;
}

void TracedFiles::Rename(const std::string& old_path, const std::string& new_path) {
  Remove(old_path);
  Add(new_path);
}

}  // namespace memsim::replay
