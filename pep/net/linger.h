// The end of a connection whose last word is to arrive.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "engine/base/time.h"

namespace portreeve::pep {

// Says goodbye so that the last bytes written arrive: ends sending, then reads until the peer has gone or `most`.
boost::asio::awaitable<void> linger(boost::asio::ip::tcp::socket& client, Millis most);

}  // namespace portreeve::pep
