// Instants and spans of time as types. Nothing here reads a clock: the engine has none, callers pass the time in.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace portreeve {

using Seconds = std::chrono::seconds;
using Millis = std::chrono::milliseconds;

// An instant on the UTC time line, to the nanosecond, from 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999999Z
// (the range of RFC 3339 and of CEL). A value.
class Timestamp {
 public:
  constexpr Timestamp() = default;  // 1970-01-01T00:00:00Z

  // Requires: -62135596800 <= seconds <= 253402300799 and 0 <= nanos < 1000000000.
  static constexpr Timestamp from_unix(std::int64_t seconds, std::int32_t nanos = 0) {
    Timestamp t;
    t.seconds_ = seconds;
    t.nanos_ = nanos;
    return t;
  }
  static constexpr Timestamp from_unix_millis(std::int64_t millis) {
    const std::int64_t seconds = millis >= 0 ? millis / 1000 : -((999 - millis) / 1000);
    return from_unix(seconds, static_cast<std::int32_t>(millis - seconds * 1000) * 1'000'000);
  }
  static Timestamp from(std::chrono::system_clock::time_point point);

  // Parses RFC 3339 with a zone (`Z` or ±hh:mm); up to nine digits of fraction. Fails with what would be right.
  static Result<Timestamp> parse(std::string_view text);

  constexpr std::int64_t unix_seconds() const { return seconds_; }
  constexpr std::int32_t nanos() const { return nanos_; }
  constexpr std::int64_t unix_millis() const { return seconds_ * 1000 + nanos_ / 1'000'000; }

  // Saturates at the ends of the range.
  Timestamp plus(Seconds span) const;

  friend constexpr auto operator<=>(const Timestamp&, const Timestamp&) = default;

 private:
  std::int64_t seconds_ = 0;
  std::int32_t nanos_ = 0;
};

inline constexpr std::int64_t kMinUnixSeconds = -62'135'596'800;
inline constexpr std::int64_t kMaxUnixSeconds = 253'402'300'799;

// RFC 3339 in UTC with `Z`; the shortest of 0, 3, 6 or 9 fraction digits that loses nothing.
std::string to_rfc3339(Timestamp time);
// RFC 3339 in UTC with exactly three fraction digits (cut, not rounded): the form of records and answers.
std::string to_rfc3339_millis(Timestamp time);

// A span written the policy language's way: one or more of `<digits>(d|h|m|s)` in falling order of unit, as in `1h30m`.
// A bare number, zero, or more than 3650 days is an error.
Result<Seconds> parse_duration(std::string_view text);

// A size: `<digits>` with one of B, KiB, MiB, GiB, TiB, kB, MB, GB, TB. A bare number, zero or more than 2^53 is an
// error.
Result<std::int64_t> parse_byte_size(std::string_view text);

}  // namespace portreeve
