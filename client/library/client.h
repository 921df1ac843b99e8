// A connection to a memsim server, for C++ programs.
//
//   auto client = Client::Connect("127.0.0.1:7600");
//   v1::MachineSpec spec;
//   spec.set_cpu_count(4);
//   auto machine = (*client)->CreateMachine("demo", spec);
//   v1::Call call;
//   call.mutable_mmap()->set_pid(1);
//   …
//   absl::StatusOr<v1::Answer> answer = (*client)->Call("demo", call);
//
// A simulated failure (ENOMEM, SIGSEGV) is an OK status with an Answer that says so. A status that is not OK means that
// the service was misused or did not answer: it has the RPC's code, words that name the thing and the remedy, and
// ErrorReasonOf(status).
//
// Every call has a deadline: its own, or ClientOptions::default_deadline. A stream and a watch have one if they are
// given it.
//
// Thread-safe: any number of threads may use one Client. A stream is thread-compatible, but for what its class says.

#ifndef MEMSIM_CLIENT_LIBRARY_CLIENT_H_
#define MEMSIM_CLIENT_LIBRARY_CLIENT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

#include "client/library/execute_stream.h"
#include "memsim/v1/call.pb.h"
#include "memsim/v1/execution_service.pb.h"
#include "memsim/v1/machine_service.pb.h"

namespace grpc {
class Channel;
}

namespace memsim::client {

// Where memsimd listens unless it is told otherwise.
inline constexpr char kDefaultAddress[] = "127.0.0.1:7600";

struct ClientOptions {
  // What a call waits for its answer at most, if it does not say itself. Long enough for a batch of the largest size on
  // a busy server.
  absl::Duration default_deadline = absl::Seconds(60);
};

struct CallOptions {
  // How long to wait for the answer. Absent: ClientOptions::default_deadline. absl::InfiniteDuration() waits for ever.
  std::optional<absl::Duration> deadline = {};
  // Run only if the machine has executed exactly this many calls, else ABORTED with SEQUENCE_STALE. So a retry never
  // runs twice.
  std::optional<std::uint64_t> expected_sequence = {};
};

struct StreamOptions {
  // How long the whole stream may take. Absent: as long as it likes.
  std::optional<absl::Duration> deadline = {};
  // How long connecting, each Write, Read and Finish may wait; one that waits longer ends the stream with
  // DEADLINE_EXCEEDED. So a server that hangs is noticed however long the stream is.
  absl::Duration step_deadline = absl::InfiniteDuration();
};

class Client {
 public:
  // address: "HOST:PORT", "[IPV6]:PORT" or "unix:PATH". INVALID_ARGUMENT if it is none of these. Nothing is sent: a
  // server that is not there shows at the first call, as UNAVAILABLE with words that name the address.
  static absl::StatusOr<std::unique_ptr<Client>> Connect(absl::string_view address, const ClientOptions& options = {});

  // Over a channel that exists, as that of an in-process server. address is for error messages only.
  explicit Client(const std::shared_ptr<grpc::Channel>& channel, const ClientOptions& options = {},
                  std::string address = "in-process");
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  const std::string& address() const;

  // --- Machines. A machine is named "tenants/T/machines/M", or "M" in the tenant "default"
  // machine_id is the last part of the name; empty: the server chooses one.
  // parent is "tenants/T"; empty: tenants/default.
  absl::StatusOr<v1::Machine> CreateMachine(absl::string_view machine_id, const v1::MachineSpec& spec,
                                            absl::string_view parent = {}, const CallOptions& options = {});
  // MACHINE_VIEW_WITH_DIGESTS stops the machine while it is walked over.
  absl::StatusOr<v1::Machine> GetMachine(absl::string_view name, v1::MachineView view = v1::MACHINE_VIEW_BASIC,
                                         const CallOptions& options = {});
  // All machines of the tenant, however many pages that takes; "tenants/-": of all tenants. The deadline is each
  // page's.
  absl::StatusOr<std::vector<v1::Machine>> ListMachines(absl::string_view parent = {}, const CallOptions& options = {});
  absl::Status DeleteMachine(absl::string_view name, const CallOptions& options = {});

  // --- Looking in
  // path is below /proc: "meminfo", "1/maps".
  absl::StatusOr<v1::ReadProcResponse> ReadProc(absl::string_view name, absl::string_view path,
                                                const CallOptions& options = {});
  // A part of it, as pread(2) gives it; length_bytes 0: to the end.
  absl::StatusOr<v1::ReadProcResponse> ReadProcPart(absl::string_view name, absl::string_view path,
                                                    std::uint64_t offset_bytes, std::uint64_t length_bytes,
                                                    const CallOptions& options = {});
  absl::StatusOr<v1::GetCountersResponse> GetCounters(absl::string_view name, const CallOptions& options = {});
  // Calls on_state for each state of the counters until it returns false (then the status is OK), the server ends the
  // watch, or the deadline passes; without one in options, there is none.
  absl::Status Watch(absl::string_view name, absl::Duration interval,
                     const std::function<bool(const v1::WatchMachineResponse&)>& on_state,
                     const CallOptions& options = {});

  // The events that patterns such as "kmem:*" name, in a watch of events; none: all that there are.
  absl::StatusOr<v1::GetTracepointsResponse> GetTracepoints(absl::Span<const std::string> patterns,
                                                            const CallOptions& options = {});
  // Calls on_events for the events as they come, the first time with none, until it returns false (then the status is
  // OK), the server ends the watch, or the deadline passes; without one in options, there is none.
  absl::Status WatchEvents(const v1::WatchEventsRequest& request,
                           const std::function<bool(const v1::WatchEventsResponse&)>& on_events,
                           const CallOptions& options = {});

  // --- Calls
  // Runs one call through the unary method of its operation. The request's target is filled from machine, call.store_as
  // and options. INVALID_ARGUMENT with OPERATION_UNKNOWN if the call has no operation.
  absl::StatusOr<v1::Answer> Call(absl::string_view machine, const v1::Call& call, const CallOptions& options = {});
  // Runs calls in order. A call that is misused has an answer that says so (detail misuse); the status tells of the
  // batch as a whole.
  absl::StatusOr<v1::ExecuteBatchResponse> ExecuteBatch(absl::string_view machine, absl::Span<const v1::Call> calls,
                                                        const v1::StopConditions& stop = {},
                                                        const CallOptions& options = {});
  // The same with a request that the caller built, expected_sequence included.
  absl::StatusOr<v1::ExecuteBatchResponse> ExecuteBatch(const v1::ExecuteBatchRequest& request,
                                                        const CallOptions& options = {});
  // A stream of batches, of which the next may be sent before the last one is answered. The Client must outlive the
  // stream.
  std::unique_ptr<ExecuteStream> Stream(const StreamOptions& options = {});

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace memsim::client

#endif  // MEMSIM_CLIENT_LIBRARY_CLIENT_H_
