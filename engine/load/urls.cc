#include "engine/load/urls.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/text.h"
#include "engine/net/endpoint.h"
#include "engine/net/guard.h"

namespace portreeve::load {
namespace {

bool is_loopback(const net::EndpointHost& host) {
  if (const auto* address = std::get_if<net::IpAddress>(&host)) {
    return net::classify(*address) == net::SpecialRange::loopback;
  }
  return std::get<net::HostName>(host).view() == "localhost";
}

}  // namespace

Status check_issuer_url(std::string_view text) {
  const auto bad = [&](std::string_view why) { return fail(fmt::format("`{}` {}", printable(text), why)); };
  const bool secure = text.starts_with("https://");
  if (!secure && !text.starts_with("http://")) return bad("is not an https URL");
  const std::string_view rest = text.substr(secure ? 8 : 7);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  if (authority.find('@') != std::string_view::npos) return bad("has user info");
  if (rest.find('?') != std::string_view::npos) return bad("has a query");
  if (rest.find('#') != std::string_view::npos) return bad("has a fragment");
  const bool plain = std::ranges::all_of(rest, [](char c) { return c > 0x20 && c < 0x7F && c != '\\'; });
  if (!plain) return bad("has a blank, a backslash or a character that is not ASCII");
  const auto endpoint = net::Endpoint::parse(authority, std::uint16_t{443});
  if (!endpoint) return bad(fmt::format("has no good host: {}", endpoint.error().message));
  if (!secure && !is_loopback(endpoint->host)) return bad("is http, which is for loopback only");
  return {};
}

}  // namespace portreeve::load
