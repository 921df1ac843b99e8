#include "server/server_flags.h"

#include <cstdint>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/flags/usage_config.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "server/kernel/machine_spec.h"

// The defaults of the limits are those of HostOptions and ServerOptions, which give the reasons.
namespace memsim {
namespace {

const HostOptions kHost;

}  // namespace
}  // namespace memsim

ABSL_FLAG(std::string, grpc_address, "127.0.0.1:7600", "where gRPC is served: HOST:PORT, or unix:PATH");
ABSL_FLAG(std::string, http_address, "127.0.0.1:7680",
          "where HTTP is served, for metrics and browsers: HOST:PORT; empty: nowhere");
ABSL_FLAG(std::uint32_t, workers, 0, "threads that run machines; 0: one a core");
ABSL_FLAG(std::uint64_t, max_machines, memsim::kHost.max_machines, "machines that may exist at once");
ABSL_FLAG(std::uint64_t, max_host_memory_mib, 0,
          "MiB of this host's memory that the simulated state of all machines may take; 0: half of what the host has");
ABSL_FLAG(std::uint64_t, max_queued_mib, memsim::kHost.max_queued_bytes >> 20,
          "MiB of memory for the batches that wait for all machines, at least 32");
ABSL_FLAG(std::uint64_t, queue_batches, memsim::kHost.queue.jobs, "batches that may wait for one machine");
ABSL_FLAG(std::uint64_t, queue_calls, memsim::kHost.queue.calls,
          "calls of batches that may wait for one machine, at least 10000");
ABSL_FLAG(std::uint32_t, turn_microseconds, 1000, "how long a machine runs before another that waits, 1 to 1000000");
ABSL_FLAG(std::uint32_t, drain_seconds, 20,
          "how long a shutdown waits for what was accepted; after that, only for the calls that are running");

namespace memsim {
namespace {

constexpr std::uint64_t kMaxMib = 1ULL << 30;
constexpr std::uint32_t kMaxTurnMicroseconds = 1'000'000;

absl::Status CheckRange(absl::string_view flag, std::uint64_t value, std::uint64_t least, std::uint64_t most) {
  if (value >= least && value <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("--", flag, " is ", value, "; it must be ", least, " to ", most));
}

absl::Status CheckFlags() {
  const HostOptions host;
  absl::Status status = CheckRange("max_host_memory_mib", absl::GetFlag(FLAGS_max_host_memory_mib), 0, kMaxMib);
  status.Update(
      CheckRange("max_queued_mib", absl::GetFlag(FLAGS_max_queued_mib), host.batch.memory_bytes >> 20, kMaxMib));
  status.Update(CheckRange("max_machines", absl::GetFlag(FLAGS_max_machines), 1, UINT32_MAX));
  status.Update(CheckRange("queue_batches", absl::GetFlag(FLAGS_queue_batches), 1, UINT32_MAX));
  status.Update(CheckRange("queue_calls", absl::GetFlag(FLAGS_queue_calls), host.batch.calls, UINT32_MAX));
  status.Update(CheckRange("turn_microseconds", absl::GetFlag(FLAGS_turn_microseconds), 1, kMaxTurnMicroseconds));
  status.Update(CheckRange("workers", absl::GetFlag(FLAGS_workers), 0, 4096));
  return status;
}

void ConfigureHelp() {
  absl::SetProgramUsageMessage(
      "memsimd hosts simulated machines, each a Linux memory subsystem, behind gRPC.\n\n"
      "  memsimd                                               serves at 127.0.0.1, without asking who calls\n"
      "  memsimd --grpc_address=unix:/run/memsim/memsimd.sock  serves whoever may open that socket\n\n"
      "SIGTERM or SIGINT shuts it down with grace; a second one at once.");
  absl::FlagsUsageConfig config;
  config.contains_help_flags = [](absl::string_view file) { return absl::EndsWith(file, "server/server_flags.cc"); };
  config.contains_helpshort_flags = config.contains_help_flags;
  // From the repository's root on, wherever it was built.
  config.normalize_filename = [](absl::string_view file) {
    const std::size_t root = file.rfind("server/");
    return std::string(root == absl::string_view::npos ? file : file.substr(root));
  };
  config.version_string = [] { return absl::StrCat("memsimd, model version ", kModelVersion, "\n"); };
  absl::SetFlagsUsageConfig(config);
}

}  // namespace

absl::StatusOr<ServerFlags> ReadServerFlags(int argc, char** argv) {
  ConfigureHelp();
  const std::vector<char*> arguments = absl::ParseCommandLine(argc, argv);
  if (arguments.size() > 1) {
    return absl::InvalidArgumentError(absl::StrCat("\"", arguments[1], "\" is no flag; see --help"));
  }
  const absl::Status status = CheckFlags();
  if (!status.ok()) return status;
  ServerFlags flags;
  flags.server.grpc_address = absl::GetFlag(FLAGS_grpc_address);
  HostOptions& host = flags.server.host;
  host.worker_count = absl::GetFlag(FLAGS_workers);
  host.turn = std::chrono::microseconds(absl::GetFlag(FLAGS_turn_microseconds));
  host.max_machines = absl::GetFlag(FLAGS_max_machines);
  host.max_host_memory = ByteCount(absl::GetFlag(FLAGS_max_host_memory_mib) << 20);
  host.max_queued_bytes = absl::GetFlag(FLAGS_max_queued_mib) << 20;
  host.queue.jobs = absl::GetFlag(FLAGS_queue_batches);
  host.queue.calls = absl::GetFlag(FLAGS_queue_calls);
  flags.http_address = absl::GetFlag(FLAGS_http_address);
  flags.drain_timeout = std::chrono::seconds(absl::GetFlag(FLAGS_drain_seconds));
  return flags;
}

}  // namespace memsim
