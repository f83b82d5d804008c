// `requestsPerMinute`: how often a session spends a secret.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "engine/base/mutex.h"

namespace portreeve::pep {

// Counts requests by (session, secret) over the last minute, in whole seconds: never more than `most` in any sixty
// seconds. Any thread. Forgets keys that were idle for a minute; O(1) but for that.
class RequestRate {
 public:
  struct Verdict {
    bool admitted = true;
    std::int64_t retry_after = 0;  // seconds, where not admitted
  };
  // `now`: steady milliseconds.
  Verdict admit(const std::string& session, const std::string& secret, std::int64_t most, std::int64_t now);

 private:
  static constexpr std::int64_t kSeconds = 61;  // the last sixty and the one begun
  struct Counts {
    std::array<std::uint32_t, kSeconds> by_second{};
    std::int64_t newest = 0;
    std::int64_t total = 0;
    void forget_until(std::int64_t second);
  };
  void sweep(std::int64_t second);

  Mutex mutex_;
  std::unordered_map<std::string, Counts> counts_ GUARDED_BY(mutex_);
  std::int64_t swept_ GUARDED_BY(mutex_) = 0;
};

}  // namespace portreeve::pep
