// How machines share a server: what a saturated machine does to an idle one's latency, what callers do to it whose
// short calls gRPC's threads run themselves, and what a second saturated machine adds.
//
//   saturation ADDRESS [SECONDS]
//
// Talks to a running memsimd at ADDRESS, makes some machines there and deletes them again. Ends by itself after five
// measurements of SECONDS (default 3) each.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "client/library/client.h"

namespace memsim::client {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kLoadClients = 64;
// Some milliseconds of simulated faults a batch: the machine is what is busy, not the transport.
constexpr int kRoundsPerBatch = 100;
constexpr std::uint64_t kPagesPerRound = 512;
// As many as a call may touch that is run without a worker.
constexpr std::uint64_t kPagesPerShortCall = 32;

std::uint64_t ValueOrDie(const absl::StatusOr<v1::Answer>& answer) {
  if (answer.ok() && answer->error_number() == 0) return answer->value();
  std::fprintf(stderr, "saturation: a call failed: %s\n", answer.status().ToString().c_str());
  std::exit(1);
}

// A process with an area that its calls fill and empty.
struct Process {
  std::string machine;
  std::uint64_t pid = 0;
  std::uint64_t area = 0;
};

Process StartProcess(Client& client, const std::string& machine) {
  Process process;
  process.machine = machine;
  v1::Call spawn;
  spawn.mutable_spawn()->set_comm("load");
  process.pid = ValueOrDie(client.Call(machine, spawn));
  v1::Call map;
  map.mutable_mmap()->set_pid(process.pid);
  map.mutable_mmap()->set_length_bytes(kPagesPerRound * 4096);
  map.mutable_mmap()->set_prot(3);
  map.mutable_mmap()->set_flags(0x22);
  process.area = ValueOrDie(client.Call(machine, map));
  return process;
}

// Fills pages of the area with stores and empties them, several times.
std::vector<v1::Call> LoadCalls(const Process& process, int rounds, std::uint64_t pages) {
  std::vector<v1::Call> calls;
  for (int i = 0; i < rounds; ++i) {
    v1::TouchRequest* touch = calls.emplace_back().mutable_touch();
    touch->set_pid(process.pid);
    touch->set_address(process.area);
    touch->set_access(v1::ACCESS_KIND_WRITE);
    touch->set_page_count(pages);
    v1::MadviseRequest* empty = calls.emplace_back().mutable_madvise();
    empty->set_pid(process.pid);
    empty->set_address(process.area);
    empty->set_length_bytes(pages * 4096);
    empty->set_advice(4);
  }
  return calls;
}

enum class LoadKind { kBatches, kShortCalls };

// Clients that keep machines busy until they are told to stop.
class Load {
 public:
  Load(const std::string& address, LoadKind kind, const std::vector<std::string>& machines) {
    for (int i = 0; i < kLoadClients; ++i) {
      threads_.emplace_back([this, address, kind, machine = machines[i % machines.size()]] {
        const std::unique_ptr<Client> client = *Client::Connect(address);
        return kind == LoadKind::kBatches ? RunBatches(*client, machine) : RunShortCalls(*client, machine);
      });
    }
  }
  ~Load() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
  }

  std::uint64_t calls() const { return calls_; }

 private:
  void RunBatches(Client& client, const std::string& machine) {
    const std::vector<v1::Call> batch = LoadCalls(StartProcess(client, machine), kRoundsPerBatch, kPagesPerRound);
    while (!stop_) {
      const auto response = client.ExecuteBatch(machine, batch);
      if (response.ok()) calls_ += batch.size();
    }
  }
  void RunShortCalls(Client& client, const std::string& machine) {
    const std::vector<v1::Call> round = LoadCalls(StartProcess(client, machine), 1, kPagesPerShortCall);
    while (!stop_) {
      for (const v1::Call& call : round) calls_ += client.Call(machine, call).ok() ? 1 : 0;
    }
  }

  std::atomic<bool> stop_ = false;
  std::atomic<std::uint64_t> calls_ = 0;
  std::vector<std::thread> threads_;
};

