// The CONNECT form of a request (RFC 9110 §9.3.6).
#pragma once

#include <variant>

#include "engine/net/endpoint.h"
#include "pep/http/request_head.h"

namespace portreeve::pep {

// Reads what a CONNECT asks for: the target in its normal form. Refuses a target that is no `host:port`, a Host header
// that names another host or port (without a port it means the target's), and a request with a body. Requires:
// `head.method` is `CONNECT`. The error's status is 400.
std::variant<net::Endpoint, HeadError> read_connect(const RequestHead& head);

}  // namespace portreeve::pep
