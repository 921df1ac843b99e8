// The events that a machine has told of and nobody has taken yet.
//
// Observation, not state: it is in no digest, no answer depends on it, and a copy of the machine that holds it has an
// empty one. It is made when somebody begins to listen and freed when nobody does; until then an emission point is a
// bit that is not set.
//
// Thread-compatible. Invariant: no more than kMaxRecords are kept; those that came when it was full are counted.

#ifndef MEMSIM_SERVER_KERNEL_OBSERVE_TRACE_RING_H_
#define MEMSIM_SERVER_KERNEL_OBSERVE_TRACE_RING_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/strings/string_view.h"

#include "server/base/units.h"
#include "server/kernel/observe/tracepoint.h"
#include "server/kernel/observe/tracepoint_set.h"

namespace memsim {

// One event. Plain data.
struct TraceRecord {
  Nanoseconds time;
  Pid pid;
  // The task's name, as a number of the batch's strings.
  std::uint32_t comm = 0;
  CpuId cpu;
  Tracepoint point = Tracepoint::kCount;
  // As many as the tracepoint has; texts are numbers of the batch's strings.
  std::array<std::uint64_t, kMaxTraceFields> fields;
};

// What was told between two visits.
struct TraceBatch {
  // In the order in which the machine told of them, which is that of their times on each CPU but for what its kernel
  // threads do: that takes none of the CPU's time (Cpus::TakeBack), so the next event may be an earlier one.
  std::vector<TraceRecord> records;
  std::vector<std::string> strings;
  // By tracepoint, those that came when the ring was full.
  std::array<std::uint64_t, kTracepointCount> lost = {};
};

class TraceRing {
 public:
  // 3 MiB: what some thousand faults have to tell, if somebody wants to know all of it.
  static constexpr std::size_t kMaxRecords = 32768;
  // A longer text, as only paths may be, is cut off.
  static constexpr std::size_t kMaxTextBytes = 256;

  TraceRing() = default;
  // Nobody listens to a copy.
  TraceRing(const TraceRing& /*other*/) {}
  TraceRing& operator=(const TraceRing&) = delete;

  // Which events are kept from now on. None: what is there is dropped, and the memory freed.
  void Listen(const TracepointSet& points);
  bool listening() const { return kept_ != nullptr; }
  bool enabled(Tracepoint point) const { return enabled_.Contains(point); }

  // The task on whose behalf the machine works from now on. 0: nobody's, as the idle task works.
  void SetTask(Pid pid, absl::string_view comm) {
    if (listening()) [[unlikely]]
      KeepTask(pid, comm);
  }

  // REQUIRES: listening(), and as many fields as the tracepoint has.
  void Add(Tracepoint point, Nanoseconds time, CpuId cpu, std::initializer_list<std::uint64_t> fields);
  // A text as a field.
  std::uint64_t Intern(absl::string_view text);
  template <typename Field>
  std::uint64_t ToField(const Field& field) {
    if constexpr (std::is_convertible_v<Field, absl::string_view>) {
      return Intern(field);
    } else if constexpr (std::is_arithmetic_v<Field> || std::is_enum_v<Field>) {
      return static_cast<std::uint64_t>(field);
    } else {
      return field.value();
    }
  }

  // How many wait.
  std::size_t size() const { return kept_ == nullptr ? 0 : kept_->batch.records.size(); }
  // Whether it should be emptied at the next opportunity.
  bool half_full() const { return size() >= kMaxRecords / 2; }
  // Empties it.
  TraceBatch Take();

  ByteCount HostMemory() const;

 private:
  struct Kept {
    TraceBatch batch;
    std::map<std::string, std::uint32_t, std::less<>> numbers;
    std::size_t text_bytes = 0;
    Pid pid;
    std::string comm;
    // comm among the batch's strings, once it is there.
    std::optional<std::uint32_t> comm_number;
  };

  void KeepTask(Pid pid, absl::string_view comm);

  // The idle task's name.
  static constexpr absl::string_view kIdleComm = "swapper";

  TracepointSet enabled_;
  // Null: nobody listens.
  std::unique_ptr<Kept> kept_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_OBSERVE_TRACE_RING_H_
