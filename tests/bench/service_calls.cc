#include "tests/bench/service_calls.h"

#include <algorithm>

#include "server/base/check.h"
#include "server/kernel/physical/gfp.h"
#include "server/kernel/vm/mman_flags.h"

namespace memsim::bench {
namespace {

constexpr std::uint64_t kPageBytes = 4096;

std::vector<v1::Call> PagesRound(std::uint32_t slot) {
  v1::Call take;
  take.set_store_as(slot);
  take.mutable_alloc_pages()->set_gfp_mask(kGfpKernel);
  v1::Call give;
  give.mutable_free_pages()->set_frame_number_slot(slot);
  return {take, give};
}

std::vector<v1::Call> MemoryRound(std::uint32_t pid, std::uint32_t slot) {
  v1::Call map;
  map.set_store_as(slot);
  map.mutable_mmap()->set_pid(pid);
  map.mutable_mmap()->set_length_bytes(kPageBytes);
  map.mutable_mmap()->set_prot(kProtRead | kProtWrite);
  map.mutable_mmap()->set_flags(kMapPrivate | kMapAnonymous);
  v1::Call touch;
  touch.mutable_touch()->set_pid(pid);
  touch.mutable_touch()->set_address_slot(slot);
  touch.mutable_touch()->set_access(v1::ACCESS_KIND_WRITE);
  touch.mutable_touch()->set_page_count(1);
  v1::Call unmap;
  unmap.mutable_munmap()->set_pid(pid);
  unmap.mutable_munmap()->set_address_slot(slot);
  unmap.mutable_munmap()->set_length_bytes(kPageBytes);
  return {map, touch, unmap};
}

}  // namespace

std::vector<v1::Call> Round(Mix mix, std::uint32_t pid, std::uint32_t slot) {
  return mix == Mix::kPages ? PagesRound(slot) : MemoryRound(pid, slot);
}

std::vector<v1::Call> Batch(Mix mix, std::uint32_t pid, std::uint32_t slot) {
  const std::vector<v1::Call> round = Round(mix, pid, slot);
  std::vector<v1::Call> calls;
  while (calls.size() + round.size() <= kCallsPerBatch) calls.insert(calls.end(), round.begin(), round.end());
  v1::Call nothing;
  nothing.mutable_brk()->set_pid(pid);
  calls.resize(kCallsPerBatch, nothing);
  return calls;
}

const Operation& OperationOf(const v1::Call& call) {
  const std::vector<Operation>& all = Operations();
  const auto found = std::find_if(all.begin(), all.end(), [&call](const Operation& operation) {
    return operation.field->number() == static_cast<int>(call.operation_case());
  });
  MEMSIM_CHECK(found != all.end(), call.operation_case());
  return *found;
}

void FillLikeAMachine(v1::Call::OperationCase operation, std::uint64_t sequence, v1::Answer& answer) {
  constexpr std::uint64_t kFrame = 0x0010'0000;
  constexpr std::uint64_t kAddress = 0x7f12'3456'7000;
  constexpr std::uint64_t kNanosecondsPerCall = 200;
  if (operation == v1::Call::kAllocPages) answer.set_value(kFrame);
  if (operation == v1::Call::kMmap || operation == v1::Call::kBrk) answer.set_value(kAddress);
  if (operation == v1::Call::kTouch) answer.set_value(1);
  answer.set_sequence(sequence);
  answer.set_virtual_time_ns(sequence * kNanosecondsPerCall);
  answer.set_duration_ns(kNanosecondsPerCall);
}

}  // namespace memsim::bench
