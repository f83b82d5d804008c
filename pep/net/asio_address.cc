#include "pep/net/asio_address.h"

namespace portreeve::pep {

namespace asio = boost::asio;

asio::ip::address to_asio(net::IpAddress address) {
  if (address.is_v4()) return asio::ip::address_v4(address.v4_bytes());
  return asio::ip::address_v6(address.v6_bytes());
}

net::IpAddress from_asio(const asio::ip::address& address) {
  if (address.is_v4()) return net::IpAddress::from_v4_bytes(address.to_v4().to_bytes());
  return net::IpAddress::from_v6_bytes(address.to_v6().to_bytes());
}

}  // namespace portreeve::pep
