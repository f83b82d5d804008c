#include "engine/base/check.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace portreeve {
namespace {
constinit std::atomic<std::uint64_t> unreachable_states{0};
}  // namespace

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: CHECK failed: %s\n", file, line, condition);
  std::abort();
}

void count_unreachable(const char* file, int line) {
#ifdef NDEBUG
  static_cast<void>(file);
  static_cast<void>(line);
  unreachable_states.fetch_add(1, std::memory_order_relaxed);
#else
  check_failed("unreachable", file, line);
#endif
}

std::uint64_t unreachable_count() { return unreachable_states.load(std::memory_order_relaxed); }

}  // namespace portreeve
