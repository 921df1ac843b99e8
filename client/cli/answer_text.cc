#include "client/cli/answer_text.h"

#include <algorithm>
#include <map>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"

#include "client/cli/call_hints.h"
#include "client/cli/inspection_text.h"
#include "client/cli/quantities.h"
#include "client/library/linux_constants.h"

namespace memsim::cli {
namespace {

absl::string_view RefusalText(v1::FreeRefusal refusal) {
  switch (refusal) {
    case v1::FREE_REFUSAL_NO_SUCH_FRAME:
      return "the machine has no such frame, or its kernel reserved it";
    case v1::FREE_REFUSAL_ALREADY_FREE:
      return "the frame is free already";
    case v1::FREE_REFUSAL_NOT_BLOCK_START:
      return "the frame is not the first of its block";
    case v1::FREE_REFUSAL_WRONG_ORDER:
      return "the block was allocated with another order";
    case v1::FREE_REFUSAL_IN_USE:
      return "the frame is in use, and alloc_pages did not give it";
    default:
      return "for a reason that this program does not know";
  }
}

absl::string_view RefusalText(v1::SlabRefusal refusal) {
  switch (refusal) {
    case v1::SLAB_REFUSAL_NO_SUCH_OBJECT:
      return "there is no object at the address";
    case v1::SLAB_REFUSAL_NOT_OBJECT_START:
      return "the address is not where an object begins";
    case v1::SLAB_REFUSAL_ALREADY_FREE:
      return "the object is free already";
    case v1::SLAB_REFUSAL_WRONG_CACHE:
      return "the object is of another cache";
    case v1::SLAB_REFUSAL_IN_USE:
      return "the kernel itself uses the object";
    default:
      return "for a reason that this program does not know";
  }
}

// What stands in parentheses behind the error's name.
std::string ErrorText(const v1::Answer& answer) {
  switch (answer.detail_case()) {
    case v1::Answer::kFreeRefusal:
      return std::string(RefusalText(answer.free_refusal()));
    case v1::Answer::kSlabRefusal:
      return std::string(RefusalText(answer.slab_refusal()));
    case v1::Answer::kLiveObjects:
      return absl::StrCat("it still has ", FormatCount(answer.live_objects(), "object"));
    default:
      return client::ErrorNumberText(answer.error_number());
  }
}

std::string FaultsText(const v1::Answer& answer) {
  const std::uint64_t minor = answer.has_fault_counts() ? answer.fault_counts().minor_faults() : answer.value();
  std::string text = FormatCount(minor, "minor fault");
  if (answer.fault_counts().major_faults() != 0) {
    absl::StrAppend(&text, ", ", FormatCount(answer.fault_counts().major_faults(), "major fault"));
  }
  return text;
}

// One line a CPU: "\n  cpu 0: 3 calls, done at 12.5 us, 1 x ENOMEM".
std::string LanesText(const v1::Answer& answer) {
  std::string text = absl::StrCat(FormatCount(answer.value(), "call"), " in ", FormatNanoseconds(answer.duration_ns()));
  for (const v1::LaneAnswer& lane : answer.concurrent().lanes()) {
    absl::StrAppend(&text, "\n  cpu ", lane.cpu(), ": ",
                    FormatCount(static_cast<std::uint64_t>(lane.answers_size()), "call"), ", done after ",
                    FormatNanoseconds(lane.end_time_ns() - answer.virtual_time_ns()));
    std::map<std::string, int> failures;
    for (const v1::Answer& of_call : lane.answers()) {
      if (of_call.has_misuse()) {
        ++failures[absl::StrCat("not executed (", of_call.misuse().message(), ")")];
      } else if (of_call.has_signal()) {
        ++failures[client::SignalName(of_call.signal().number())];
      } else if (of_call.error_number() != 0) {
        ++failures[client::ErrorNumberName(of_call.error_number())];
      }
    }
    for (const auto& [what, count] : failures) absl::StrAppend(&text, ", ", count, " x ", what);
  }
  return text;
}

// "3 of 4 pages in memory: 1101"; of many pages only the count.
std::string ResidencyText(const std::string& pages) {
  constexpr std::size_t kMostDigits = 64;
  const auto resident = std::count(pages.begin(), pages.end(), '\1');
  std::string text = absl::StrCat(resident, " of ", FormatCount(pages.size(), "page"), " in memory");
  if (pages.size() > kMostDigits) return text;
  absl::StrAppend(&text, ": ");
  for (const char page : pages) text.push_back(page == 0 ? '0' : '1');
  return text;
}

// "uid 0, gid 0, mode 0600, 65536 bytes, 1 attachment, made by pid 1".
std::string SegmentText(const v1::Answer& answer) {
  const v1::ShmidDs& segment = answer.shmid_ds();
  std::string text = absl::StrFormat("uid %u, gid %u, mode %04o, ", segment.uid(), segment.gid(), segment.mode());
  if (answer.value() != 0) text = absl::StrCat("id ", answer.value(), ", ", text);
  if (segment.key() != 0) absl::StrAppend(&text, "key ", segment.key(), ", ");
  absl::StrAppend(&text, FormatCount(segment.size_bytes(), "byte"), ", ",
                  FormatCount(segment.attach_count(), "attachment"), ", made by pid ", segment.creator_pid());
  if (segment.last_pid() != 0) absl::StrAppend(&text, ", used last by pid ", segment.last_pid());
  return text;
}

std::string LimitsText(const v1::ShmLimits& limits) {
  return absl::StrCat("at most ", FormatCount(limits.max_segments(), "segment"), " of ", limits.min_size_bytes(),
                      " to ", FormatCount(limits.max_size_bytes(), "byte"), ", ",
                      FormatCount(limits.max_pages(), "page"), " in all");
}

std::string UsageText(const v1::ShmUsage& usage) {
  return absl::StrCat(FormatCount(usage.segments(), "segment"), ", ", FormatCount(usage.pages(), "page"), ", ",
                      usage.resident_pages(), " of them in memory");
}

std::string CacheText(const v1::CacheStat& stat) {
  return absl::StrCat(FormatCount(stat.nr_cache(), "page"), " in memory, ", stat.nr_dirty(), " dirty");
}

// "MPOL_BIND, nodes 0x1", "node 0".
std::string PolicyText(const v1::MemoryPolicy& policy) {
  std::string text = policy.has_node() ? absl::StrCat("node ", policy.node())
                                       : client::FormatConstants(*client::FindConstantFamily("MPOL"), policy.policy());
  if (policy.nodemask().empty()) return text;
  absl::StrAppend(&text, ", nodes 0x", absl::Hex(*policy.nodemask().rbegin()));
  for (int i = policy.nodemask_size() - 2; i >= 0; --i) {
    absl::StrAppend(&text, absl::Hex(policy.nodemask(i), absl::kZeroPad16));
  }
  return text;
}

// "12 bytes, 1 minor fault", and rows as hexdump -C has them, counted from the first byte; a row like the one above is
// "*", however many of them there are.
std::string BytesText(const v1::Answer& answer) {
  constexpr std::size_t kRow = 16;
  const v1::LoadedBytes& loaded = answer.loaded();
  const std::string& data = loaded.data();
  std::string text = FormatCount(data.size(), "byte");
  if (loaded.minor_faults() != 0) absl::StrAppend(&text, ", ", FormatCount(loaded.minor_faults(), "minor fault"));
  if (loaded.major_faults() != 0) absl::StrAppend(&text, ", ", FormatCount(loaded.major_faults(), "major fault"));
  bool skipping = false;
  for (std::size_t at = 0; at < data.size(); at += kRow) {
    const std::string row = data.substr(at, kRow);
    const bool repeats = at != 0 && row == data.substr(at - kRow, kRow);
    if (repeats && skipping) continue;
    skipping = repeats;
    if (repeats) {
      absl::StrAppend(&text, "\n*");
      continue;
    }
    absl::StrAppend(&text, "\n", absl::Hex(at, absl::kZeroPad8), " ");
    std::string letters;
    for (std::size_t i = 0; i < kRow; ++i) {
      const bool there = i < row.size();
      const auto byte = static_cast<unsigned char>(there ? row[i] : 0);
      absl::StrAppend(&text, i == kRow / 2 ? "  " : " ", there ? absl::StrFormat("%02x", byte) : "  ");
      if (there) letters += absl::ascii_isprint(byte) ? row[i] : '.';
    }
    absl::StrAppend(&text, "  |", letters, "|");
  }
  return text;
}

std::string StoredText(const v1::Answer& answer) {
  std::string text = FormatCount(answer.value(), "byte");
  if (answer.has_fault_counts()) absl::StrAppend(&text, ", ", FaultsText(answer));
  return text;
}

std::string ValueText(AnswerValue kind, const v1::Answer& answer) {
  switch (kind) {
    case AnswerValue::kNothing:
      return "ok";
    case AnswerValue::kNumber:
      return absl::StrCat(answer.value());
    case AnswerValue::kAddress:
      return FormatAddress(answer.value());
    case AnswerValue::kPid:
      return answer.value() == 0 ? "no process" : absl::StrCat("pid ", answer.value());
    case AnswerValue::kFrame:
      return absl::StrCat("frame ", answer.value());
    case AnswerValue::kDescriptor:
      return absl::StrCat("descriptor ", answer.value());
    case AnswerValue::kBytes:
      return answer.has_loaded() ? BytesText(answer) : StoredText(answer);
    case AnswerValue::kOffset:
      return absl::StrCat("offset ", answer.value());
    case AnswerValue::kMinorFaults:
      return FaultsText(answer);
    case AnswerValue::kCache:
      return absl::StrCat("cache ", answer.value());
    case AnswerValue::kObjects:
      return FormatCount(answer.value(), "object");
  }
  return "";
}

// "SIGSEGV (SEGV_MAPERR at 0x1000)".
std::string SignalText(const v1::Signal& signal) {
  return absl::StrCat(client::SignalName(signal.number()), " (", client::SignalCodeName(signal.number(), signal.code()),
                      " at ", FormatAddress(signal.address()), ")");
}

std::string ResultText(AnswerValue kind, const v1::Answer& answer) {
  if (answer.has_misuse()) {
    const absl::string_view reason = v1::ErrorReason_Name(answer.misuse().reason());
    return absl::StrCat("not executed: ", absl::StripPrefix(reason, "ERROR_REASON_"), ": ", answer.misuse().message());
  }
  if (IsInspection(answer)) {
    std::string text = InspectionText(answer);
    if (answer.has_signal()) return absl::StrCat(SignalText(answer.signal()), ": ", text);
    if (answer.error_number() == 0) return text;
    return absl::StrCat(client::ErrorNumberName(answer.error_number()), " (", ErrorText(answer), "): ", text);
  }
  if (answer.has_signal()) {
    const bool faulted = kind == AnswerValue::kMinorFaults && (answer.value() != 0 || answer.has_fault_counts());
    // What precedes a signal was done.
    const bool moved = kind == AnswerValue::kBytes && (answer.value() != 0 || answer.has_fault_counts());
    const std::string before = faulted ? FaultsText(answer) : moved ? ValueText(kind, answer) : "";
    return absl::StrCat(SignalText(answer.signal()), before.empty() ? "" : " after ", before);
  }
  if (answer.error_number() != 0) {
    return absl::StrCat(client::ErrorNumberName(answer.error_number()), " (", ErrorText(answer), ")");
  }
  if (answer.has_resource_limit()) {
    return absl::StrCat("current ", FormatLimit(answer.resource_limit().current()), ", maximum ",
                        FormatLimit(answer.resource_limit().maximum()));
  }
  if (answer.has_concurrent()) return LanesText(answer);
  if (answer.has_residency()) return ResidencyText(answer.residency());
  if (answer.has_cache_stat()) return CacheText(answer.cache_stat());
  if (answer.has_memory_policy()) return PolicyText(answer.memory_policy());
  if (answer.has_shmid_ds()) return SegmentText(answer);
  if (answer.has_shm_limits()) return LimitsText(answer.shm_limits());
  if (answer.has_shm_usage()) return UsageText(answer.shm_usage());
  return ValueText(kind, answer);
}

}  // namespace

std::string AnswerText(absl::string_view operation, const v1::Answer& answer) {
  return absl::StrCat(operation, ": ", ResultText(HintsFor(operation).value, answer));
}

bool Succeeded(const v1::Answer& answer) {
  if (answer.error_number() != 0 || answer.has_signal() || answer.has_misuse()) return false;
  const auto& lanes = answer.concurrent().lanes();
  return std::all_of(lanes.begin(), lanes.end(), [](const v1::LaneAnswer& lane) {
    return std::all_of(lane.answers().begin(), lane.answers().end(), Succeeded);
  });
}

}  // namespace memsim::cli
