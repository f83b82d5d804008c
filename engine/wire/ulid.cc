#include "engine/wire/ulid.h"

#include <algorithm>

#include "engine/base/check.h"

namespace portreeve::wire {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

}  // namespace

std::string encode_ulid(std::int64_t unix_millis, const std::array<std::uint8_t, 10>& randomness) {
  DCHECK(unix_millis >= 0 && unix_millis < (std::int64_t{1} << 48));
  std::string out(kUlidLength, '0');
  auto time = static_cast<std::uint64_t>(unix_millis);
  for (std::size_t i = 10; i-- > 0; time >>= 5) out[i] = kAlphabet[time & 31];
  std::uint32_t buffer = 0;
  int bits = 0;
  std::size_t at = 10;
  for (const std::uint8_t byte : randomness) {
    buffer = (buffer << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) out[at++] = kAlphabet[(buffer >> (bits - 5)) & 31];
  }
  return out;
}

bool is_ulid(std::string_view text) {
  return text.size() == kUlidLength && text.front() <= '7' &&
         std::ranges::all_of(text, [](char c) { return kAlphabet.find(c) != std::string_view::npos; });
}

}  // namespace portreeve::wire
