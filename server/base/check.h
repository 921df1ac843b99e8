// MEMSIM_CHECK(condition, …): our own bugs stop the program and print the values. Nothing that a client sends may reach
// one.

#ifndef MEMSIM_SERVER_BASE_CHECK_H_
#define MEMSIM_SERVER_BASE_CHECK_H_

#include <cstdio>
#include <cstdlib>

namespace memsim {

[[noreturn]] inline void CheckFailed(const char* file, int line, const char* condition) {
  std::fprintf(stderr, "%s:%d: check failed: %s\n", file, line, condition);
  std::abort();
}

[[noreturn]] inline void CheckFailed(const char* file, int line, const char* condition, unsigned long long a) {
  std::fprintf(stderr, "%s:%d: check failed: %s (%llu = 0x%llx)\n", file, line, condition, a, a);
  std::abort();
}

[[noreturn]] inline void CheckFailed(const char* file, int line, const char* condition, unsigned long long a,
                                     unsigned long long b) {
  std::fprintf(stderr, "%s:%d: check failed: %s (%llu = 0x%llx, %llu = 0x%llx)\n", file, line, condition, a, a, b, b);
  std::abort();
}

}  // namespace memsim

// Up to two integers after the condition are printed when it does not hold.
#define MEMSIM_CHECK(condition, ...)                 \
  (__builtin_expect(static_cast<bool>(condition), 1) \
       ? static_cast<void>(0)                        \
       : ::memsim::CheckFailed(__FILE__, __LINE__, #condition __VA_OPT__(, ) __VA_ARGS__))

#endif  // MEMSIM_SERVER_BASE_CHECK_H_
