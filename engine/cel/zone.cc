#include "engine/cel/zone.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "engine/base/text.h"

namespace portreeve::cel {
namespace {

constexpr std::int32_t kHour = 3600;
constexpr std::int64_t kDay = 86'400;

// Two digits; -1 where there are none.
int two_digits(std::string_view text, std::size_t at) {
  if (at + 2 > text.size() || text[at] < '0' || text[at] > '9' || text[at + 1] < '0' || text[at + 1] > '9') return -1;
  return (text[at] - '0') * 10 + (text[at + 1] - '0');
}

}  // namespace

std::optional<Zone> Zone::fixed(std::string_view name) {
  if (name == "UTC" || name == "Z") return Zone();
  const bool negative = name.starts_with('-');
  std::string_view digits = name;
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  const int hours = two_digits(digits, 0);
  const int minutes = two_digits(digits, 3);
  if (digits.size() != 5 || digits[2] != ':' || hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
    return std::nullopt;
  Zone zone;
  zone.first_offset_ = (negative ? -1 : 1) * (hours * kHour + minutes * 60);
  return zone;
}

std::int32_t Zone::offset_at(std::int64_t unix_seconds) const {
  if (rule_ && (transitions_.empty() || unix_seconds >= transitions_.back().unix_seconds)) {
    return rule_offset_at(*rule_, unix_seconds);
  }
  const auto after =
      std::upper_bound(transitions_.begin(), transitions_.end(), unix_seconds,
                       [](std::int64_t t, const Transition& transition) { return t < transition.unix_seconds; });
  return after == transitions_.begin() ? first_offset_ : std::prev(after)->offset;
}

namespace {

// Seconds of local time from 1970 to the rule's day and time in that year.
std::int64_t local_seconds(const Zone::RuleDay& day, std::chrono::year year) {
  namespace chrono = std::chrono;
  const auto days = [](chrono::sys_days d) { return std::int64_t{d.time_since_epoch().count()}; };
  const std::int64_t first = days(chrono::sys_days(year / chrono::January / 1));
  std::int64_t found = first;
  switch (day.form) {
    case Zone::RuleDay::Form::day_of_year:
      found = first + day.day;
      break;
    case Zone::RuleDay::Form::julian_no_leap:  // 29 February is never counted: 60 is always 1 March
      found = first + day.day - 1 + (year.is_leap() && day.day >= 60 ? 1 : 0);
      break;
    case Zone::RuleDay::Form::month_week_day: {
      const chrono::month month(static_cast<unsigned>(day.month));
      const chrono::weekday weekday(static_cast<unsigned>(day.day));
      found = day.week == 5 ? days(chrono::sys_days(year / month / weekday[chrono::last]))
                            : days(chrono::sys_days(year / month / weekday[static_cast<unsigned>(day.week)]));
      break;
    }
  }
  return found * kDay + day.seconds;
}

}  // namespace

std::int32_t rule_offset_at(const Zone::Rule& rule, std::int64_t unix_seconds) {
  namespace chrono = std::chrono;
  if (!rule.has_daylight) return rule.standard_offset;
  const chrono::sys_seconds local{chrono::seconds(unix_seconds + rule.standard_offset)};
  const chrono::year year = chrono::year_month_day(chrono::floor<chrono::days>(local)).year();
  const std::int64_t starts = local_seconds(rule.daylight_starts, year) - rule.standard_offset;
  const std::int64_t ends = local_seconds(rule.daylight_ends, year) - rule.daylight_offset;
  const bool daylight =
      starts < ends ? starts <= unix_seconds && unix_seconds < ends : !(ends <= unix_seconds && unix_seconds < starts);
  return daylight ? rule.daylight_offset : rule.standard_offset;
}

namespace {

// Reads a POSIX TZ string from the left. A function that returns false has found something else.
class RuleReader {
 public:
  explicit RuleReader(std::string_view text) : rest_(text) {}

  bool read(Zone::Rule& rule) {
    if (!name() || !offset(24, rule.standard_offset)) return false;
    rule.standard_offset = -rule.standard_offset;  // POSIX counts westwards
    if (rest_.empty()) return true;
    rule.has_daylight = true;
    rule.daylight_offset = rule.standard_offset + kHour;
    if (!name()) return false;
    if (!rest_.starts_with(',')) {
      if (!offset(24, rule.daylight_offset)) return false;
      rule.daylight_offset = -rule.daylight_offset;
    }
    return day(rule.daylight_starts) && day(rule.daylight_ends) && rest_.empty();
  }

 private:
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool name() {
    const bool quoted = take('<');
    std::size_t length = 0;
    const auto fits = [&](char c) {
      const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      return letter || (quoted && ((c >= '0' && c <= '9') || c == '+' || c == '-'));
    };
    while (length < rest_.size() && fits(rest_[length])) ++length;
    rest_.remove_prefix(length);
    return length >= 3 && (!quoted || take('>'));
  }

  bool number(std::int32_t most, std::int32_t& value) {
    std::size_t length = 0;
    value = 0;
    while (length < rest_.size() && length < 4 && rest_[length] >= '0' && rest_[length] <= '9') {
      value = value * 10 + (rest_[length++] - '0');
    }
    rest_.remove_prefix(length);
    return length > 0 && value <= most;
  }

  // [+-]hh[:mm[:ss]]
  bool offset(std::int32_t most_hours, std::int32_t& seconds) {
    const bool negative = take('-');
    if (!negative) take('+');
    std::int32_t hours = 0;
    std::int32_t minutes = 0;
    std::int32_t rest = 0;
    if (!number(most_hours, hours)) return false;
    if (take(':') && !number(59, minutes)) return false;
    if (take(':') && !number(59, rest)) return false;
    seconds = (negative ? -1 : 1) * (hours * kHour + minutes * 60 + rest);
    return true;
  }

  // ,Mm.w.d or ,Jn or ,n, each with /time
  bool day(Zone::RuleDay& day) {
    if (!take(',')) return false;
    if (take('M')) {
      day.form = Zone::RuleDay::Form::month_week_day;
      if (!number(12, day.month) || day.month < 1 || !take('.')) return false;
      if (!number(5, day.week) || day.week < 1 || !take('.')) return false;
      if (!number(6, day.day)) return false;
    } else if (take('J')) {
      day.form = Zone::RuleDay::Form::julian_no_leap;
      if (!number(365, day.day) || day.day < 1) return false;
    } else if (!number(365, day.day)) {
      return false;
    }
    return !take('/') || offset(167, day.seconds);
  }

  std::string_view rest_;
};

}  // namespace

Result<Zone::Rule> parse_posix_rule(std::string_view text) {
  Zone::Rule rule;
  if (!RuleReader(text).read(rule)) return fail(fmt::format("`{}` is no POSIX time-zone rule", printable(text, 60)));
  return rule;
}

}  // namespace portreeve::cel
