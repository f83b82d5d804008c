// The broker's front door.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "pep/broker/gate.h"

namespace portreeve::pep {

// Serves one client connection, request after request, to its end: strict parse → token → route → (a model API's body)
// → PDP → rate → credential → exchange. `client` outlives the call, so that others may close it.
boost::asio::awaitable<void> serve_requests(BrokerLane& lane, boost::asio::ip::tcp::socket& client);

// Turns a connection away before anything is read of it: the gate has as many as it can hold.
boost::asio::awaitable<void> turn_away_request(BrokerLane& lane, boost::asio::ip::tcp::socket& client);

}  // namespace portreeve::pep
