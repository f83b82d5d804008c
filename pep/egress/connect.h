// The front door of explicit proxying: HTTP CONNECT.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "pep/egress/gate.h"

namespace portreeve::pep {

// Serves one client connection to its end: reads a request head, takes the session token, has the target judged, opens
// the tunnel. Only a 407 leaves the connection open for another request; every other refusal ends it. `client` outlives
// the call, so that others may close it.
boost::asio::awaitable<void> serve_connect(Lane& lane, boost::asio::ip::tcp::socket& client);

// Turns a connection away before anything is read of it: the gate has as many as it can hold.
boost::asio::awaitable<void> turn_away(Lane& lane, boost::asio::ip::tcp::socket& client);

}  // namespace portreeve::pep
