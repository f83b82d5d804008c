// Opens the connection to the destination.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <variant>
#include <vector>

#include "engine/base/time.h"
#include "engine/net/ip_address.h"
#include "engine/wire/reason.h"
#include "pep/client/answer.h"

namespace portreeve::pep {

struct Dialled {
  boost::asio::ip::tcp::socket socket;
  net::IpAddress address;
};
// connect_refused or connect_timeout, and the address tried last.
struct DialFailure {
  wire::Reason reason = wire::Reason::connect_refused;
  net::IpAddress address;
};

// Connects to the first of `addresses` that takes it, in their order, each with its share of what is left of `timeout`.
// No other address can be dialled: only an allowing answer makes a JudgedAddress. Requires: at least one address.
boost::asio::awaitable<std::variant<Dialled, DialFailure>> dial(std::vector<JudgedAddress> addresses, Millis timeout);

}  // namespace portreeve::pep
