#include "client/cli/event_lines.h"

#include "absl/strings/str_format.h"

namespace memsim::cli {

std::string EventLine(const v1::Event& event, std::size_t name_width) {
  constexpr std::uint64_t kNanosecondsPerSecond = 1'000'000'000;
  const std::uint64_t time = event.virtual_time_ns();
  const std::string text = event.text().empty() ? "" : " " + event.text();
  return absl::StrFormat("%16s %6u [%03u] %5u.%06u: %*s:%s\n", event.comm(), event.pid(), event.cpu(),
                         time / kNanosecondsPerSecond, time % kNanosecondsPerSecond / 1000,
                         static_cast<int>(name_width), event.name(), text);
}

}  // namespace memsim::cli
