// Cookies (RFC 6265bis): one is read, one is set.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/base/time.h"
#include "pdp/http/http_message.h"

namespace portreeve::pdp {

// Whether the browser sends a cookie along where another site leads it here.
enum class SameSite : std::uint8_t { strict, lax };
enum class CookieTransport : std::uint8_t { tls_only, plain };

// The value of the cookie of that name; nothing where there is none, where it stands twice (another site of the same
// host may have planted one), or where it is longer than any of ours.
std::optional<std::string_view> find_cookie(const HttpRequest& request, std::string_view name);

struct NewCookie {
  std::string name;
  std::string value;  // base64url; empty: the cookie is taken away
  std::string path = "/";
  Seconds lifetime{0};
  SameSite same_site = SameSite::strict;
  CookieTransport transport = CookieTransport::tls_only;
};
// A `Set-Cookie` field, always HttpOnly.
std::string to_field(const NewCookie& cookie);

}  // namespace portreeve::pdp
