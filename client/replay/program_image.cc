#include "client/replay/program_image.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

#include "client/library/json_text.h"
#include "client/replay/page_size.h"
#include "client/replay/traced_files.h"

namespace memsim::replay {
namespace {

constexpr std::uint64_t kProtRead = 1;
constexpr std::uint64_t kProtWrite = 2;
constexpr std::uint64_t kProtExec = 4;
constexpr std::uint64_t kMapShared = 1;
constexpr std::uint64_t kMapPrivate = 2;
// Where x86-64 Linux puts things when addresses are not random.
constexpr std::uint64_t kPieBase = 0x555555554000;
constexpr std::uint64_t kFixedBase = 0x400000;
constexpr std::uint64_t kMmapBase = 0x7ffff7fff000;
constexpr std::uint64_t kStackTop = 0x7ffffffff000;
constexpr std::uint64_t kStackSize = 0x21000;
constexpr char kLinkerPath[] = "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2";
constexpr std::uint64_t kUserEnd = std::uint64_t{1} << 47;
// No program's image is larger, and no dynamic linker.
constexpr std::uint64_t kLargestProgram = std::uint64_t{1} << 30;
constexpr std::uint64_t kLargestLinker = std::uint64_t{1} << 20;

// "555555554000-555555556000 r--p 00000000 /usr/bin/x"
std::optional<v1::ImageMapping> ParseMapping(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, absl::MaxSplits(' ', 3));
  if (parts.size() < 3 || parts[1].size() != 4) return std::nullopt;
  const std::pair<absl::string_view, absl::string_view> range = absl::StrSplit(parts[0], absl::MaxSplits('-', 1));
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::uint64_t offset = 0;
  if (!absl::SimpleHexAtoi(range.first, &start) || !absl::SimpleHexAtoi(range.second, &end) ||
      !absl::SimpleHexAtoi(parts[2], &offset)) {
    return std::nullopt;
  }
  v1::ImageMapping mapping;
  mapping.set_start(start);
  mapping.set_end(end);
  mapping.set_offset_bytes(offset);
  mapping.set_prot((parts[1][0] == 'r' ? kProtRead : 0) | (parts[1][1] == 'w' ? kProtWrite : 0) |
                   (parts[1][2] == 'x' ? kProtExec : 0));
  mapping.set_flags(parts[1][3] == 's' ? kMapShared : kMapPrivate);
  if (parts.size() == 4) mapping.set_path(client::SpellOutBytes(parts[3]));
  return mapping;
}

// Where the program's own mappings end: those of the first mapping's file, and anonymous memory right behind them.
std::uint64_t EndOfProgram(const v1::ExecveRequest& image) {
  if (image.mappings().empty()) return 0;
  const std::string& program = image.mappings(0).path();
  std::uint64_t end = 0;
  for (const v1::ImageMapping& mapping : image.mappings()) {
    if (mapping.path() == program || (mapping.path().empty() && mapping.start() == end)) end = mapping.end();
  }
  return end;
}

std::string ProgramPath(const TraceLine& line) {
  const std::size_t index = PathArgument(line);
  const bool named = line.arguments.size() > index && !line.arguments[index].text.empty();
  return named ? TracedFiles::MachinePath(line.arguments[index].text) : "/program";
}

void AddMapping(v1::ExecveRequest& image, std::uint64_t start, std::uint64_t end, std::uint64_t prot,
                const std::string& path) {
  v1::ImageMapping& mapping = *image.add_mappings();
  mapping.set_start(start);
  mapping.set_end(end);
  mapping.set_prot(prot);
  mapping.set_flags(kMapPrivate);
  mapping.set_path(path);
}

// Where a program that ends at this address probably begins.
std::uint64_t GuessBase(std::uint64_t end) {
  if (end > kPieBase && end - kPieBase < kLargestProgram) return kPieBase;
  if (end > kFixedBase && end - kFixedBase < kLargestProgram) return kFixedBase;
  return end > kLargestLinker ? end - kLargestLinker : 0;
}

}  // namespace

