#include "accounting/price/money.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/text.h"

namespace portreeve::accounting {
namespace {

constexpr int kPicoDecimals = 12;
constexpr std::size_t kLeastDecimals = 2;
constexpr std::int64_t kMostDollars = 1'000'000;

bool is_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string to_text(Money money) {
  const bool negative = money.pico < 0;
  Int128 rest = negative ? -money.pico : money.pico;
  std::string digits;
  while (rest > 0 || digits.size() <= kPicoDecimals) {
    digits += static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  }
  std::reverse(digits.begin(), digits.end());
  std::string decimals = digits.substr(digits.size() - kPicoDecimals);
  while (decimals.size() > kLeastDecimals && decimals.back() == '0') decimals.pop_back();
  return (negative ? "-" : "") + digits.substr(0, digits.size() - kPicoDecimals) + "." + decimals;
}

Result<std::int64_t> parse_price(std::string_view text, PriceUnit unit) {
  const std::size_t most_decimals = unit == PriceUnit::million ? 6 : 9;
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const std::string_view decimals = point == std::string_view::npos ? std::string_view() : text.substr(point + 1);
  if (!is_digits(whole) || (point != std::string_view::npos && !is_digits(decimals))) {
    return fail(fmt::format("`{}` is no decimal number of dollars, like `1.25`", printable(text)));
  }
  if (decimals.size() > most_decimals) {
    return fail(fmt::format("`{}` has {} decimals; {} are exact", printable(text), decimals.size(), most_decimals));
  }
  if (whole.size() > 7) return fail(fmt::format("`{}` is more than a million dollars", printable(text)));
  std::int64_t price = 0;
  for (const char c : whole) price = price * 10 + (c - '0');
  if (price > kMostDollars) return fail(fmt::format("`{}` is more than a million dollars", printable(text)));
  for (std::size_t i = 0; i < most_decimals; ++i) price = price * 10 + (i < decimals.size() ? decimals[i] - '0' : 0);
  return price;
}

std::optional<std::int64_t> multiplied(std::int64_t a, std::int64_t b) {
  std::int64_t out = 0;
  return __builtin_mul_overflow(a, b, &out) ? std::nullopt : std::optional(out);
}

std::optional<std::int64_t> added(std::int64_t a, std::int64_t b) {
  std::int64_t out = 0;
  return __builtin_add_overflow(a, b, &out) ? std::nullopt : std::optional(out);
}

}  // namespace portreeve::accounting
