// A network: an address whose host bits are zero, and a length.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/net/ip_address.h"

namespace portreeve::net {

// An IPv4 or IPv6 prefix. A value, always masked. Families are apart: `::/0` contains no IPv4 address.
class IpPrefix {
 public:
  constexpr IpPrefix() = default;  // `::/0`

  // Parses `192.0.2.0/24` or `2001:db8::/32`. Fails without a length, with host bits set (and names the prefix meant),
  // with leading zeros in the length, and for IPv4-mapped IPv6 (SEMANTICS §3), whatever its spelling.
  static Result<IpPrefix> parse(std::string_view text);

  // The prefix of `length` bits that holds `address`.
  // Requires: 0 <= length <= address.bits().
  static constexpr IpPrefix masked(IpAddress address, int length) {
    const int depth = length + (address.is_v4() ? 96 : 0);
    IpPrefix prefix;
    prefix.network_ = IpAddress::from_words(address.high() & high_mask(depth), address.low() & low_mask(depth));
    prefix.length_ = static_cast<std::uint8_t>(length);
    return prefix;
  }
  // The /32 or /128 of one address.
  static constexpr IpPrefix of(IpAddress address) { return masked(address, address.bits()); }

  constexpr IpAddress network() const { return network_; }
  constexpr int length() const { return length_; }
  constexpr bool is_v4() const { return network_.is_v4(); }
  IpAddress last() const;  // the highest address inside, of the prefix's family

  constexpr bool contains(IpAddress address) const noexcept {
    const int depth = length_ + (is_v4() ? 96 : 0);
    return address.is_v4() == is_v4() && (address.high() & high_mask(depth)) == network_.high() &&
           (address.low() & low_mask(depth)) == network_.low();
  }
  // Every address of `other` is in this one.
  constexpr bool contains(const IpPrefix& other) const noexcept {
    return other.length_ >= length_ && other.is_v4() == is_v4() && contains(other.network_);
  }
  // Some address is in both.
  constexpr bool overlaps(const IpPrefix& other) const noexcept { return contains(other) || other.contains(*this); }

  std::string to_string() const;

  // By network, then the wider first: a prefix stands before those inside it.
  friend constexpr auto operator<=>(const IpPrefix&, const IpPrefix&) = default;

 private:
  static constexpr std::uint64_t high_mask(int depth) {
    return depth == 0 ? 0 : depth >= 64 ? ~std::uint64_t{0} : ~std::uint64_t{0} << (64 - depth);
  }
  static constexpr std::uint64_t low_mask(int depth) { return depth <= 64 ? 0 : high_mask(depth - 64); }

  IpAddress network_;
  std::uint8_t length_ = 0;
};

}  // namespace portreeve::net

template <>
struct std::hash<portreeve::net::IpPrefix> {
  std::size_t operator()(const portreeve::net::IpPrefix& prefix) const noexcept {
    return std::hash<portreeve::net::IpAddress>{}(prefix.network()) * 131 + static_cast<std::size_t>(prefix.length());
  }
};
