#include "server/rpc/machine_methods.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "google/protobuf/empty.pb.h"

#include "memsim/v1/machine_service.pb.h"
#include "server/base/quoted.h"
#include "server/calls/counter_conversion.h"
#include "server/calls/misuse.h"
#include "server/calls/spec_conversion.h"
#include "server/host/machine_info.h"
#include "server/kernel/procfs/procfs.h"
#include "server/rpc/event_messages.h"
#include "server/rpc/message_bytes.h"
#include "server/rpc/page_token.h"

namespace memsim {
namespace {

// How many machines a page has, as the API says.
constexpr int kDefaultPageSize = 100;
constexpr int kMaxPageSize = 1000;

// As Linux has it (PATH_MAX, without the final NUL). A path waits in the machine's queue: it must not be long.
constexpr std::size_t kMaxProcPathBytes = 4095;

void InfoToMessage(const MachineInfo& info, v1::Machine& message) {
  using std::chrono::nanoseconds;
  constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;
  message.set_name(info.name.ToString());
  message.set_uid(info.uid);
  SpecToMessage(info.spec, *message.mutable_spec());
  const std::int64_t created = std::chrono::duration_cast<nanoseconds>(info.create_time.time_since_epoch()).count();
  message.mutable_create_time()->set_seconds(created / kNanosecondsPerSecond);
  message.mutable_create_time()->set_nanos(static_cast<std::int32_t>(created % kNanosecondsPerSecond));
  message.set_sequence(info.sequence);
  message.set_virtual_time_ns(info.virtual_time.value());
  message.set_host_memory_bytes(info.host_memory.value());
}

// What only the machine itself knows, at a moment between two of its calls.
void StateToMessage(const Machine& machine, v1::Machine& message) {
  message.set_sequence(machine.sequence());
  message.set_virtual_time_ns(machine.now().value());
  message.set_state_digest(machine.StateDigest());
  message.set_answer_digest(machine.AnswerDigest());
  message.set_host_memory_bytes(machine.HostMemory().value());
}

// Calls handle with the request, unless its bytes are none.
template <typename Request, typename Handle>
void WithRequest(UnaryRpc& rpc, Handle handle) {
  Request request;
  const absl::Status status = ParseMessage(rpc.request(), request);
  return status.ok() ? handle(request) : rpc.Refuse(status);
}

// Answers with what look makes of the machine. uid: see Host::Inspect.
template <typename Look>
void ReplyFromMachine(UnaryRpc& rpc, const std::string& name, Look look, absl::string_view uid = {}) {
  rpc.host().Inspect(
      name,
      [&rpc, look = std::move(look)](const absl::StatusOr<const Machine*>& machine) mutable {
        if (!machine.ok()) return rpc.Refuse(machine.status());
        if (rpc.cancelled()) return rpc.Refuse(MisuseStatus(v1::ERROR_REASON_CALLER_GONE, "the caller gave up"));
        look(**machine);
      },
      uid);
}

void ReplyWithMachine(UnaryRpc& rpc, const MachineInfo& info) {
  v1::Machine message;
  InfoToMessage(info, message);
  rpc.Reply(message);
}

void ReplyWithDigests(UnaryRpc& rpc, const MachineInfo& info) {
  const auto look = [&rpc, info](const Machine& machine) {
    v1::Machine message;
    InfoToMessage(info, message);
    StateToMessage(machine, message);
    rpc.Reply(message);
  };
  ReplyFromMachine(rpc, info.name.ToString(), look, info.uid);
}

absl::Status ViewInvalid(v1::MachineView view) {
  return MisuseStatus(
      v1::ERROR_REASON_FIELD_INVALID,
      absl::StrCat("view is ", static_cast<int>(view), "; it must be MACHINE_VIEW_BASIC or MACHINE_VIEW_WITH_DIGESTS"));
}

// "buddyinfo meminfo … PID/maps PID/stat …": what a program may suggest instead.
std::string KnownProcFiles() {
  return absl::StrCat(absl::StrJoin(ProcMachineFiles(), " "), " PID/", absl::StrJoin(ProcTaskFiles(), " PID/"),
                      " PID/pagemap");
}

// Paths below /sys are said in full, others as below /proc.
std::string FullPath(const std::string& path) {
  return absl::StartsWith(path, "/") ? path : absl::StrCat("/proc/", path);
}

absl::Status ProcPathNotFound(const std::string& path) {
  absl::Status status =
      MisuseStatus(v1::ERROR_REASON_PROC_PATH_NOT_FOUND, absl::StrCat("the machine has no ", Quoted(FullPath(path)),
                                                                      "; it has files such as meminfo, 1/maps and "
                                                                      "/sys/kernel/slab/dentry/order"));
  AddMisuseMetadata("files", KnownProcFiles(), status);
  return status;
}

absl::Status ProcFileTooLarge(const std::string& path) {
  return MisuseStatus(
      v1::ERROR_REASON_ANSWER_TOO_LARGE,
      absl::StrCat(FullPath(path), " is longer than ", kMaxProcFileBytes >> 20,
                   " MiB; unmap what is not needed, or map files with shorter names; of pagemap ask for a part"));
}

absl::Status WhyNotRead(const std::string& path, Errno error) {
  if (error == Errno::kFBig) return ProcFileTooLarge(path);
  if (error != Errno::kInval) return ProcPathNotFound(path);
  return MisuseStatus(v1::ERROR_REASON_FIELD_INVALID,
                      absl::StrCat(FullPath(path),
                                   " has 8 bytes for each page; offset_bytes and length_bytes must be "
                                   "multiples of 8"));
}

}  // namespace

void CreateMachine(UnaryRpc& rpc) {
  WithRequest<v1::CreateMachineRequest>(rpc, [&rpc](const v1::CreateMachineRequest& request) {
    const absl::StatusOr<std::string> tenant = ParseTenant(request.parent(), TenantWildcard::kRefused);
    if (!tenant.ok()) return rpc.Refuse(tenant.status());
    const absl::StatusOr<MachineSpec> spec = SpecFromMessage(request.machine().spec());
    if (!spec.ok()) return rpc.Refuse(spec.status());
    rpc.host().CreateMachine(*tenant, request.machine_id(), *spec, [&rpc](absl::StatusOr<MachineInfo> info) {
      return info.ok() ? ReplyWithMachine(rpc, *info) : rpc.Refuse(info.status());
    });
  });
}

void GetMachine(UnaryRpc& rpc) {
  WithRequest<v1::GetMachineRequest>(rpc, [&rpc](const v1::GetMachineRequest& request) {
    if (!v1::MachineView_IsValid(request.view())) return rpc.Refuse(ViewInvalid(request.view()));
    const absl::StatusOr<MachineInfo> info = rpc.host().GetMachine(request.name());
    if (!info.ok()) return rpc.Refuse(info.status());
    const bool with_digests = request.view() == v1::MACHINE_VIEW_WITH_DIGESTS;
    return with_digests ? ReplyWithDigests(rpc, *info) : ReplyWithMachine(rpc, *info);
  });
}

void ListMachines(UnaryRpc& rpc) {
  WithRequest<v1::ListMachinesRequest>(rpc, [&rpc](const v1::ListMachinesRequest& request) {
    const absl::StatusOr<std::string> tenant = ParseTenant(request.parent(), TenantWildcard::kAllowed);
    if (!tenant.ok()) return rpc.Refuse(tenant.status());
    if (request.page_size() < 0) {
      return rpc.Refuse(MisuseStatus(v1::ERROR_REASON_FIELD_INVALID, absl::StrCat("page_size is ", request.page_size(),
                                                                                  "; it must be 0 to ", kMaxPageSize)));
    }
    const auto after = ReadPageToken(*tenant, request.page_token());
    if (!after.ok()) return rpc.Refuse(after.status());
    const int size = request.page_size() == 0 ? kDefaultPageSize : std::min(request.page_size(), kMaxPageSize);
    const auto limit = static_cast<std::size_t>(size);
    // One more than a page tells whether there is another.
    const std::vector<MachineInfo> infos =
        rpc.host().ListMachines(*tenant, after->has_value() ? &**after : nullptr, limit + 1);
    v1::ListMachinesResponse response;
    for (std::size_t i = 0; i < std::min(limit, infos.size()); ++i) InfoToMessage(infos[i], *response.add_machines());
    if (infos.size() > limit) response.set_next_page_token(MakePageToken(*tenant, infos[limit - 1].name));
    rpc.Reply(response);
  });
}

void DeleteMachine(UnaryRpc& rpc) {
  WithRequest<v1::DeleteMachineRequest>(rpc, [&rpc](const v1::DeleteMachineRequest& request) {
    const absl::Status status = rpc.host().DeleteMachine(request.name(), request.uid());
    return status.ok() ? rpc.Reply(google::protobuf::Empty()) : rpc.Refuse(status);
  });
}

void ReadProc(UnaryRpc& rpc) {
  WithRequest<v1::ReadProcRequest>(rpc, [&rpc](const v1::ReadProcRequest& request) {
    const std::string path(absl::StripPrefix(request.path(), "/proc/"));
    if (path.size() > kMaxProcPathBytes) {
      return rpc.Refuse(MisuseStatus(
          v1::ERROR_REASON_FIELD_INVALID,
          absl::StrCat("path has ", path.size(), " bytes below /proc; it must have at most ", kMaxProcPathBytes)));
    }
    std::optional<ByteCount> length;
    if (request.length_bytes() != 0) length = ByteCount(request.length_bytes());
    ReplyFromMachine(rpc, request.name(),
                     [&rpc, path, offset = request.offset_bytes(), length](const Machine& machine) {
                       ErrnoOr<std::string> content = machine.ReadProcPart(path, ByteCount(offset), length);
                       if (!content.ok()) return rpc.Refuse(WhyNotRead(path, content.error()));
                       v1::ReadProcResponse response;
                       response.set_content(*std::move(content));
                       response.set_sequence(machine.sequence());
                       rpc.Reply(response);
                     });
  });
}

void GetCounters(UnaryRpc& rpc) {
  WithRequest<v1::GetCountersRequest>(rpc, [&rpc](const v1::GetCountersRequest& request) {
    ReplyFromMachine(rpc, request.name(), [&rpc](const Machine& machine) {
      v1::GetCountersResponse response;
      CountersToMessage(machine, CounterDetail::kAll, response);
      rpc.Reply(response);
    });
  });
}

void GetTracepoints(UnaryRpc& rpc) {
  WithRequest<v1::GetTracepointsRequest>(rpc, [&rpc](const v1::GetTracepointsRequest& request) {
    const absl::StatusOr<TracepointSet> wanted = ReadPatterns(request.patterns());
    if (!wanted.ok()) return rpc.Refuse(wanted.status());
    v1::GetTracepointsResponse response;
    ForEachTracepoint([&](Tracepoint point) {
      if (wanted->Contains(point)) TracepointToMessage(point, *response.add_tracepoints());
    });
    rpc.Reply(response);
  });
}

}  // namespace memsim
