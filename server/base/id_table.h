// Values by id, where the id of a value that is gone is given to another.
//
// Ids count from 1, and 0 names nothing. Of the ids that are free the last freed is given first; only when there is
// none the table grows. So which ids come next is part of a machine's state: values() and free_ids() tell all of it.
//
// The values lie side by side in one vector: a lookup is one comparison and one addition, and references hold until a
// value is added. A table of values that must not move holds pointers to them.
//
// Thread-compatible. Invariants (CheckInvariants verifies them): no id is free twice, or was never given; given_ is
// values_.size().

#ifndef MEMSIM_SERVER_BASE_ID_TABLE_H_
#define MEMSIM_SERVER_BASE_ID_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "server/base/check.h"
#include "server/base/units.h"

namespace memsim {

// Id: a Unit of std::uint32_t.
template <typename Id, typename T>
class IdTable {
 public:
  IdTable() = default;
  // One that was moved from would still know how many ids it gave.
  IdTable(const IdTable&) = delete;
  IdTable& operator=(const IdTable&) = delete;

  Id Add(T value) {
    if (free_.empty()) {
      // By half, not to the double: a server has many machines, most of them small.
      if (values_.size() == values_.capacity()) values_.reserve(values_.size() + values_.size() / 2 + 1);
      values_.push_back(std::move(value));
      return Id(++given_);
    }
    const Id id = free_.back();
    free_.pop_back();
    values_[id.value() - 1] = std::move(value);
    return id;
  }
  // Frees the id. The value stays as its owner left it until the id is given again. REQUIRES: the id is not free.
  void Remove(Id id) {
    MEMSIM_CHECK(Contains(id), id.value());
    free_.push_back(id);
  }

  // REQUIRES: the id was given once. Whether it is free by now only the value can tell.
  T& operator[](Id id) {
    MEMSIM_CHECK(Contains(id), id.value());
    return values_[id.value() - 1];
  }
  const T& operator[](Id id) const {
    MEMSIM_CHECK(Contains(id), id.value());
    return values_[id.value() - 1];
  }

  // How many ids are not free.
  std::size_t size() const { return values_.size() - free_.size(); }
  // By id, from 1; what the free ids had is among them.
  const std::vector<T>& values() const { return values_; }
  // The one to be given next is the last.
  const std::vector<Id>& free_ids() const { return free_; }

  // Without what the values point to.
  ByteCount HostMemory() const { return ByteCount(values_.capacity() * sizeof(T) + free_.capacity() * sizeof(Id)); }

  void CheckInvariants() const {
    MEMSIM_CHECK(given_ == values_.size(), given_, values_.size());
    std::vector<bool> is_free(values_.size());
    for (const Id id : free_) {
      MEMSIM_CHECK(Contains(id) && !is_free[id.value() - 1], id.value());
      is_free[id.value() - 1] = true;
    }
  }

 private:
  // 0 wraps round to more than there can be.
  bool Contains(Id id) const { return id.value() - 1U < given_; }

  std::vector<T> values_;
  // How many ids there are, free ones too: the vector itself would have to divide for each lookup.
  std::uint32_t given_ = 0;
  std::vector<Id> free_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_BASE_ID_TABLE_H_
