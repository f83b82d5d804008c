// Between our addresses and Asio's.
#pragma once

#include <boost/asio/ip/address.hpp>

#include "engine/net/ip_address.h"

namespace portreeve::pep {

boost::asio::ip::address to_asio(net::IpAddress address);
net::IpAddress from_asio(const boost::asio::ip::address& address);

}  // namespace portreeve::pep
