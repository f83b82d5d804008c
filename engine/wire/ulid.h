// ULIDs: the 26 characters behind `dec_`, `ses_` and the like. Pure: the caller brings time and randomness.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace portreeve::wire {

inline constexpr std::size_t kUlidLength = 26;

// Encodes 48 bits of Unix milliseconds and 80 random bits in Crockford's base 32 (github.com/ulid/spec), upper case.
// Later milliseconds sort after earlier ones, bytewise. Requires: 0 <= unix_millis < 2^48.
std::string encode_ulid(std::int64_t unix_millis, const std::array<std::uint8_t, 10>& randomness);

// True for 26 characters of the alphabet whose first is at most `7`: what encode_ulid() makes and nothing else.
bool is_ulid(std::string_view text);

}  // namespace portreeve::wire
