#include "engine/net/ip_prefix.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/text.h"

namespace portreeve::net {

Result<IpPrefix> IpPrefix::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) {
    const auto address = IpAddress::parse(text);
    if (!address)
      return fail(
          fmt::format("`{}` is not a prefix; write it like `192.0.2.0/24` or `2001:db8::/32`", printable(text)));
    return fail(fmt::format("`{}` lacks a prefix length; one address alone is `{}`", text, of(*address).to_string()));
  }
  TRY_ASSIGN(const IpAddress address, IpAddress::parse(text.substr(0, slash)));
  if (address.is_v4() && text.find(':') != std::string_view::npos) {
    return fail(fmt::format("`{}` is IPv4 inside IPv6, which is judged as IPv4; write the IPv4 prefix, of `{}`", text,
                            address.to_string()));
  }
  const std::string_view digits = text.substr(slash + 1);
  const bool is_number = !digits.empty() && digits.size() <= 3 && (digits.size() == 1 || digits.front() != '0') &&
                         std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  int length = 0;
  if (is_number) {
    for (const char c : digits) length = length * 10 + (c - '0');
  }
  if (!is_number || length > address.bits()) {
    return fail(fmt::format("prefix length `{}` is not a number from 0 to {}", printable(digits), address.bits()));
  }
  const IpPrefix prefix = masked(address, length);
  if (prefix.network() != address) {
    return fail(fmt::format("`{}` has bits set beyond its length; the prefix is `{}`, the one address `{}`", text,
                            prefix.to_string(), of(address).to_string()));
  }
  return prefix;
}

IpAddress IpPrefix::last() const {
  const int depth = length_ + (is_v4() ? 96 : 0);
  const auto last = IpAddress::from_words(network_.high() | ~high_mask(depth), network_.low() | ~low_mask(depth));
  if (last.is_v6() || is_v4()) return last;
  // `::/80` and its like end with the mapped block, whose addresses are IPv4; the highest IPv6 address stands before
  // it.
  return IpAddress::from_words(0, (std::uint64_t{0xffff} << 32) - 1);
}

std::string IpPrefix::to_string() const { return fmt::format("{}/{}", network_.to_string(), length_); }

}  // namespace portreeve::net
