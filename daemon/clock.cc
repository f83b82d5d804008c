#include "daemon/clock.h"

#include <chrono>

namespace portreeve::daemon {

Timestamp SystemClock::now() const { return Timestamp::from(std::chrono::system_clock::now()); }

std::int64_t SystemClock::steady_micros() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace portreeve::daemon