// Seconds of all cores that the host was not idle, since it booted: the first row of /proc/stat, in hundredths.
double BusySeconds() {
  std::ifstream stat("/proc/stat");
  std::string cpu;
  double user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0;
  stat >> cpu >> user >> nice >> system >> idle >> iowait >> irq >> softirq;
  return (user + nice + system + irq + softirq) / 100;
}

struct Throughput {
  double calls_per_second = 0;
  // How many cores the host had at work, this program's included.
  double busy_cores = 0;
};

Throughput Saturate(const std::string& address, const std::vector<std::string>& machines, double seconds) {
  const Load load(address, LoadKind::kBatches, machines);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  const std::uint64_t calls = load.calls();
  const double busy = BusySeconds();
  const auto start = Clock::now();
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  const double elapsed = std::chrono::duration<double>(Clock::now() - start).count();
  return {static_cast<double>(load.calls() - calls) / elapsed, (BusySeconds() - busy) / elapsed};
}

void PrintThroughput(const char* label, const Throughput& found) {
  std::printf("%-44s %10.0f calls/s on %.2f busy cores of %u\n", label, found.calls_per_second, found.busy_cores,
              std::thread::hardware_concurrency());
}

// Round trips of one unary call after the other, in microseconds.
void PrintLatency(const char* label, Client& client, const std::string& machine, double seconds) {
  const Process process = StartProcess(client, machine);
  v1::Call call;
  call.mutable_brk()->set_pid(process.pid);
  std::vector<double> microseconds;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  while (Clock::now() < end) {
    const auto start = Clock::now();
    ValueOrDie(client.Call(machine, call));
    microseconds.push_back(std::chrono::duration<double, std::micro>(Clock::now() - start).count());
  }
  std::sort(microseconds.begin(), microseconds.end());
  const auto at = [&](double share) {
    return microseconds[static_cast<std::size_t>(share * static_cast<double>(microseconds.size() - 1))];
  };
  std::printf("%-44s median %8.0f us   p99 %8.0f us   (%zu calls)\n", label, at(0.5), at(0.99), microseconds.size());
}

int Run(const std::string& address, double seconds) {
  const auto client = Client::Connect(address);
  if (!client.ok()) {
    std::fprintf(stderr, "saturation: %s\n", client.status().ToString().c_str());
    return 1;
  }
  std::vector<std::string> names = {"saturation-a", "saturation-b", "saturation-idle"};
  // One for each client with short calls, so that it is idle whenever one comes.
  std::vector<std::string> of_short_calls;
  for (int i = 0; i < kLoadClients; ++i) of_short_calls.push_back("saturation-" + std::to_string(i));
  names.insert(names.end(), of_short_calls.begin(), of_short_calls.end());
  for (const std::string& name : names) {
    if (const auto made = (*client)->CreateMachine(name, v1::MachineSpec()); !made.ok()) {
      std::fprintf(stderr, "saturation: %s\n", made.status().ToString().c_str());
      return 1;
    }
  }
  PrintLatency("idle machine, idle server", **client, names[2], seconds);
  {
    const Load load(address, LoadKind::kBatches, {names[0]});
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    PrintLatency("idle machine, 64 clients saturate another", **client, names[2], seconds);
  }
  {
    const Load load(address, LoadKind::kShortCalls, of_short_calls);
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    PrintLatency("idle machine, 64 clients with short calls", **client, names[2], seconds);
  }
  const Throughput one = Saturate(address, {names[0]}, seconds);
  const Throughput two = Saturate(address, {names[0], names[1]}, seconds);
  PrintThroughput("one saturated machine", one);
  PrintThroughput("two saturated machines", two);
  std::printf("%-44s %10.2f times as many\n", "", two.calls_per_second / one.calls_per_second);
  for (const std::string& name : names) (void)(*client)->DeleteMachine(name);
  return 0;
}

}  // namespace
}  // namespace memsim::client

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: saturation ADDRESS [SECONDS]\n");
    return 2;
  }
  return memsim::client::Run(argv[1], argc > 2 ? std::atof(argv[2]) : 3);
}
