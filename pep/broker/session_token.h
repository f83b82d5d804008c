// The session token, where the workload's programs put an API key.
#pragma once

#include <string>
#include <variant>

#include "pep/http/request_head.h"

namespace portreeve::pep {

// There is no token: the answer is 401.
struct MissingToken {};

// Reads `x-api-key`, or `Authorization`: `Bearer TOKEN`, or `Basic` with the token as password, or as user where the
// password is empty. Both headers may come if they hold the same. Another scheme, or nothing in it, is no token; what
// cannot be read, a token that is not printable ASCII, two that differ, a header twice, are errors.
std::variant<std::string, MissingToken, HeadError> read_session_token(const RequestHead& head);

}  // namespace portreeve::pep
