// The segments of System V shared memory that a trace has brought about, beside the machine's that play them: the
// kernel's ids and the machine's are matched one to one, and so are the pids that shmctl tells of.
//
// Thread-compatible.

#ifndef MEMSIM_CLIENT_REPLAY_TRACED_SEGMENTS_H_
#define MEMSIM_CLIENT_REPLAY_TRACED_SEGMENTS_H_

#include <cstdint>
#include <map>

namespace memsim::replay {

// Numbers that two sides chose for the same things.
class OneToOne {
 public:
  // Whether the two stand for each other; two that nobody has matched yet do from now on.
  bool Match(std::uint64_t of_trace, std::uint64_t of_machine);
  // nullptr: not matched.
  const std::uint64_t* OfMachine(std::uint64_t of_trace) const { return Find(of_machine_, of_trace); }
  const std::uint64_t* OfTrace(std::uint64_t of_machine) const { return Find(of_trace_, of_machine); }

 private:
  using Numbers = std::map<std::uint64_t, std::uint64_t>;
  static const std::uint64_t* Find(const Numbers& numbers, std::uint64_t key) {
    const auto found = numbers.find(key);
    return found == numbers.end() ? nullptr : &found->second;
  }

  Numbers of_machine_;
  Numbers of_trace_;
};

class TracedSegments {
 public:
  OneToOne& ids() { return ids_; }
  OneToOne& pids() { return pids_; }
  // The machine's id of a segment. One that the trace never got is an id that the machine has given to none.
  std::int32_t MachineId(std::int32_t of_trace) const;

 private:
  OneToOne ids_;
  OneToOne pids_;
};

}  // namespace memsim::replay

#endif  // MEMSIM_CLIENT_REPLAY_TRACED_SEGMENTS_H_
