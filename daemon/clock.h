// Where clocks are read, and nowhere else: the engine has none, and programs pass a Clock to what needs the time.
#pragma once

#include <atomic>
#include <cstdint>

#include "engine/base/time.h"

namespace portreeve::daemon {

// The time of day and a clock that never jumps. const use is thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  // The time of day (UTC). May jump, also backwards.
  virtual Timestamp now() const = 0;
  // Microseconds since some fixed point, never falling: for latencies.
  virtual std::int64_t steady_micros() const = 0;
  // The same in milliseconds: for deadlines.
  std::int64_t steady_millis() const { return steady_micros() / 1000; }
};

// The machine's clocks. No allocation, no system call (vDSO).
class SystemClock final : public Clock {
 public:
  Timestamp now() const override;
  std::int64_t steady_micros() const override;
};

// A clock that stands still until told otherwise. set() and advance() are thread-safe as well.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Timestamp start) : millis_(start.unix_millis()) {}
  Timestamp now() const override { return Timestamp::from_unix_millis(millis_.load()); }
  std::int64_t steady_micros() const override { return steady_.load() * 1000; }
  // Sets the time of day, to the millisecond; the steady clock does not move.
  void set(Timestamp time) { millis_.store(time.unix_millis()); }
  // Moves both clocks forward.
  void advance(Millis span) {
    millis_.fetch_add(span.count());
    steady_.fetch_add(span.count());
  }

 private:
  std::atomic<std::int64_t> millis_;
  std::atomic<std::int64_t> steady_{0};
};

}  // namespace portreeve::daemon
