#include "client/record/recorder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

#include "client/record/child.h"
#include "client/record/directories.h"
#include "client/record/execve_line.h"
#include "client/record/pid_numbers.h"
#include "client/record/program_image.h"
#include "client/record/strace_log.h"
#include "client/record/strace_run.h"
#include "client/record/trace_header.h"
#include "client/replay/trace_text.h"

namespace memsim::record {
namespace {

constexpr char kSearchPath[] = "/usr/bin:/bin";

// A folder for strace's log, which goes with it.
class TemporaryFolder {
 public:
  static absl::StatusOr<std::unique_ptr<TemporaryFolder>> Create() {
    const char* const base = std::getenv("TMPDIR");
    std::string path = absl::StrCat(base == nullptr || *base == 0 ? "/tmp" : base, "/memsim_record.XXXXXX");
    if (mkdtemp(path.data()) == nullptr) return absl::ErrnoToStatus(errno, path);
    return std::unique_ptr<TemporaryFolder>(new TemporaryFolder(std::move(path)));
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string File(absl::string_view name) const { return absl::StrCat(path_, "/", name); }

 private:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}

  std::string path_;
};

std::string CurrentDirectory() {
  char directory[PATH_MAX] = {};
  return getcwd(directory, sizeof directory) == nullptr ? "/" : directory;
}

// The file that "openat(AT_FDCWD</tmp>, "x", O_RDONLY) = 3</tmp/x>" opened. Empty: none.
std::string OpenedFile(absl::string_view call) {
  const absl::string_view name = CallName(call);
  if (name != "open" && name != "openat" && name != "openat2" && name != "creat") return "";
  const std::size_t begin = call.rfind(" = ");
  if (begin == absl::string_view::npos || !absl::EndsWith(call, ">")) return "";
  const std::size_t file = call.find('<', begin);
  if (file == absl::string_view::npos) return "";
  return replay::DecodeString(call.substr(file + 1, call.size() - file - 2));
}

// Rows of /proc/PID/maps without device and inode, as one call that strace might have printed.
std::string ImageLine(const std::string& path, const std::vector<std::string>& maps) {
  std::string line = absl::StrCat("@image(\"", path, "\"");
  for (const std::string& row : maps) {
    const std::vector<std::string> fields = absl::StrSplit(row, absl::MaxSplits(absl::ByAnyChar(" "), 5));
    if (fields.size() < 5) continue;
    const absl::string_view name = fields.size() == 6 ? absl::StripAsciiWhitespace(fields[5]) : "";
    absl::StrAppend(&line, ", \"", fields[0], " ", fields[1], " ", fields[2], name.empty() ? "" : " ", name, "\"");
  }
  return absl::StrCat(line, ") = 0");
}

// Turns a log into a trace.
class TraceMaker {
 public:
  TraceMaker(const std::vector<LogLine>& lines, Program first)
      : lines_(lines), numbers_(lines), first_(std::move(first)) {}

  void Make() {
    Directories directories(first_.directory);
    for (const LogLine& line : lines_) {
      Add(line.pid, numbers_.Rewrite(ShortLine(line.text)));
      directories.Follow(line);
      files_.insert(OpenedFile(line.call));
      if (std::optional<Program> program = SucceededExecve(line.call); program.has_value()) {
        program->directory = directories.Of(line.pid);
        AddImage(line.pid, *std::move(program));
      }
    }
  }

  // The lines of files that were there at the time, and that nobody has changed since.
  std::vector<std::string> FileLines(const timespec& started) const {
    std::vector<std::string> lines;
    for (const std::string& path : files_) {
      struct stat found = {};
      if (path.empty() || absl::StartsWith(path, "/proc/") || absl::StartsWith(path, "/sys/")) continue;
      if (stat(path.c_str(), &found) != 0 || !S_ISREG(found.st_mode)) continue;
      const bool changed = found.st_mtim.tv_sec != started.tv_sec ? found.st_mtim.tv_sec > started.tv_sec
                                                                  : found.st_mtim.tv_nsec >= started.tv_nsec;
      if (changed) continue;
      lines.push_back(absl::StrCat(PidNumbers::kFirst, " @file(\"", path, "\", ", found.st_size, ") = 0"));
    }
    return lines;
  }

