#include "pdp/admin/doorkeeper.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/base/text.h"
#include "engine/net/ip_address.h"
#include "pdp/identity/url.h"

namespace portreeve::pdp {
namespace {

constexpr std::array kOpenPaths = std::to_array<std::string_view>({"/healthz", "/readyz", "/metrics"});
// The provider sends the browser back here, so that the navigation begins at another site.
constexpr std::string_view kCallback = "/v1/sign-in/callback";

bool changes(std::string_view method) { return method != "GET" && method != "HEAD"; }

// The one field of that name; nothing where there are none or several.
std::optional<std::string_view> only(const HttpRequest& request, std::string_view name) {
  const auto fields = request.headers(name);
  return fields.size() == 1 ? std::optional(fields.front()) : std::nullopt;
}

bool is_json(std::string_view content_type) {
  const std::string_view type = content_type.substr(0, content_type.find(';'));
  return equal_ignoring_ascii_case(type.substr(0, type.find_last_not_of(" \t") + 1), "application/json");
}

// A browser tells where a request comes from; `none` is a person's own doing, like a bookmark.
bool comes_from_elsewhere(const HttpRequest& request) {
  if (!request.path().starts_with("/v1/") || request.path() == kCallback) return false;
  const auto site = request.header("Sec-Fetch-Site");
  return site && *site != "same-origin" && *site != "none";
}

}  // namespace

Result<Doorkeeper> Doorkeeper::make(const daemon::Endpoint& endpoint, std::string_view public_url) {
  Doorkeeper out;
  out.port_ = std::to_string(endpoint.port);
  const auto add = [&](const std::string& host) {
    out.hosts_.push_back(host + ":" + out.port_);
    if (endpoint.port == 80) out.hosts_.push_back(host);
  };
  if (daemon::is_loopback(endpoint)) {
    for (const char* const host : {"127.0.0.1", "localhost", "[::1]"}) add(host);
  }
  const auto address = net::IpAddress::parse(endpoint.host);
  add(address && endpoint.host.find(':') != std::string::npos ? "[" + endpoint.host + "]"
                                                              : to_lower_ascii(endpoint.host));
  out.any_address_ = endpoint.host == "0.0.0.0" || endpoint.host == "::";
  out.origin_ = "http://" + to_text(endpoint);
  if (public_url.empty()) return out;
  const auto url = Url::parse(public_url);
  if (!url) return fail("`--admin-url`: " + url.error().message);
  if (url->target != "/") return fail("`--admin-url` is a scheme, a host and a port, without a path");
  const bool standard = url->port == (url->https ? 443 : 80);
  const std::string named =
      url->host.find(':') == std::string::npos ? to_lower_ascii(url->host) : "[" + url->host + "]";
  const std::string host = standard ? named : fmt::format("{}:{}", named, url->port);
  out.hosts_.push_back(host);
  out.origin_ = (url->https ? "https://" : "http://") + host;
  return out;
}

bool Doorkeeper::is_own_host(std::string_view host) const {
  if (std::ranges::find(hosts_, to_lower_ascii(host)) != hosts_.end()) return true;
  if (!any_address_) return false;
  const std::size_t colon = host.rfind(':');
  if (colon == std::string_view::npos || host.substr(colon + 1) != port_) return false;
  std::string_view name = host.substr(0, colon);
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  return net::IpAddress::parse(name).has_value();
}

bool Doorkeeper::has_own_origin(const HttpRequest& request) const {
  const auto origin = only(request, "Origin");
  const auto host = only(request, "Host");
  if (!origin || !host) return false;
  return *origin == origin_ || (!is_secure() && *origin == "http://" + to_lower_ascii(*host));
}

std::optional<HttpResponse> Doorkeeper::refuse(const HttpRequest& request) const {
  if (std::ranges::find(kOpenPaths, request.path()) != kOpenPaths.end()) return std::nullopt;
  const auto host = only(request, "Host");
  if (!host || !is_own_host(*host)) {
    return problem_response(421, "unknown-host", "this listener does not go by that name; `--admin-url` names others");
  }
  const bool names_origin = !request.headers("Origin").empty();
  if (comes_from_elsewhere(request) || (names_origin && !has_own_origin(request))) {
    return problem_response(403, "bad-origin", "a page of another origin sent this request");
  }
  if (!changes(request.method())) return std::nullopt;
  if (only(request, kCustomHeader) != "1") {
    return problem_response(403, "bad-origin",
                            fmt::format("a request that changes something has `{}: 1`", kCustomHeader), kCustomHeader);
  }
  if (!request.body().empty() && !is_json(only(request, "Content-Type").value_or(""))) {
    return problem_response(415, "unsupported-media-type", "a body is `application/json`");
  }
  return std::nullopt;
}

}  // namespace portreeve::pdp