// execveat has the directory before it.
std::size_t PathArgument(const TraceLine& execve) { return execve.name == "execveat" ? 1 : 0; }

bool FollowsExecve(const Trace& trace, std::size_t event_index) {
  const std::uint64_t pid = trace.events[event_index].pid;
  while (event_index > 0) {
    const TraceEvent& before = trace.events[--event_index];
    if (before.pid != pid) continue;
    return (before.line.name == "execve" || before.line.name == "execveat") && before.line.result.Succeeded();
  }
  return false;
}

std::optional<v1::ExecveRequest> ParseImage(const TraceLine& line) {
  v1::ExecveRequest image;
  for (std::size_t i = 0; i < line.arguments.size(); ++i) {
    if (line.arguments[i].kind != TraceValue::Kind::kString) return std::nullopt;
    if (i == 0) {
      image.set_path(client::SpellOutBytes(line.arguments[0].text));
      continue;
    }
    std::optional<v1::ImageMapping> mapping = ParseMapping(line.arguments[i].text);
    if (!mapping.has_value()) return std::nullopt;
    if (mapping->start() < kUserEnd) *image.add_mappings() = *std::move(mapping);
  }
  image.set_start_brk(EndOfProgram(image));
  return image;
}

v1::ExecveRequest InferImage(const Trace& trace, std::size_t event_index) {
  const TraceEvent& execve = trace.events[event_index];
  std::optional<std::uint64_t> program_end;
  std::optional<std::uint64_t> linker_start;
  for (std::size_t i = event_index + 1; i < trace.events.size(); ++i) {
    const TraceEvent& event = trace.events[i];
    if (event.pid != execve.pid) continue;
    const TraceLine& line = event.line;
    if (line.name == "execve" || line.kind != TraceLine::Kind::kCall || (program_end && linker_start)) break;
    if (line.name == "brk" && !program_end.has_value() && line.result.Succeeded()) program_end = line.result.value;
    if (line.name == "mmap" && !linker_start.has_value() && line.result.Succeeded() && line.arguments.size() == 6) {
      const std::uint64_t length = line.arguments[1].Number().value_or(0);
      linker_start = (line.result.value + length + kPageBytes - 1) / kPageBytes * kPageBytes;
    }
  }
  v1::ExecveRequest image;
  image.set_path(ProgramPath(execve.line));
  if (!program_end.has_value()) return image;
  const std::uint64_t end = *program_end / kPageBytes * kPageBytes;
  if (end == 0 || end >= kMmapBase) return image;
  AddMapping(image, GuessBase(end), end, kProtRead | kProtWrite | kProtExec, image.path());
  if (linker_start.has_value() && *linker_start < kMmapBase && kMmapBase - *linker_start < kLargestLinker) {
    AddMapping(image, *linker_start, kMmapBase, kProtRead | kProtWrite | kProtExec, kLinkerPath);
  }
  AddMapping(image, kStackTop - kStackSize, kStackTop, kProtRead | kProtWrite, "[stack]");
  image.set_start_brk(*program_end);
  return image;
}

v1::ExecveRequest ImageAfter(const Trace& trace, std::size_t event_index) {
  const std::uint64_t pid = trace.events[event_index].pid;
  for (std::size_t i = event_index + 1; i < trace.events.size(); ++i) {
    const TraceEvent& event = trace.events[i];
    if (event.pid != pid) continue;
    if (event.line.name != "@image") break;
    std::optional<v1::ExecveRequest> image = ParseImage(event.line);
    if (image.has_value()) return *std::move(image);
    break;
  }
  return InferImage(trace, event_index);
}

std::uint64_t MappedUpTo(const v1::ExecveRequest& image, const std::string& path) {
  std::uint64_t up_to = 0;
  for (const v1::ImageMapping& mapping : image.mappings()) {
    if (mapping.path() == path && mapping.end() > mapping.start()) {
      up_to = std::max(up_to, mapping.offset_bytes() + (mapping.end() - mapping.start()));
    }
  }
  return up_to;
}

}  // namespace memsim::replay
