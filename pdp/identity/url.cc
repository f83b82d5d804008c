#include "pdp/identity/url.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "engine/base/text.h"

namespace portreeve::pdp {
namespace {

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

bool is_loopback(const std::string& host) {
  if (equal_ignoring_ascii_case(host, "localhost")) return true;
  in_addr v4{};
  if (::inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  return ::inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6) != 0;
}

// Splits `host`, `host:port` or `[v6]:port` and fills both in. False where it is none of them.
bool read_authority(std::string_view authority, Url& url) {
  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) return false;
    url.host = authority.substr(1, end - 1);
    in6_addr ignored{};
    if (::inet_pton(AF_INET6, url.host.c_str(), &ignored) != 1) return false;
    port = authority.substr(end + 1);
  } else {
    const std::size_t colon = std::min(authority.find(':'), authority.size());
    url.host = authority.substr(0, colon);
    if (url.host.empty() || !std::ranges::all_of(url.host, is_name_character)) return false;
    port = authority.substr(colon);
  }
  if (port.empty()) return true;
  const auto [end, error] = std::from_chars(port.data() + 1, port.data() + port.size(), url.port);
  return port.front() == ':' && error == std::errc() && end == port.data() + port.size() && url.port != 0;
}

}  // namespace

Result<Url> Url::parse(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return fail(fmt::format("`{}` {}; write `https://host/path`", printable(text, 200), why));
  };
  if (!std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7F'; })) {
    return bad("holds characters that stand in no address");
  }
  if (text.find_first_of("#\\@") != std::string_view::npos) return bad("has user information or a fragment");
  Url url;
  if (text.starts_with("http://")) {
    url.https = false;
    url.port = 80;
  } else if (!text.starts_with("https://")) {
    return bad("is not an https address");
  }
  const std::string_view rest = text.substr(url.https ? 8 : 7);
  const std::size_t authority_end = std::min(rest.find_first_of("/?"), rest.size());
  if (!read_authority(rest.substr(0, authority_end), url)) return bad("has no host that can be read");
  if (!url.https && !is_loopback(url.host)) return bad("is http on a host that is not this machine");
  url.target = rest.substr(authority_end);
  if (!url.target.starts_with('/')) url.target.insert(0, 1, '/');
  return url;
}

std::string discovery_address(std::string_view issuer) {
  if (issuer.ends_with('/')) issuer.remove_suffix(1);
  return std::string(issuer) + "/.well-known/openid-configuration";
}

}  // namespace portreeve::pdp
