// From the permission to dial to the end of the tunnel.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "pep/client/answer.h"
#include "pep/egress/client_hello.h"
#include "pep/egress/denial.h"
#include "pep/egress/gate.h"

namespace portreeve::pep {

// Dials what `answer` allows, answers 200 to `client`, reads the ClientHello where TLS must flow, and only then lets
// bytes go upstream; carries them until the end, or until `registration` is cut. Leaves one outcome record. Where it
// ends before the 200, that is the denial to be sent. `early`: what the client sent behind its CONNECT. Requires:
// `answer` allows the connection that `ask` asked for, and `registration` is bound to it.
boost::asio::awaitable<std::optional<Denial>> open_tunnel(Lane& lane, boost::asio::ip::tcp::socket& client,
                                                          EgressAsk ask, Answer answer, std::string early,
                                                          Registration registration);

// Why a hello does not lead to `host`; nothing where it does (SEMANTICS §3: an address target has no server name).
std::optional<wire::Reason> hello_denial(const ClientHello& hello, const net::EndpointHost& host, bool refuse_ech);

// The fatal alert record that answers a hello refused for `reason` (RFC 8446 §6).
std::string tls_alert(wire::Reason reason);

}  // namespace portreeve::pep
