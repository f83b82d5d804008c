#include "pep/broker/rate.h"

#include <algorithm>

namespace portreeve::pep {

// Moves the window on so that `second` is its newest.
void RequestRate::Counts::forget_until(std::int64_t second) {
  const std::int64_t steps = std::min(second - newest, kSeconds);
  for (std::int64_t step = 1; step <= steps; ++step) {
    std::uint32_t& slot = by_second[static_cast<std::size_t>((newest + step) % kSeconds)];
    total -= slot;
    slot = 0;
  }
  newest = std::max(newest, second);
  if (steps == kSeconds) {
    by_second.fill(0);
    total = 0;
  }
}

void RequestRate::sweep(std::int64_t second) {
  if (second - swept_ < kSeconds) return;
  swept_ = second;
  std::erase_if(counts_, [&](const auto& entry) { return second - entry.second.newest >= kSeconds; });
}

RequestRate::Verdict RequestRate::admit(const std::string& session, const std::string& secret, std::int64_t most,
                                        std::int64_t now) {
  const std::int64_t second = now / 1000;
  const MutexLock lock(mutex_);
  sweep(second);
  Counts& counts = counts_[session + "\n" + secret];
  counts.forget_until(second);
  if (counts.total < most) {
    ++counts.by_second[static_cast<std::size_t>(second % kSeconds)];
    ++counts.total;
    return {};
  }
  // When enough of the oldest will be out of the window.
  std::int64_t left = counts.total;
  for (std::int64_t age = kSeconds - 1; age >= 0; --age) {
    left -= counts.by_second[static_cast<std::size_t>((second - age + kSeconds * 2) % kSeconds)];
    if (left < most) return {false, kSeconds - age};
  }
  return {false, kSeconds};
}

}  // namespace portreeve::pep
