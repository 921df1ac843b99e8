#include "server/metrics/process_metrics.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "server/metrics/metrics_page.h"
#include "server/metrics/proc_text.h"

namespace memsim {
namespace {

// Empty if there is no such file.
std::string ReadFile(const char* path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

std::optional<double> CountOpenFiles() {
  std::error_code error;
  std::filesystem::directory_iterator entry("/proc/self/fd", error);
  if (error) return std::nullopt;
  double count = 0;
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) ++count;
  // The one through which the directory was read.
  return count - 1;
}

void AddStatMetrics(const ProcessStat& stat, MetricsPage& page) {
  const double ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  const double page_bytes = static_cast<double>(sysconf(_SC_PAGESIZE));
  page.family("process_cpu_seconds_total", MetricType::kCounter, "User and system CPU time of the server, in seconds.")
      .Add({}, static_cast<double>(stat.user_ticks + stat.system_ticks) / ticks_per_second);
  page.family("process_resident_memory_bytes", MetricType::kGauge, "Resident memory of the server, in bytes.")
      .Add({}, static_cast<double>(stat.resident_pages) * page_bytes);
  page.family("process_virtual_memory_bytes", MetricType::kGauge, "Virtual memory of the server, in bytes.")
      .Add({}, static_cast<double>(stat.virtual_memory.value()));
  page.family("process_threads", MetricType::kGauge, "Threads of the server.")
      .Add({}, static_cast<double>(stat.threads));
  const std::optional<double> boot_time = ParseBootTime(ReadFile("/proc/stat"));
  if (!boot_time.has_value()) return;
  page.family("process_start_time_seconds", MetricType::kGauge, "When the server was started, in seconds of the epoch.")
      .Add({}, *boot_time + static_cast<double>(stat.start_ticks_after_boot) / ticks_per_second);
}

}  // namespace

std::optional<ProcessStat> ParseProcessStat(absl::string_view text) {
  const std::size_t end_of_command = text.rfind(')');
  if (end_of_command == absl::string_view::npos) return std::nullopt;
  const std::vector<absl::string_view> words = SplitWords(text.substr(end_of_command + 1));
  // proc(5) counts fields from 1, and the first word after the command is field 3.
  const auto field = [&words](std::size_t number) -> std::optional<std::uint64_t> {
    std::uint64_t value = 0;
    if (number - 3 >= words.size() || !absl::SimpleAtoi(words[number - 3], &value)) return std::nullopt;
    return value;
  };
  const auto user = field(14), system = field(15), threads = field(20), start = field(22), size = field(23),
             resident = field(24);
  if (!user || !system || !threads || !start || !size || !resident) return std::nullopt;
  return ProcessStat{*user, *system, *threads, *start, ByteCount(*size), *resident};
}

std::optional<double> ParseMaxOpenFiles(absl::string_view text) {
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (!absl::ConsumePrefix(&line, "Max open files")) continue;
    const std::vector<absl::string_view> words = SplitWords(line);
    double limit = 0;
    if (words.empty() || words[0] == "unlimited" || !absl::SimpleAtod(words[0], &limit)) return std::nullopt;
    return limit;
  }
  return std::nullopt;
}

std::optional<double> ParseBootTime(absl::string_view text) {
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    double seconds = 0;
    if (absl::ConsumePrefix(&line, "btime ") && absl::SimpleAtod(line, &seconds)) return seconds;
  }
  return std::nullopt;
}

void AddProcessMetrics(MetricsPage& page) {
  const std::optional<ProcessStat> stat = ParseProcessStat(ReadFile("/proc/self/stat"));
  if (stat.has_value()) AddStatMetrics(*stat, page);
  const std::optional<double> open_files = CountOpenFiles();
  if (open_files.has_value()) {
    page.family("process_open_fds", MetricType::kGauge, "File descriptors that the server has open.")
        .Add({}, *open_files);
  }
  const std::optional<double> max_files = ParseMaxOpenFiles(ReadFile("/proc/self/limits"));
  if (max_files.has_value()) {
    page.family("process_max_fds", MetricType::kGauge, "File descriptors that the server may have open.")
        .Add({}, *max_files);
  }
}

}  // namespace memsim
