// CEL's network extension: ip() and cidr() (cel-spec's network_ext), and isPublic(), which is ours.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "engine/cel/code.h"

namespace portreeve::cel {

// An IPv4 address in dotted decimals, or an IPv6 address of any case. None where there is a zone, or where an IPv6
// address is written with an IPv4 tail (`::ffff:192.0.2.1`).
std::optional<net::IpAddress> parse_ip(std::string_view text);

struct Cidr {
  net::IpAddress address;
  int length = 0;
};
// An address as above, `/` and a length without leading zeros; host bits may be set. None for an IPv4-mapped one.
std::optional<Cidr> parse_cidr(std::string_view text);

// Requires: function is one of the network extension.
Value on_network(Function function, std::span<const Value> args);

}  // namespace portreeve::cel
