// Where an issuer's documents are: an absolute http or https URL, read strictly.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace portreeve::pdp {

struct Url {
  bool https = true;
  std::string host;  // a name, or an address without brackets
  std::uint16_t port = 443;
  std::string target;  // path and query, at least `/`

  // Takes `https://…`, and `http://` where the host is 127.0.0.0/8, [::1] or `localhost`: keys that came in clear over
  // a network would be anybody's. Refused: user info, fragments, anything but printable ASCII.
  static Result<Url> parse(std::string_view text);
};

// Where the issuer's configuration stands (OpenID Connect Discovery 1.0 §4.1).
std::string discovery_address(std::string_view issuer);

}  // namespace portreeve::pdp
