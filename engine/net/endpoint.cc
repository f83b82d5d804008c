#include "engine/net/endpoint.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/text.h"

namespace portreeve::net {
namespace {

Result<EndpointHost> parse_v6(std::string_view text) {
  // Dotted quads have no brackets; `::ffff:192.0.2.1` may have them, and is IPv4 from here on.
  if (text.find(':') == std::string_view::npos) {
    return fail(fmt::format("`[{}]` is not an IPv6 address; only those have brackets", printable(text)));
  }
  if (text.find('%') != std::string_view::npos) {
    return fail(fmt::format("`{}` has a zone, which means nothing beyond its own host", printable(text)));
  }
  TRY_ASSIGN(const IpAddress address, IpAddress::parse(text));
  return EndpointHost(address);
}

// A name or dotted quad.
Result<EndpointHost> parse_bare(std::string_view text) {
  const std::string_view undotted = text.ends_with('.') ? text.substr(0, text.size() - 1) : text;
  if (address_spelling(undotted) == AddressSpelling::canonical && undotted.find(':') == std::string_view::npos) {
    TRY_ASSIGN(const IpAddress address, IpAddress::parse(undotted));
    return EndpointHost(address);
  }
  TRY_ASSIGN(HostName name, HostName::parse_wire(text));
  return EndpointHost(std::move(name));
}

}  // namespace

Result<EndpointHost> parse_host(std::string_view text) {
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') return parse_v6(text.substr(1, text.size() - 2));
  if (text.find(':') != std::string_view::npos) return parse_v6(text);
  return parse_bare(text);
}

std::string to_string(const EndpointHost& host) {
  if (const auto* name = std::get_if<HostName>(&host)) return name->str();
  const IpAddress address = std::get<IpAddress>(host);
  return address.is_v4() ? address.to_string() : fmt::format("[{}]", address.to_string());
}

Result<std::uint16_t> parse_port(std::string_view text) {
  const bool is_number = !text.empty() && text.size() <= 5 && text.front() != '0' &&
                         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  std::uint32_t port = 0;
  if (is_number) {
    for (const char c : text) port = port * 10 + static_cast<std::uint32_t>(c - '0');
  }
  if (!is_number || port > 65'535) {
    return fail(fmt::format("port `{}` is not a number from 1 to 65535", printable(text, 20)));
  }
  return static_cast<std::uint16_t>(port);
}

Result<Endpoint> Endpoint::parse(std::string_view text, std::optional<std::uint16_t> default_port) {
  if (text.find('@') != std::string_view::npos) {
    return fail(fmt::format("`{}` has user info; write the host and port alone", printable(text)));
  }
  const bool bracketed = text.starts_with('[');
  const std::size_t host_end =
      bracketed ? std::min(text.find(']'), text.size() - 1) + 1 : std::min(text.find(':'), text.size());
  const std::string_view host_text = text.substr(0, host_end);
  const std::string_view rest = text.substr(host_end);
  if (bracketed && !host_text.ends_with(']')) return fail(fmt::format("`{}` lacks its `]`", printable(text)));
  if (!bracketed && std::count(text.begin(), text.end(), ':') > 1) {
    return fail(fmt::format("`{}` is not `host:port`; IPv6 addresses need brackets, like `[2001:db8::1]:443`",
                            printable(text)));
  }
  if (rest.empty() && !default_port) {
    return fail(fmt::format("`{}` lacks a port; write it like `example.com:443`", printable(text)));
  }
  if (!rest.empty() && rest.front() != ':') {
    return fail(fmt::format("`{}` has something other than `:` and a port after its address", printable(text)));
  }
  std::uint16_t port = default_port.value_or(0);
  TRY_ASSIGN(EndpointHost host,
             bracketed ? parse_v6(host_text.substr(1, host_text.size() - 2)) : parse_bare(host_text));
  if (!rest.empty()) {
    TRY_ASSIGN(port, parse_port(rest.substr(1)));
  }
  return Endpoint{std::move(host), port};
}

std::string Endpoint::to_string() const { return fmt::format("{}:{}", net::to_string(host), port); }

}  // namespace portreeve::net
