// Addresses as strings of `0` and `1`: the naive twin that prefixes and the guard are compared with.
#pragma once

#include <string>

#include "engine/net/ip_address.h"
#include "engine/net/ip_prefix.h"

namespace portreeve::net {

// 32 or 128 characters.
inline std::string slow_bits(IpAddress address) {
  std::string bits;
  const auto append = [&bits](std::uint8_t byte) {
    for (int bit = 7; bit >= 0; --bit) bits += (byte >> bit & 1) != 0 ? '1' : '0';
  };
  if (address.is_v4()) {
    for (const std::uint8_t byte : address.v4_bytes()) append(byte);
  } else {
    for (const std::uint8_t byte : address.v6_bytes()) append(byte);
  }
  return bits;
}

inline std::string slow_bits(const IpPrefix& prefix) {
  return slow_bits(prefix.network()).substr(0, static_cast<std::size_t>(prefix.length()));
}

inline bool slow_contains(const IpPrefix& prefix, IpAddress address) {
  return prefix.network().bits() == address.bits() && slow_bits(address).starts_with(slow_bits(prefix));
}

inline bool slow_overlaps(const IpPrefix& a, const IpPrefix& b) {
  return a.network().bits() == b.network().bits() &&
         (slow_bits(a).starts_with(slow_bits(b)) || slow_bits(b).starts_with(slow_bits(a)));
}

}  // namespace portreeve::net
