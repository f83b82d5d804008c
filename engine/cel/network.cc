#include "engine/cel/network.h"

#include <charconv>

#include "engine/net/guard.h"
#include "engine/net/ip_prefix.h"

namespace portreeve::cel {
namespace {

net::IpPrefix prefix_of(const Value& cidr) { return net::IpPrefix::masked(cidr.address(), cidr.prefix_length()); }

Value no_conversion(Function function) { return Value::error(ErrorCode::bad_conversion, function_name(function)); }

// An argument that is an ip, or a string that is one.
Value as_ip(Function function, const Value& value) {
  if (value.kind() == Kind::ip) return value;
  if (value.kind() != Kind::string) return Value::no_overload(function_name(function), value.kind());
  const auto parsed = parse_ip(value.text());
  return parsed ? Value::ip(*parsed) : no_conversion(Function::ip);
}

Value as_cidr(Function function, const Value& value) {
  if (value.kind() == Kind::cidr) return value;
  if (value.kind() != Kind::string) return Value::no_overload(function_name(function), value.kind());
  const auto parsed = parse_cidr(value.text());
  return parsed ? Value::cidr(parsed->address, parsed->length) : no_conversion(Function::cidr);
}

constexpr net::IpAddress v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
  const std::array<std::uint8_t, 4> bytes{a, b, c, d};
  return net::IpAddress::from_v4_bytes(bytes);
}

bool within(net::IpAddress address, net::IpAddress network, int length) {
  return net::IpPrefix::masked(network, length).contains(address);
}
constexpr net::IpAddress v6(std::uint64_t high, std::uint64_t low = 0) { return net::IpAddress::from_words(high, low); }

bool is_unspecified(net::IpAddress a) { return a == v4(0, 0, 0, 0) || a == v6(0); }
bool is_loopback(net::IpAddress a) { return within(a, v4(127, 0, 0, 0), 8) || a == v6(0, 1); }
bool is_multicast(net::IpAddress a) {
  return within(a, v4(224, 0, 0, 0), 4) || within(a, v6(std::uint64_t{0xff00} << 48), 8);
}
bool is_link_local_multicast(net::IpAddress a) {
  return within(a, v4(224, 0, 0, 0), 24) || within(a, v6(std::uint64_t{0xff02} << 48), 16);
}
bool is_link_local_unicast(net::IpAddress a) {
  return within(a, v4(169, 254, 0, 0), 16) || within(a, v6(std::uint64_t{0xfe80} << 48), 10);
}
// RFC 4291 and 1122: whatever is not one of the others; says nothing of who can reach it.
bool is_global_unicast(net::IpAddress a) {
  return a != v4(255, 255, 255, 255) && !is_unspecified(a) && !is_loopback(a) && !is_multicast(a) &&
         !is_link_local_unicast(a);
}

bool property(Function function, net::IpAddress address) {
  if (function == Function::is_unspecified) return is_unspecified(address);
  if (function == Function::is_loopback) return is_loopback(address);
  if (function == Function::is_global_unicast) return is_global_unicast(address);
  if (function == Function::is_link_local_multicast) return is_link_local_multicast(address);
  return is_link_local_unicast(address);
}

// Functions of one string.
Value of_text(Function function, const Value& text) {
  if (text.kind() != Kind::string) return Value::no_overload(function_name(function), text.kind());
  if (function == Function::is_ip) return Value::of(parse_ip(text.text()).has_value());
  if (function == Function::is_cidr) return Value::of(parse_cidr(text.text()).has_value());
  const auto parsed = parse_ip(text.text());
  return parsed ? Value::of(parsed->to_string() == text.text()) : no_conversion(Function::ip);
}

Value of_cidr(Function function, const Value& cidr, std::span<const Value> others) {
  if (cidr.kind() != Kind::cidr) return Value::no_overload(function_name(function), cidr.kind());
  if (function == Function::prefix_length) return Value::of(cidr.prefix_length());
  if (function == Function::masked) return Value::cidr(prefix_of(cidr).network(), cidr.prefix_length());
  if (function == Function::contains_ip) {
    const Value other = as_ip(function, others[0]);
    return other.is_value() ? Value::of(prefix_of(cidr).contains(other.address())) : other;
  }
  const Value other = as_cidr(function, others[0]);
  return other.is_value() ? Value::of(prefix_of(cidr).contains(prefix_of(other))) : other;
}

}  // namespace

std::optional<net::IpAddress> parse_ip(std::string_view text) {
  const bool mixed = text.find(':') != std::string_view::npos && text.find('.') != std::string_view::npos;
  const auto parsed = mixed ? net::IpAddress::parse({}) : net::IpAddress::parse(text);
  return parsed ? std::optional(*parsed) : std::nullopt;
}

std::optional<Cidr> parse_cidr(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view digits = text.substr(slash + 1);
  const auto address = parse_ip(text.substr(0, slash));
  const bool mapped = address && address->is_v4() && text.find(':') != std::string_view::npos;
  if (!address || mapped || digits.empty() || (digits.size() > 1 && digits[0] == '0')) return std::nullopt;
  unsigned length = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  const bool whole = read.ec == std::errc() && read.ptr == digits.data() + digits.size();
  if (!whole || length > static_cast<unsigned>(address->bits())) return std::nullopt;
  return Cidr{*address, static_cast<int>(length)};
}

Value on_network(Function function, std::span<const Value> args) {
  const Value& first = args[0];
  if (function == Function::ip && first.kind() == Kind::cidr) return Value::ip(first.address());
  if (function == Function::ip)
    return first.kind() == Kind::ip ? Value::no_overload("ip", Kind::ip) : as_ip(function, first);
  if (function == Function::cidr) {
    return first.kind() == Kind::cidr ? Value::no_overload("cidr", Kind::cidr) : as_cidr(function, first);
  }
  if (function == Function::is_ip || function == Function::is_cidr || function == Function::is_canonical) {
    return of_text(function, first);
  }
  if (function >= Function::contains_ip) return of_cidr(function, first, args.subspan(1));
  if (function == Function::is_public) {
    const Value ip = as_ip(function, first);
    if (!ip.is_value()) return ip;
    return Value::of(net::tier(net::classify(ip.address())) == net::GuardTier::open);
  }
  if (first.kind() != Kind::ip) return Value::no_overload(function_name(function), first.kind());
  if (function == Function::family) return Value::of(first.address().is_v4() ? 4 : 6);
  return Value::of(property(function, first.address()));
}

}  // namespace portreeve::cel
