// The session token in a request to the proxy.
#pragma once

#include <string>
#include <variant>

#include "pep/http/request_head.h"

namespace portreeve::pep {

// There is no token: the answer is 407.
struct NoToken {};

// Reads `Proxy-Authorization`: `Bearer TOKEN`, or `Basic` with the token as password, or as user where the password is
// empty (so that `http://TOKEN@proxy` works). Another scheme, or nothing in it, is no token; a header that cannot be
// read is an error. The token is printable ASCII, and nothing else about it is checked.
std::variant<std::string, NoToken, HeadError> read_token(const RequestHead& head);

}  // namespace portreeve::pep
