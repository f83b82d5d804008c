// The workload's side of an exchange.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <string>
#include <string_view>

#include "engine/base/time.h"
#include "engine/net/ip_address.h"
#include "pep/http/request_head.h"

namespace portreeve::pep {

// A connection and what was read of it but not used yet. The socket outlives it; its thread only.
struct ClientConnection {
  boost::asio::ip::tcp::socket& socket;
  net::IpAddress source;
  std::string unread;

  // Appends what comes next to `unread`; false where the peer has gone, or nothing came within `most`.
  boost::asio::awaitable<bool> read_more(Millis most);
  // Feeds `parser` until it is done; false where the client went away or took too long.
  boost::asio::awaitable<bool> read_head(HeadParser& parser, Millis first_byte, Millis whole);
  // False where the peer has gone.
  boost::asio::awaitable<bool> write(std::string_view bytes);
};

}  // namespace portreeve::pep
