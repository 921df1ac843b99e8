#include "server/calls/answer_digest.h"

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

#include "server/base/check.h"

namespace memsim {
namespace {

void AddSegment(const v1::ShmidDs& segment, Digest& digest) {
  digest.Add(static_cast<std::uint64_t>(static_cast<std::uint32_t>(segment.key())) << 32 | segment.mode());
  digest.Add(static_cast<std::uint64_t>(segment.uid()) << 32 | segment.gid());
  digest.Add(static_cast<std::uint64_t>(segment.creator_uid()) << 32 | segment.creator_gid());
  for (const std::uint64_t number :
       {std::uint64_t{segment.sequence_number()}, segment.size_bytes(), segment.attach_count(), segment.creator_pid(),
        segment.last_pid(), segment.attach_time_s(), segment.detach_time_s(), segment.change_time_s()}) {
    digest.Add(number);
  }
}

void AddPolicy(const v1::MemoryPolicy& policy, Digest& digest) {
  digest.Add(std::uint64_t{policy.policy()});
  digest.Add(policy.has_node() ? std::uint64_t{policy.node()} + 1 : 0);
  for (const std::uint64_t word : policy.nodemask()) digest.Add(word);
}

// Every field that is set, in the order of numbers, as its number and its value; a message as its fields and an end.
void AddMessage(const google::protobuf::Message& message, Digest& digest);

void AddField(const google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field, int index,
              Digest& digest) {
  using Field = google::protobuf::FieldDescriptor;
  const google::protobuf::Reflection& read = *message.GetReflection();
  const bool many = field.is_repeated();
  digest.Add(static_cast<std::uint64_t>(field.number()));
  switch (field.cpp_type()) {
    case Field::CPPTYPE_UINT64:
      return digest.Add(many ? read.GetRepeatedUInt64(message, &field, index) : read.GetUInt64(message, &field));
    case Field::CPPTYPE_UINT32:
      return digest.Add(many ? read.GetRepeatedUInt32(message, &field, index) : read.GetUInt32(message, &field));
    case Field::CPPTYPE_BOOL:
      return digest.Add(std::uint64_t{read.GetBool(message, &field)});
    case Field::CPPTYPE_ENUM:
      return digest.Add(static_cast<std::uint64_t>(read.GetEnumValue(message, &field)));
    case Field::CPPTYPE_STRING:
      return digest.Add(absl::string_view(read.GetString(message, &field)));
    case Field::CPPTYPE_MESSAGE:
      return AddMessage(many ? read.GetRepeatedMessage(message, &field, index) : read.GetMessage(message, &field),
                        digest);
    default:
      // No inspection has another type.
      MEMSIM_CHECK(false, static_cast<std::uint64_t>(field.number()));
  }
}

void AddMessage(const google::protobuf::Message& message, Digest& digest) {
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const auto* field : fields) {
    const int count = field->is_repeated() ? message.GetReflection()->FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) AddField(message, *field, i, digest);
  }
  digest.Add(std::uint64_t{0});
}

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
    case v1::Answer::kCacheStat:
      digest.Add(answer.cache_stat().nr_cache());
      digest.Add(answer.cache_stat().nr_dirty());
      digest.Add(answer.cache_stat().nr_writeback());
      digest.Add(answer.cache_stat().nr_evicted());
      return digest.Add(answer.cache_stat().nr_recently_evicted());
    case v1::Answer::kMemoryPolicy:
      return AddPolicy(answer.memory_policy(), digest);
    case v1::Answer::kShmidDs:
      return AddSegment(answer.shmid_ds(), digest);
    case v1::Answer::kShmLimits:
      digest.Add(answer.shm_limits().max_size_bytes());
      digest.Add(answer.shm_limits().min_size_bytes());
      digest.Add(answer.shm_limits().max_segments());
      digest.Add(answer.shm_limits().max_segments_per_process());
      return digest.Add(answer.shm_limits().max_pages());
    case v1::Answer::kShmUsage:
      digest.Add(std::uint64_t{answer.shm_usage().segments()});
      digest.Add(answer.shm_usage().pages());
      return digest.Add(answer.shm_usage().resident_pages());
    case v1::Answer::kLoaded:
      digest.Add(absl::string_view(answer.loaded().data()));
      digest.Add(answer.loaded().minor_faults());
      return digest.Add(answer.loaded().major_faults());
    case v1::Answer::kVmaLookup:
      return AddMessage(answer.vma_lookup(), digest);
    case v1::Answer::kUnmappedAreaSearch:
      return AddMessage(answer.unmapped_area_search(), digest);
    case v1::Answer::kMmStruct:
      return AddMessage(answer.mm_struct(), digest);
    case v1::Answer::kMmList:
      return AddMessage(answer.mm_list(), digest);
    case v1::Answer::kReverseMap:
      return AddMessage(answer.reverse_map(), digest);
    case v1::Answer::kExplanation:
      return AddMessage(answer.explanation(), digest);
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
