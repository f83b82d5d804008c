#include "daemon/endpoint.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/un.h>

#include <charconv>

#include "engine/base/text.h"

namespace portreeve::daemon {
namespace {

constexpr std::string_view kForms = "write `HOST:PORT`, `[IPV6]:PORT` or `unix:/PATH`";
constexpr std::string_view kUnixPrefix = "unix:";

tl::unexpected<Error> malformed(std::string_view text, std::string_view what) {
  return fail(fmt::format("`{}` {}; {}", printable(text), what, kForms));
}

bool is_host_byte(char c) {
  const char lower = to_lower_ascii(c);
  return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

}  // namespace

Result<Endpoint> parse_endpoint(std::string_view text) {
  Endpoint endpoint;
  if (text.starts_with(kUnixPrefix)) {
    const std::string_view path = text.substr(kUnixPrefix.size());
    if (!path.starts_with('/')) return malformed(text, "has no absolute path");
    if (path.find('\0') != std::string_view::npos) return malformed(text, "has a NUL in its path");
    if (path.size() >= sizeof(sockaddr_un::sun_path))
      return malformed(text, "has a path longer than a socket's can be");
    endpoint.unix_path = path;
    return endpoint;
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return malformed(text, "has no port");
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    in6_addr ignored{};
    if (inet_pton(AF_INET6, std::string(host).c_str(), &ignored) != 1)
      return malformed(text, "has no IPv6 address in [ ]");
  } else {
    if (host.empty()) return malformed(text, "has no host");
    for (const char c : host) {
      if (!is_host_byte(c)) return malformed(text, c == ':' ? "has an IPv6 address without [ ]" : "has no valid host");
    }
  }
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
  if (port.empty() || error != std::errc() || end != port.data() + port.size()) {
    return malformed(text, "has no port from 0 to 65535");
  }
  endpoint.host = host;
  return endpoint;
}

std::string to_text(const Endpoint& endpoint) {
  if (endpoint.is_unix()) return fmt::format("{}{}", kUnixPrefix, endpoint.unix_path);
  const bool is_ipv6 = endpoint.host.find(':') != std::string::npos;
  return is_ipv6 ? fmt::format("[{}]:{}", endpoint.host, endpoint.port)
                 : fmt::format("{}:{}", endpoint.host, endpoint.port);
}

bool is_loopback(const Endpoint& endpoint) {
  if (endpoint.is_unix() || endpoint.host == "localhost") return true;
  in_addr v4{};
  if (inet_pton(AF_INET, endpoint.host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  return inet_pton(AF_INET6, endpoint.host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

}  // namespace portreeve::daemon
