// One 128-bit type for IPv4 and IPv6 addresses, and what is an address in another spelling.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace portreeve::net {

// An IPv4 or IPv6 address. A value: trivially copyable, ordered, hashable. IPv4 is held as `::ffff:a.b.c.d`, so that an
// IPv4-mapped IPv6 address *is* its IPv4 address, however it was made, and nothing downstream can meet a mapped one.
// Order is that of the 128 bits (`::1` < `10.0.0.1` < `2001:db8::1`).
class IpAddress {
 public:
  constexpr IpAddress() = default;  // `::`, which the guard refuses

  // Parses dotted-quad IPv4 (four decimals, no leading zeros) or RFC 4291 §2.2 IPv6 (any case, `::`, IPv4 tail).
  // Refuses zones, brackets, octal, hexadecimal, short and padded forms, surrounding blanks. No allocation on success.
  static Result<IpAddress> parse(std::string_view text);

  static constexpr IpAddress from_v4_bytes(std::span<const std::uint8_t, 4> bytes) {
    return from_words(0, kMappedPrefix | word(bytes));
  }
  // A mapped address becomes its IPv4 address.
  static constexpr IpAddress from_v6_bytes(std::span<const std::uint8_t, 16> bytes) {
    return from_words(word(bytes.first<8>()), word(bytes.last<8>()));
  }
  // The upper and lower half of the 128 bits, host byte order.
  static constexpr IpAddress from_words(std::uint64_t high, std::uint64_t low) {
    IpAddress address;
    address.high_ = high;
    address.low_ = low;
    return address;
  }

  constexpr bool is_v4() const { return high_ == 0 && (low_ >> 32) == 0xffff; }
  constexpr bool is_v6() const { return !is_v4(); }
  constexpr int bits() const { return is_v4() ? 32 : 128; }
  constexpr std::uint64_t high() const { return high_; }
  constexpr std::uint64_t low() const { return low_; }

  // Network byte order. Requires: is_v4().
  std::array<std::uint8_t, 4> v4_bytes() const;
  // Network byte order; of an IPv4 address its mapped form.
  std::array<std::uint8_t, 16> v6_bytes() const;

  // RFC 5952 (`2001:db8::1`), dotted quad for IPv4; no brackets. parse() of it gives the same address.
  std::string to_string() const;

  friend constexpr auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  static constexpr std::uint64_t kMappedPrefix = std::uint64_t{0xffff} << 32;
  static constexpr std::uint64_t word(std::span<const std::uint8_t> bytes) {
    std::uint64_t value = 0;
    for (const std::uint8_t byte : bytes) value = value << 8 | byte;
    return value;
  }

  std::uint64_t high_ = 0;
  std::uint64_t low_ = 0;
};

// How a piece of text relates to addresses.
enum class AddressSpelling {
  none,       // could be a name
  canonical,  // IpAddress::parse accepts it
  hostile,    // some resolver, library or browser would read an address out of it, or it ends in a number; never a name
};

// Hostile is what ends in a number after WHATWG URL §3.5 (all-digit or `0x` last label: decimal, hexadecimal, octal,
// short, padded and overflowing forms), whatever holds two colons or stands in brackets, and what becomes one of these
// when blanks are trimmed, trailing dots or a port dropped, or percent escapes decoded. Total, no allocation.
AddressSpelling address_spelling(std::string_view text) noexcept;
inline bool looks_like_address(std::string_view text) noexcept {
  return address_spelling(text) != AddressSpelling::none;
}

}  // namespace portreeve::net

template <>
struct std::hash<portreeve::net::IpAddress> {
  std::size_t operator()(const portreeve::net::IpAddress& address) const noexcept {
    std::uint64_t mixed = address.high() * 0x9e3779b97f4a7c15u ^ address.low();
    mixed = (mixed ^ mixed >> 32) * 0xd6e8feb86659fd93u;
    return static_cast<std::size_t>(mixed ^ mixed >> 32);
  }
};
