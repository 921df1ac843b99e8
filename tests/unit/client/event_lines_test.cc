#include "client/cli/event_lines.h"

#include "gtest/gtest.h"

namespace memsim::cli {
namespace {

TEST(EventLineTest, ColumnsAreThoseOfPerfScript) {
  v1::Event event;
  event.set_comm("bash");
  event.set_pid(7);
  event.set_cpu(1);
  event.set_virtual_time_ns(12'000'034'999);
  event.set_name("kmem:kfree");
  event.set_text("call_site=kernel ptr=0x10");
  EXPECT_EQ(EventLine(event, 12),
            "            bash      7 [001]    12.000034:   kmem:kfree: call_site=kernel ptr=0x10\n");
}

TEST(EventLineTest, AnEventWithoutATextEndsWithItsName) {
  v1::Event event;
  event.set_comm("swapper");
  event.set_name("syscalls:sys_enter_fork");
  EXPECT_EQ(EventLine(event, 0), "         swapper      0 [000]     0.000000: syscalls:sys_enter_fork:\n");
}

}  // namespace
}  // namespace memsim::cli