  const std::vector<std::string>& trace() const { return trace_; }
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  void Add(std::uint64_t pid, absl::string_view text) { trace_.push_back(absl::StrCat(numbers_.Of(pid), " ", text)); }

  void AddImage(std::uint64_t pid, Program program) {
    const bool is_absolute = absl::StartsWith(program.path, "/");
    if (!is_absolute) program.path = absl::StrCat(program.directory, "/", program.path);
    program.path = absl::StrReplaceAll(program.path, {{"/./", "/"}});
    // An old strace does not tell the environment of children.
    if (program.environment.empty()) program.environment = first_.environment;
    const std::vector<std::string>* const maps = Image(program);
    if (maps == nullptr) return;
    Add(pid, ImageLine(program.path, *maps));
    for (const std::string& row : *maps) {
      if (const std::size_t slash = row.find('/'); slash != std::string::npos) files_.insert(row.substr(slash));
    }
  }

  // Null: it cannot be started again, and a note says so. The same start has the same image.
  const std::vector<std::string>* Image(const Program& program) {
    const std::string key =
        absl::StrCat(program.path, "\n", program.directory, "\n", absl::StrJoin(program.arguments, "\n"), "\n\n",
                     absl::StrJoin(program.environment, "\n"));
    const auto [place, is_new] = images_.try_emplace(key);
    if (is_new) {
      absl::StatusOr<std::vector<std::string>> maps = ImageOf(program);
      if (maps.ok()) {
        place->second = *std::move(maps);
      } else {
        notes_.push_back(absl::StrCat(program.path, " cannot be started again to look at its mappings (",
                                      maps.status().message(),
                                      "); the trace has no @image of it, and memsim replay will guess"));
      }
    }
    return place->second.empty() ? nullptr : &place->second;
  }

  const std::vector<LogLine>& lines_;
  const PidNumbers numbers_;
  const Program first_;
  std::map<std::string, std::vector<std::string>> images_;
  std::set<std::string> files_;
  std::vector<std::string> trace_;
  std::vector<std::string> notes_;
};

absl::Status WriteLines(const std::vector<std::string>& lines, std::ostream& out) {
  for (const std::string& line : lines) out << line << "\n";
  return out ? absl::OkStatus() : absl::UnavailableError("the trace cannot be written: is the disk full?");
}

}  // namespace

absl::StatusOr<Recording> Record(const std::vector<std::string>& command, const std::string& trace) {
  const char* const path = std::getenv("PATH");
  const std::optional<std::string> file = FindProgram(command[0], path == nullptr ? kSearchPath : path);
  if (!file.has_value()) return absl::NotFoundError(absl::StrCat("there is no program ", command[0]));
  const std::filesystem::path folder = std::filesystem::absolute(trace).parent_path();
  if (!std::filesystem::is_directory(folder)) {
    return absl::NotFoundError(absl::StrCat("there is no folder ", folder.string(), " for the trace; make it first"));
  }
  Program program{*file, command, {"HOME=/", "LANG=C.UTF-8", absl::StrCat("PATH=", kSearchPath)}, CurrentDirectory()};
  program.arguments[0] = *file;

  const auto temporary = TemporaryFolder::Create();
  if (!temporary.ok()) return temporary.status();
  timespec started = {};
  // The clock of files' times.
  clock_gettime(CLOCK_REALTIME_COARSE, &started);
  const std::string log_path = (*temporary)->File("log");
  if (const absl::Status run = RunUnderStrace(program, log_path); !run.ok()) return run;
  std::ifstream log(log_path);
  const std::vector<LogLine> lines = ReadStraceLog(log);
  TraceMaker maker(lines, program);
  maker.Make();

  std::ofstream out(trace);
  if (!out) return absl::FailedPreconditionError(absl::StrCat(trace, " cannot be written: ", std::strerror(errno)));
  for (const std::vector<std::string>& part : {TraceHeader(), maker.FileLines(started), maker.trace()}) {
    if (const absl::Status written = WriteLines(part, out); !written.ok()) return written;
  }
  out.flush();
  if (!out) return absl::UnavailableError(absl::StrCat(trace, " cannot be written: is the disk full?"));
  return Recording{*file, lines.size(), maker.notes()};
}

}  // namespace memsim::record
