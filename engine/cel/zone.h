// Time zones as data: handed in by the loader, so that judging never reads a file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace portreeve::cel {

// The offsets of one time zone over all time. An immutable value; const use is thread-safe.
class Zone {
 public:
  // UTC.
  Zone() = default;

  // Reads a TZif file (RFC 8536, versions 1 to 4): its 64-bit transitions and its footer's rule for the time after
  // them. Fails with what is wrong; any bytes may be given; at most limits::kTzifBytes.
  static Result<Zone> parse_tzif(std::span<const std::byte> bytes);

  // `UTC`, `Z`, `+02:00`, `-09:30`, `02:00`: names that need no zone data. nullopt for any other.
  static std::optional<Zone> fixed(std::string_view name);

  // Seconds east of UTC at that instant. O(log transitions), no allocation. Requires: an instant of Timestamp's range.
  std::int32_t offset_at(std::int64_t unix_seconds) const;

  struct Transition {
    std::int64_t unix_seconds;
    std::int32_t offset;  // in force from then on
    friend bool operator==(const Transition&, const Transition&) = default;
  };
  const std::vector<Transition>& transitions() const { return transitions_; }

  friend bool operator==(const Zone&, const Zone&) = default;

  // When a footer's rule changes the clock: a day of the year, and a time of that day in seconds of local time.
  struct RuleDay {
    enum class Form : std::uint8_t { julian_no_leap, day_of_year, month_week_day };
    Form form = Form::day_of_year;
    std::int32_t day = 0;  // kJulianNoLeap 1..365, kDayOfYear 0..365, kMonthWeekDay 0..6 from Sunday
    std::int32_t month = 0;
    std::int32_t week = 0;  // 5: the last
    std::int32_t seconds = 7200;
    friend bool operator==(const RuleDay&, const RuleDay&) = default;
  };
  struct Rule {
    std::int32_t standard_offset = 0;
    std::int32_t daylight_offset = 0;
    bool has_daylight = false;
    RuleDay daylight_starts;
    RuleDay daylight_ends;
    friend bool operator==(const Rule&, const Rule&) = default;
  };

 private:
  std::int32_t first_offset_ = 0;  // before the first transition
  std::vector<Transition> transitions_;
  std::optional<Rule> rule_;  // from the last transition on
};

// Reads a POSIX TZ string with RFC 8536's extension of hours to ±167, as a TZif footer holds it:
// `CET-1CEST,M3.5.0,M10.5.0/3`.
Result<Zone::Rule> parse_posix_rule(std::string_view text);
// The rule's offset at that instant. Requires: as Zone::offset_at.
std::int32_t rule_offset_at(const Zone::Rule& rule, std::int64_t unix_seconds);

}  // namespace portreeve::cel
