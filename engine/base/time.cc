#include "engine/base/time.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace portreeve {
namespace {

bool read_digits(std::string_view text, std::size_t at, std::size_t count, int& out) {
  if (at + count > text.size()) return false;
  out = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    out = out * 10 + (text[i] - '0');
  }
  return true;
}

Result<Timestamp> bad_timestamp(std::string_view text) {
  return fail(fmt::format("`{}` is not an RFC 3339 time with a zone, like `2026-11-01T00:00:00Z`", text.substr(0, 64)));
}

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

// The digits at the head of `text`, consumed. False where there are none or they overflow.
bool take_number(std::string_view& text, std::int64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0 || text.empty() || text.front() == '-') return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

std::string civil(Timestamp time) {
  using namespace std::chrono;
  const sys_seconds instant{seconds{time.unix_seconds()}};
  const auto day = floor<days>(instant);
  const year_month_day date{day};
  const hh_mm_ss clock{instant - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count());
}

}  // namespace

Timestamp Timestamp::from(std::chrono::system_clock::time_point point) {
  using namespace std::chrono;
  const auto whole = floor<seconds>(point);
  return from_unix(whole.time_since_epoch().count(),
                   static_cast<std::int32_t>(duration_cast<nanoseconds>(point - whole).count()));
}

Result<Timestamp> Timestamp::parse(std::string_view text) {
  using namespace std::chrono;
  int year_number = 0, month_number = 0, day_number = 0, hour = 0, minute = 0, second = 0;
  const bool shaped = read_digits(text, 0, 4, year_number) && read_digits(text, 5, 2, month_number) &&
                      read_digits(text, 8, 2, day_number) && read_digits(text, 11, 2, hour) &&
                      read_digits(text, 14, 2, minute) && read_digits(text, 17, 2, second) && text[4] == '-' &&
                      text[7] == '-' && (text[10] == 'T' || text[10] == 't') && text[13] == ':' && text[16] == ':';
  if (!shaped || hour > 23 || minute > 59 || second > 59) return bad_timestamp(text);
  const year_month_day date{year{year_number}, month{static_cast<unsigned>(month_number)},
                            day{static_cast<unsigned>(day_number)}};
  if (year_number < 1 || !date.ok()) return bad_timestamp(text);

  std::size_t at = 19;
  std::int32_t nanos = 0;
  if (at < text.size() && text[at] == '.') {
    std::size_t digits = 0;
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, ++digits) {
      if (digits == 9) return bad_timestamp(text);
      nanos = nanos * 10 + (text[at] - '0');
    }
    if (digits == 0) return bad_timestamp(text);
    for (; digits < 9; ++digits) nanos *= 10;
  }

  std::int64_t offset = 0;
  if (at >= text.size()) return bad_timestamp(text);
  if (text[at] == 'Z' || text[at] == 'z') {
    ++at;
  } else {
    int offset_hours = 0, offset_minutes = 0;
    const bool zoned = (text[at] == '+' || text[at] == '-') && read_digits(text, at + 1, 2, offset_hours) &&
                       at + 3 < text.size() && text[at + 3] == ':' && read_digits(text, at + 4, 2, offset_minutes);
    if (!zoned || offset_hours > 23 || offset_minutes > 59) return bad_timestamp(text);
    offset = (offset_hours * 60 + offset_minutes) * 60;
    if (text[at] == '-') offset = -offset;
    at += 6;
  }
  if (at != text.size()) return bad_timestamp(text);

  const std::int64_t total =
      sys_days{date}.time_since_epoch().count() * std::int64_t{86'400} + hour * 3600 + minute * 60 + second - offset;
  if (total < kMinUnixSeconds || total > kMaxUnixSeconds) return bad_timestamp(text);
  return from_unix(total, nanos);
}

Timestamp Timestamp::plus(Seconds span) const {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(seconds_, static_cast<std::int64_t>(span.count()), &sum)) {
    sum = span.count() > 0 ? kMaxUnixSeconds : kMinUnixSeconds;
  }
  if (sum > kMaxUnixSeconds) return from_unix(kMaxUnixSeconds, 999'999'999);
  if (sum < kMinUnixSeconds) return from_unix(kMinUnixSeconds);
  return from_unix(sum, nanos_);
}

std::string to_rfc3339(Timestamp time) {
  const std::int32_t nanos = time.nanos();
  if (nanos == 0) return civil(time) + "Z";
  if (nanos % 1'000'000 == 0) return fmt::format("{}.{:03}Z", civil(time), nanos / 1'000'000);
  if (nanos % 1'000 == 0) return fmt::format("{}.{:06}Z", civil(time), nanos / 1'000);
  return fmt::format("{}.{:09}Z", civil(time), nanos);
}

std::string to_rfc3339_millis(Timestamp time) {
  return fmt::format("{}.{:03}Z", civil(time), time.nanos() / 1'000'000);
}

Result<Seconds> parse_duration(std::string_view text) {
  static constexpr std::array<Unit, 4> kUnits{{{"d", 86'400}, {"h", 3'600}, {"m", 60}, {"s", 1}}};
  constexpr std::int64_t kMost = std::int64_t{3650} * 86'400;
  const auto bad = [&] {
    return fail(fmt::format("`{}` is not a duration; write a number with a unit, like `30s`, `5m`, `1h30m` or `7d`",
                            text.substr(0, 64)));
  };
  std::string_view rest = text;
  std::int64_t total = 0;
  std::size_t next_unit = 0;
  while (!rest.empty()) {
    std::int64_t number = 0;
    if (!take_number(rest, number)) return bad();
    std::size_t unit = next_unit;
    while (unit < kUnits.size() && !rest.starts_with(kUnits[unit].name)) ++unit;
    if (unit == kUnits.size() || number > kMost / kUnits[unit].factor) return bad();
    rest.remove_prefix(kUnits[unit].name.size());
    total += number * kUnits[unit].factor;
    next_unit = unit + 1;
  }
  if (total == 0 || total > kMost) return bad();
  return Seconds{total};
}

Result<std::int64_t> parse_byte_size(std::string_view text) {
  static constexpr std::array<Unit, 9> kUnits{{{"B", 1},
                                               {"KiB", 1LL << 10},
                                               {"MiB", 1LL << 20},
                                               {"GiB", 1LL << 30},
                                               {"TiB", 1LL << 40},
                                               {"kB", 1'000},
                                               {"MB", 1'000'000},
                                               {"GB", 1'000'000'000},
                                               {"TB", 1'000'000'000'000}}};
  constexpr std::int64_t kMost = 1LL << 53;
  std::string_view rest = text;
  std::int64_t number = 0;
  if (take_number(rest, number) && number > 0) {
    for (const Unit& unit : kUnits) {
      if (rest == unit.name && number <= kMost / unit.factor) return number * unit.factor;
    }
  }
  return fail(fmt::format("`{}` is not a size; write a number with a unit, like `512KiB`, `10MiB` or `2GiB`",
                          text.substr(0, 64)));
}

}  // namespace portreeve
