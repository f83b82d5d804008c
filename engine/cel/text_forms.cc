#include "engine/cel/text_forms.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "engine/base/text.h"

namespace portreeve::cel {

std::string double_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  return fmt::format("{}", value);
}

std::optional<double> parse_double(std::string_view text) {
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity" || text == "+Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  // from_chars also knows `inf` and `nan(…)`, which CEL does not.
  if (text.find_first_not_of("+-.0123456789eE") != std::string_view::npos) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size()) return std::nullopt;
  if (error == std::errc()) return value;
  // Out of range: too small rounds to zero, too large is none.
  const double nearest = std::strtod(std::string(text).c_str(), nullptr);
  return std::isinf(nearest) ? std::nullopt : std::optional(nearest);
}

namespace {
template <class T>
std::optional<T> parse_whole(std::string_view text) {
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}
}  // namespace

std::optional<std::int64_t> parse_int(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  return parse_whole<std::int64_t>(text);
}

std::optional<std::uint64_t> parse_uint(std::string_view text) { return parse_whole<std::uint64_t>(text); }

std::string duration_text(std::int64_t nanos) {
  const bool negative = nanos < 0;
  const std::uint64_t size = negative ? ~static_cast<std::uint64_t>(nanos) + 1 : static_cast<std::uint64_t>(nanos);
  std::string text = fmt::format("{}{}", negative ? "-" : "", size / 1'000'000'000);
  if (const std::uint64_t fraction = size % 1'000'000'000; fraction != 0) {
    text += fmt::format(".{:09}", fraction);
    text.erase(text.find_last_not_of('0') + 1);
  }
  return text + "s";
}

namespace {

__extension__ using Wide = __int128;

struct Unit {
  std::string_view name;
  std::int64_t nanos;
};
// Longer names first, so that `ms` is not read as `m`.
constexpr Unit kUnits[] = {{"ns", 1},
                           {"us", 1'000},
                           {"µs", 1'000},
                           {"ms", 1'000'000},
                           {"s", 1'000'000'000},
                           {"m", 60'000'000'000},
                           {"h", 3'600'000'000'000}};

// One `<digits>[.<digits>]<unit>` off the front of `text`, in nanoseconds; nullopt where malformed or too large.
std::optional<Wide> take_part(std::string_view& text) {
  Wide whole = 0;
  Wide fraction = 0;
  Wide scale = 1;
  std::size_t digits = 0;
  bool point = false;
  for (; !text.empty(); text.remove_prefix(1)) {
    const char c = text.front();
    if (c == '.' && !point) {
      point = true;
    } else if (c >= '0' && c <= '9') {
      ++digits;
      if (!point) {
        whole = whole * 10 + (c - '0');
        if (whole > std::numeric_limits<std::int64_t>::max()) return std::nullopt;
      } else if (scale < 1'000'000'000'000'000) {
        fraction = fraction * 10 + (c - '0');
        scale *= 10;
      }
    } else {
      break;
    }
  }
  if (digits == 0) return std::nullopt;
  for (const Unit& unit : kUnits) {
    if (!text.starts_with(unit.name)) continue;
    text.remove_prefix(unit.name.size());
    return whole * unit.nanos + fraction * unit.nanos / scale;
  }
  return std::nullopt;
}

}  // namespace

Result<std::int64_t> parse_duration_nanos(std::string_view text) {
  const auto malformed = [&] {
    return fail(fmt::format("`{}` is no duration (write it as `1h30m`, `90s` or `1.5s`)", printable(text, 60)));
  };
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  if (rest == "0") return 0;
  if (rest.empty()) return malformed();
  Wide total = 0;
  while (!rest.empty()) {
    const auto part = take_part(rest);
    if (!part) return malformed();
    total += *part;
    if (total > static_cast<Wide>(std::numeric_limits<std::int64_t>::max())) {
      return fail(fmt::format("`{}` is out of range: at most about 292 years", printable(text, 60)));
    }
  }
  return static_cast<std::int64_t>(negative ? -total : total);
}

}  // namespace portreeve::cel
