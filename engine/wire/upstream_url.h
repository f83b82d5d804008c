// The base URL of a secret's upstream: an https origin with an optional base path.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/net/endpoint.h"

namespace portreeve::wire {

// `https://host[:port][/path]`, normalised. A value.
struct UpstreamUrl {
  net::Endpoint origin;
  std::string path;  // "" or canonical, like "/v1": no trailing slash, no dot segments, no query

  // Accepts one trailing slash and the default port. Fails for another scheme, user info, query, fragment, wildcard,
  // port 0, a host that is neither a name nor a canonical address, and a path that is not canonical.
  static Result<UpstreamUrl> parse(std::string_view text);

  // The normal form: the default port left out.
  std::string to_string() const;

  friend bool operator==(const UpstreamUrl&, const UpstreamUrl&) = default;
};

// The path of an HTTP request as it is judged (SEMANTICS §9): query cut off, escapes of unreserved characters decoded,
// other escapes in upper case. Fails unless it starts with `/`, and for dot segments, encoded `/` or `\`, NUL, `\`,
// `#`, bad escapes, control and non-ASCII characters.
Result<std::string> normalise_http_path(std::string_view path);

// True for an HTTP method as it is judged: an RFC 9110 token without lower-case letters, at most 32 characters.
bool is_http_method(std::string_view method);

}  // namespace portreeve::wire
