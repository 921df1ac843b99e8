// What a Machine's method would have said, from the Answer.

#ifndef MEMSIM_TESTS_MODEL_ANSWER_VALUES_H_
#define MEMSIM_TESTS_MODEL_ANSWER_VALUES_H_

#include <optional>
#include <type_traits>

#include "memsim/v1/answer.pb.h"
#include "server/base/errno.h"
#include "server/kernel/slab/slab_refusal.h"

namespace memsim {

inline Errno ErrorOf(const v1::Answer& answer) { return static_cast<Errno>(answer.error_number()); }

template <typename T>
ErrnoOr<T> ValueOf(const v1::Answer& answer) {
  if (answer.error_number() != 0) return ErrorOf(answer);
  if constexpr (std::is_same_v<T, int>) {
    return static_cast<int>(answer.value());
  } else {
    return T(static_cast<typename T::Representation>(answer.value()));
  }
}

inline std::optional<SlabRefusal> SlabRefusalOf(const v1::Answer& answer) {
  if (!answer.has_slab_refusal()) return std::nullopt;
  // In the same order, behind UNSPECIFIED.
  return static_cast<SlabRefusal>(answer.slab_refusal() - 1);
}

}  // namespace memsim

#endif  // MEMSIM_TESTS_MODEL_ANSWER_VALUES_H_
