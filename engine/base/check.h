// Our own bugs, as opposed to bad input: never use these on anything a peer can cause.
#pragma once

#include <cstdint>

namespace portreeve {

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

// Counts a state that cannot be, and was. In sanitizer and debug builds it aborts instead.
void count_unreachable(const char* file, int line);
// How often count_unreachable was called in this process; exported as a metric. Any thread.
std::uint64_t unreachable_count();

}  // namespace portreeve

#define CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::portreeve::check_failed(#condition, __FILE__, __LINE__))

#ifdef NDEBUG
#define DCHECK(condition) static_cast<void>(0)
#else
#define DCHECK(condition) CHECK(condition)
#endif

// Stands where control cannot come: aborts in debug builds, in release counts it and returns `denial`.
#define UNREACHABLE_DENY(denial)                        \
  do {                                                  \
    ::portreeve::count_unreachable(__FILE__, __LINE__); \
    return denial;                                      \
  } while (false)
