#include "engine/net/punycode.h"

#include <cstddef>
#include <cstdint>

namespace portreeve::net {
namespace {

constexpr std::uint32_t kBase = 36;
constexpr std::uint32_t kTMin = 1;
constexpr std::uint32_t kTMax = 26;
constexpr std::uint32_t kSkew = 38;
constexpr std::uint32_t kDamp = 700;
constexpr std::uint32_t kInitialBias = 72;
constexpr std::uint32_t kInitialCodePoint = 0x80;
constexpr std::uint32_t kLastCodePoint = 0x10ffff;

std::uint32_t adapt(std::uint32_t delta, std::uint32_t points, bool first) {
  delta = first ? delta / kDamp : delta / 2;
  delta += delta / points;
  std::uint32_t k = 0;
  for (; delta > (kBase - kTMin) * kTMax / 2; k += kBase) delta /= kBase - kTMin;
  return k + (kBase - kTMin + 1) * delta / (delta + kSkew);
}

// kBase where it is no digit.
std::uint32_t digit_value(char c) {
  if (c >= 'a' && c <= 'z') return static_cast<std::uint32_t>(c - 'a');
  if (c >= '0' && c <= '9') return static_cast<std::uint32_t>(c - '0') + 26;
  return kBase;
}

// Reads one delta (RFC 3492 §6.2) into `delta`; 64 bits and an early bound make overflow impossible.
bool read_delta(std::string_view& rest, std::uint32_t bias, std::uint64_t& delta) {
  delta = 0;
  std::uint64_t weight = 1;
  for (std::uint32_t k = kBase;; k += kBase) {
    if (rest.empty()) return false;
    const std::uint32_t digit = digit_value(rest.front());
    rest.remove_prefix(1);
    if (digit == kBase) return false;
    delta += digit * weight;
    if (delta > UINT32_MAX) return false;
    const std::uint32_t threshold = k <= bias ? kTMin : k >= bias + kTMax ? kTMax : k - bias;
    if (digit < threshold) return true;
    weight *= kBase - threshold;
    if (weight > UINT32_MAX) return false;
  }
}

// Surrogates, C1 controls and noncharacters stand in no name; the rest is left to UTS 46.
bool is_character(std::uint64_t code_point) {
  if (code_point > kLastCodePoint || (code_point >= 0xd800 && code_point <= 0xdfff)) return false;
  if (code_point < 0xa0 || (code_point & 0xfffe) == 0xfffe) return false;
  return code_point < 0xfdd0 || code_point > 0xfdef;
}

}  // namespace

bool is_punycode_of_non_ascii(std::string_view encoded) noexcept {
  const std::size_t delimiter = encoded.rfind('-');
  const bool has_basic = delimiter != std::string_view::npos && delimiter > 0;
  std::uint32_t points = has_basic ? static_cast<std::uint32_t>(delimiter) : 0;
  std::string_view rest = has_basic ? encoded.substr(delimiter + 1) : encoded;
  if (rest.empty()) return false;

  std::uint32_t bias = kInitialBias;
  std::uint64_t code_point = kInitialCodePoint;
  std::uint64_t position = 0;
  bool first = true;
  while (!rest.empty()) {
    std::uint64_t delta = 0;
    if (!read_delta(rest, bias, delta)) return false;
    ++points;
    bias = adapt(static_cast<std::uint32_t>(delta), points, first);
    first = false;
    position += delta;
    code_point += position / points;
    position = position % points + 1;
    if (!is_character(code_point)) return false;
  }
  return true;
}

}  // namespace portreeve::net
