// Where a connection wants to go: a name or an address, and a port; and the one parser of `host:port`.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "engine/base/result.h"
#include "engine/net/host_name.h"
#include "engine/net/ip_address.h"

namespace portreeve::net {

// A host as requests name it.
using EndpointHost = std::variant<IpAddress, HostName>;

// Parses a host without a port: a name as HostName::parse_wire, dotted-quad IPv4 (one trailing dot dropped, as of a
// name), IPv6 with or without brackets. Fails for addresses in any other spelling, and says so apart from malformed
// names.
Result<EndpointHost> parse_host(std::string_view text);

// IPv6 in brackets, as in a URL.
std::string to_string(const EndpointHost& host);

// Parses 1 to 65535, decimal, without sign or leading zeros.
Result<std::uint16_t> parse_port(std::string_view text);

// A host and a port. A value. Proxy, PDP (`resource.id`) and PolicyTest read it with this one parser.
struct Endpoint {
  EndpointHost host;
  std::uint16_t port = 0;

  // Parses `name:443`, `192.0.2.1:443` or `[2001:db8::1]:443` (RFC 9110 §7.2 authority without user info). Fails
  // without a port unless `default_port` is given, for an empty port, user info, zones, brackets about anything but
  // IPv6, bare IPv6.
  static Result<Endpoint> parse(std::string_view text, std::optional<std::uint16_t> default_port = std::nullopt);

  // The normal form, which parse() gives back: what `resource.id` must equal.
  std::string to_string() const;

  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

}  // namespace portreeve::net
