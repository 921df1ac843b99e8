#include "server/calls/answer_digest.h"

#include <cstdint>

#include "absl/strings/string_view.h"

namespace memsim {
namespace {

void AddDetail(const v1::Answer& answer, Digest& digest) {
  switch (answer.detail_case()) {
    case v1::Answer::kFaultCounts:
      digest.Add(answer.fault_counts().minor_faults());
      return digest.Add(answer.fault_counts().major_faults());
    case v1::Answer::kResourceLimit:
      digest.Add(answer.resource_limit().current());
      return digest.Add(answer.resource_limit().maximum());
    case v1::Answer::kFreeRefusal:
      return digest.Add(static_cast<std::uint64_t>(answer.free_refusal()));
    case v1::Answer::kSlabRefusal:
      return digest.Add(static_cast<std::uint64_t>(answer.slab_refusal()));
    case v1::Answer::kLiveObjects:
      return digest.Add(answer.live_objects());
    case v1::Answer::kResidency:
      return digest.Add(absl::string_view(answer.residency()));
    case v1::Answer::kConcurrent:
      digest.Add(static_cast<std::uint64_t>(answer.concurrent().lanes_size()));
      for (const v1::LaneAnswer& lane : answer.concurrent().lanes()) {
        digest.Add(lane.cpu());
        digest.Add(lane.end_time_ns());
      }
      return;
    case v1::Answer::kMisuse:
    case v1::Answer::DETAIL_NOT_SET:
      return;
  }
}

}  // namespace

void AddAnswer(const v1::Answer& answer, Digest& digest) {
  const auto error = static_cast<std::uint32_t>(answer.error_number());
  digest.Add(static_cast<std::uint64_t>(error) << 32 | static_cast<std::uint64_t>(answer.detail_case()) << 1 |
             static_cast<std::uint64_t>(answer.has_signal()));
  digest.Add(answer.value());
  digest.Add(answer.virtual_time_ns());
  digest.Add(answer.duration_ns());
  if (answer.has_signal()) {
    digest.Add(static_cast<std::uint64_t>(answer.signal().number()));
    digest.Add(static_cast<std::uint64_t>(answer.signal().code()));
    digest.Add(answer.signal().address());
  }
  AddDetail(answer, digest);
}

}  // namespace memsim
