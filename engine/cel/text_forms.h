// The textual forms of CEL's scalars, both ways.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace portreeve::cel {

// The shortest text that reads back as the same number: `1.5`, `6.02214e+23`, `NaN`, `Infinity`.
std::string double_text(double value);
std::optional<double> parse_double(std::string_view text);

// Decimal, with an optional sign for ints. nullopt where malformed or out of range.
std::optional<std::int64_t> parse_int(std::string_view text);
std::optional<std::uint64_t> parse_uint(std::string_view text);

// Seconds with a fraction where there is one: `3600s`, `1.5s`.
std::string duration_text(std::int64_t nanos);
// `1h30m`, `-1.5s`, `100ms`: a sign, then numbers with h, m, s, ms, us (µs) or ns. Fails with what would be right.
Result<std::int64_t> parse_duration_nanos(std::string_view text);

}  // namespace portreeve::cel
