// Money as whole pico-dollars, and the decimals it is written in. Nothing here is a float.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace portreeve::accounting {

__extension__ typedef __int128 Int128;  // ISO C++ has none; GCC and Clang do

// An amount in pico-dollars (1e-12 USD). A sum of any number of calls fits.
struct Money {
  Int128 pico = 0;
  friend Money operator+(Money a, Money b) { return {a.pico + b.pico}; }
  friend bool operator==(Money a, Money b) { return a.pico == b.pico; }
};

// The amount in dollars, exactly: two decimals, and as many more as it takes, as in `0.003125`.
std::string to_text(Money money);

// A price as written, dollars for a number of units, as pico-dollars for one. Exact: the decimals allowed are those
// that leave a whole number. Frozen: docs/accounting.md
enum class PriceUnit : std::uint8_t {
  million,   // tokens: at most six decimals
  thousand,  // a tool's uses: at most nine
};
// Reads `DIGITS` or `DIGITS.DIGITS`, at most a million dollars. No sign, exponent, separator or blank.
Result<std::int64_t> parse_price(std::string_view text, PriceUnit unit);

// a * b where it fits, a + b where it fits. Requires: none is negative.
std::optional<std::int64_t> multiplied(std::int64_t a, std::int64_t b);
std::optional<std::int64_t> added(std::int64_t a, std::int64_t b);

}  // namespace portreeve::accounting
