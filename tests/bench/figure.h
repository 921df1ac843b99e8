// How a benchmark says what it measured.
//
// Every benchmark bears the name of a row in rows.txt and has one counter, its figure: seconds for one operation, or
// bytes. measure.py reads it and knows the row's unit and budget.

#ifndef MEMSIM_TESTS_BENCH_FIGURE_H_
#define MEMSIM_TESTS_BENCH_FIGURE_H_

#include <benchmark/benchmark.h>
#include <time.h>

#include <cstdint>

namespace memsim::bench {

// Time that this thread has worked since the stopwatch was made. Not wall-clock time, which on a busy host measures the
// others.
class Stopwatch {
 public:
  Stopwatch() : start_(Now()) {}
  double Seconds() const { return Now() - start_; }

 private:
  static double Now() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
  }

  double start_;
};

// The figure is the time of one operation, of which every iteration does so many.
inline void ReportOperations(benchmark::State& state, std::uint64_t operations_per_iteration) {
  state.counters["figure"] =
      benchmark::Counter(static_cast<double>(operations_per_iteration),
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

inline void ReportFigure(benchmark::State& state, double seconds_or_bytes) {
  state.counters["figure"] = benchmark::Counter(seconds_or_bytes);
}

// --- What the machine and the host's kernel are both made to do, so that they are compared in the same thing.
// Pages that are filled and emptied at once: 64 MiB.
inline constexpr std::uint64_t kAreaPages = 16'384;
// Pages of a process that forks: 512 MiB.
inline constexpr std::uint64_t kForkPages = 131'072;
// Mappings among which one more is made.
inline constexpr std::uint64_t kMappings = 1'000;

}  // namespace memsim::bench

#endif  // MEMSIM_TESTS_BENCH_FIGURE_H_
