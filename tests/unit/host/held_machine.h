// A machine that stands still while a test looks.

#ifndef MEMSIM_TESTS_UNIT_HOST_HELD_MACHINE_H_
#define MEMSIM_TESTS_UNIT_HOST_HELD_MACHINE_H_

#include <future>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"

#include "server/host/host.h"

namespace memsim {

// Holds a machine in its turn, with its worker, until it is released.
class HeldMachine {
 public:
  HeldMachine(Host& host, const std::string& name) {
    auto held = std::make_shared<std::promise<void>>();
    std::future<void> is_held = held->get_future();
    std::shared_future<void> released = release_.get_future().share();
    host.Inspect(name, [held, released](const absl::StatusOr<const Machine*>& machine) {
      EXPECT_TRUE(machine.ok()) << machine.status();
      held->set_value();
      if (machine.ok()) released.wait();
    });
    is_held.wait();
  }
  ~HeldMachine() { Release(); }
  HeldMachine(const HeldMachine&) = delete;
  HeldMachine& operator=(const HeldMachine&) = delete;

  void Release() {
    if (!std::exchange(released_, true)) release_.set_value();
  }

 private:
  std::promise<void> release_;
  bool released_ = false;
};

}  // namespace memsim

#endif  // MEMSIM_TESTS_UNIT_HOST_HELD_MACHINE_H_
