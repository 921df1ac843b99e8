#include "client/replay/shared_memory_calls.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "client/replay/answer_text.h"
#include "client/replay/argument_reader.h"
#include "client/replay/compare_result.h"

namespace memsim::replay {
namespace {

constexpr std::int32_t kIpcSet = 1;
constexpr std::int32_t kIpcStat = 2;
constexpr std::int32_t kIpcInfo = 3;
constexpr std::int32_t kShmStat = 13;
constexpr std::int32_t kShmInfo = 14;
constexpr std::int32_t kShmStatAny = 15;
// EFAULT.
constexpr int kBadAddress = 14;
// An id is an index and a sequence number times this.
constexpr std::int32_t kIndices = 32768;

// strace shows an id as the int that it is.
std::int32_t IdArgument(ArgumentReader& arguments) { return static_cast<std::int32_t>(arguments.Number(0)); }

bool Succeeded(const v1::Answer& answer) { return answer.error_number() == 0 && !answer.has_signal(); }

// Two results that are ids of segments, as texts that are equal if the ids stand for each other.
void CompareIds(ReplaySession& session, const TraceLine& line, const v1::Answer& answer) {
  if (!line.result.Succeeded() || !Succeeded(answer)) {
    session.CompareTexts(KernelResultText(line.result), ResultText(answer));
    return;
  }
  const bool same = session.segments().ids().Match(line.result.value, answer.value());
  const std::string kernel = absl::StrCat("segment ", line.result.value);
  session.CompareTexts(kernel, same ? kernel : absl::StrCat("the machine's segment ", answer.value()));
}

// A field of the structure that strace shows, or of the one in it.
std::optional<std::uint64_t> Field(const TraceValue& structure, absl::string_view name) {
  const TraceValue* field = structure.Find(name);
  if (field == nullptr && structure.Find("shm_perm") != nullptr) field = structure.Find("shm_perm")->Find(name);
  return field != nullptr ? field->Number() : std::nullopt;
}

// What both sides tell of a segment, field by field.
struct SegmentTexts {
  std::string kernel;
  std::string ours;
};

// nullopt: the line does not tell all of it.
std::optional<SegmentTexts> TextsOfSegment(ReplaySession& session, const TraceValue& kernel, const v1::ShmidDs& ours) {
  SegmentTexts texts;
  bool complete = true;
  const auto add = [&](absl::string_view name, std::uint64_t of_kernel, std::uint64_t of_machine) {
    absl::StrAppend(&texts.kernel, texts.kernel.empty() ? "" : ", ", name, " ", of_kernel);
    absl::StrAppend(&texts.ours, texts.ours.empty() ? "" : ", ", name, " ", of_machine);
  };
  const auto told = [&](absl::string_view name) {
    const std::optional<std::uint64_t> number = Field(kernel, name);
    complete = complete && number.has_value();
    return number.value_or(0);
  };
  const auto pid = [&](absl::string_view name, std::uint64_t of_machine) {
    const std::uint64_t of_kernel = told(name);
    const bool both = of_kernel != 0 && of_machine != 0;
    add(name, of_kernel, both && session.segments().pids().Match(of_kernel, of_machine) ? of_kernel : of_machine);
  };
  const auto time = [&](absl::string_view name, std::uint64_t of_machine) {
    add(name, told(name) != 0 ? 1 : 0, of_machine != 0 ? 1 : 0);
  };
  add("uid", told("uid"), ours.uid());
  add("gid", told("gid"), ours.gid());
  add("mode", told("mode"), ours.mode());
  // strace shows it with or without its sign.
  add("key", static_cast<std::uint32_t>(told("key")), static_cast<std::uint32_t>(ours.key()));
  add("cuid", told("cuid"), ours.creator_uid());
  add("cgid", told("cgid"), ours.creator_gid());
  add("shm_segsz", told("shm_segsz"), ours.size_bytes());
  pid("shm_cpid", ours.creator_pid());
  pid("shm_lpid", ours.last_pid());
  add("shm_nattch", told("shm_nattch"), ours.attach_count());
  time("shm_atime", ours.attach_time_s());
  time("shm_dtime", ours.detach_time_s());
  time("shm_ctime", ours.change_time_s());
  if (!complete) return std::nullopt;
  return texts;
}

// IPC_STAT, SHM_STAT, SHM_STAT_ANY.
void CompareSegments(ReplaySession& session, const TraceLine& line, const TraceValue* buffer, bool returns_id,
                     const v1::Answer& answer) {
  if (line.result.Succeeded() && answer.has_shmid_ds() && buffer != nullptr) {
    const std::optional<SegmentTexts> texts = TextsOfSegment(session, *buffer, answer.shmid_ds());
    if (texts.has_value() && texts->kernel != texts->ours) {
      session.CompareTexts(texts->kernel, texts->ours);
      return;
    }
  }
  if (returns_id) {
    CompareIds(session, line, answer);
  } else {
    session.CompareTexts(KernelResultText(line.result), ResultText(answer));
  }
}

// IPC_INFO and SHM_INFO. What they return is the highest index of the whole host.
void CompareInfo(ReplaySession& session, const TraceLine& line, const TraceValue* buffer, const v1::Answer& answer) {
  if (!line.result.Succeeded() || !Succeeded(answer)) {
    session.CompareTexts(KernelResultText(line.result), ResultText(answer));
    return;
  }
  std::string kernel = "ok";
  std::string ours = "ok";
  const v1::ShmLimits& limits = answer.shm_limits();
  const auto add = [&](absl::string_view name, std::uint64_t of_machine) {
    const std::optional<std::uint64_t> of_kernel = buffer != nullptr ? Field(*buffer, name) : std::nullopt;
    if (!of_kernel.has_value()) return;
    absl::StrAppend(&kernel, ", ", name, " ", *of_kernel);
    absl::StrAppend(&ours, ", ", name, " ", of_machine);
  };
  if (answer.has_shm_limits()) {
    add("shmmax", limits.max_size_bytes());
    add("shmmin", limits.min_size_bytes());
    add("shmmni", limits.max_segments());
    add("shmseg", limits.max_segments_per_process());
    add("shmall", limits.max_pages());
  }
  session.CompareTexts(kernel, ours);
}

// Whether the buffer is none: NULL, or an address that strace could not read, or the kernel not write to.
bool IsBadBuffer(const TraceValue* buffer, std::int32_t command, const TraceLine& line) {
  const std::optional<std::uint64_t> address = buffer != nullptr ? buffer->Number() : std::nullopt;
  if (!address.has_value()) return false;
  const bool refused = line.result.kind == TraceResult::Kind::kError && line.result.error_number == kBadAddress;
  return *address == 0 || command == kIpcSet || refused;
}

// IPC_SET: what the buffer holds. false: the line does not tell, and is skipped.
bool SetFields(ReplaySession& session, const TraceValue* buffer, v1::ShmctlRequest& request) {
  const auto field = [&](absl::string_view name) {
    return buffer != nullptr ? Field(*buffer, name) : std::optional<std::uint64_t>();
  };
  const auto uid = field("uid");
  const auto gid = field("gid");
  const auto mode = field("mode");
  if (!uid.has_value() || !gid.has_value() || !mode.has_value()) {
    session.Skip("what IPC_SET sets is not told");
    return false;
  }
  request.set_uid(static_cast<std::uint32_t>(*uid));
  request.set_gid(static_cast<std::uint32_t>(*gid));
  request.set_mode(static_cast<std::uint32_t>(*mode));
  return true;
}

// The machine's index of the segment that stands at an index of the trace, of which the line tells the id.
std::int32_t MachineIndex(ReplaySession& session, const TraceLine& line, std::int32_t index) {
  if (!line.result.Succeeded()) return index;
  const std::uint64_t* id = session.segments().ids().OfMachine(line.result.value);
  return id != nullptr ? static_cast<std::int32_t>(*id) % kIndices : index;
}

}  // namespace

void TranslateShmget(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  v1::Call call;
  v1::ShmgetRequest& shmget = *call.mutable_shmget();
  shmget.set_pid(process.machine_pid);
  shmget.set_key(static_cast<std::int32_t>(arguments.Number(0)));
  shmget.set_size_bytes(arguments.Number(1));
  shmget.set_flags(static_cast<std::uint32_t>(arguments.Number(2)));
  if (!arguments.ok()) {
    session.NotUnderstood(arguments.problem());
    return;
  }
  const std::optional<v1::Answer> answer = session.Ask(call);
  if (answer.has_value()) CompareIds(session, line, *answer);
}

void TranslateShmat(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  v1::Call call;
  v1::ShmatRequest& shmat = *call.mutable_shmat();
  shmat.set_pid(process.machine_pid);
  shmat.set_shmid(session.segments().MachineId(IdArgument(arguments)));
  shmat.set_address(arguments.Number(1));
  shmat.set_flags(static_cast<std::uint32_t>(arguments.Number(2)));
  CompareResult(session, arguments, line, std::move(call));
}

void TranslateShmdt(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  v1::Call call;
  call.mutable_shmdt()->set_pid(process.machine_pid);
  call.mutable_shmdt()->set_address(arguments.Number(0));
  CompareResult(session, arguments, line, std::move(call));
}

void TranslateShmctl(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  const std::int32_t id = IdArgument(arguments);
  const auto command = static_cast<std::int32_t>(arguments.Number(1));
  const TraceValue* buffer = arguments.Find(2);
  const bool by_index = command == kShmStat || command == kShmStatAny;
  v1::Call call;
  v1::ShmctlRequest& shmctl = *call.mutable_shmctl();
  shmctl.set_pid(process.machine_pid);
  shmctl.set_shmid(by_index ? MachineIndex(session, line, id) : session.segments().MachineId(id));
  shmctl.set_command(command);
  shmctl.set_bad_buffer(IsBadBuffer(buffer, command, line));
  if (!arguments.ok()) {
    session.NotUnderstood(arguments.problem());
    return;
  }
  if (command == kIpcSet && !shmctl.bad_buffer() && !SetFields(session, buffer, shmctl)) return;
  const bool is_stat = by_index || command == kIpcStat;
  const bool is_info = command == kIpcInfo || command == kShmInfo;
  if (!is_stat && !is_info) {
    CompareResult(session, arguments, line, std::move(call));
    return;
  }
  const std::optional<v1::Answer> answer = session.Ask(call);
  if (!answer.has_value()) return;
  if (is_stat) {
    CompareSegments(session, line, buffer, by_index, *answer);
  } else {
    CompareInfo(session, line, buffer, *answer);
  }
}

}  // namespace memsim::replay
