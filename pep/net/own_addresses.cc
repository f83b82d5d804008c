#include "pep/net/own_addresses.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <span>
#include <utility>

namespace portreeve::pep {
namespace {

constexpr std::int64_t kRefreshMillis = 2000;

}  // namespace

std::vector<net::IpPrefix> interface_addresses() {
  std::vector<net::IpPrefix> found;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return found;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr) continue;
    if (entry->ifa_addr->sa_family == AF_INET) {
      sockaddr_in address;
      std::memcpy(&address, entry->ifa_addr, sizeof address);
      std::uint8_t bytes[4];
      std::memcpy(bytes, &address.sin_addr, sizeof bytes);
      found.push_back(net::IpPrefix::of(net::IpAddress::from_v4_bytes(bytes)));
    } else if (entry->ifa_addr->sa_family == AF_INET6) {
      sockaddr_in6 address;
      std::memcpy(&address, entry->ifa_addr, sizeof address);
      std::uint8_t bytes[16];
      std::memcpy(bytes, &address.sin6_addr, sizeof bytes);
      found.push_back(net::IpPrefix::of(net::IpAddress::from_v6_bytes(bytes)));
    }
  }
  freeifaddrs(list);
  return found;
}

const net::OwnAddresses& OwnAddressWatch::current() {
  const std::int64_t now = clock_.steady_millis();
  if (read_at_ < 0 || now - read_at_ >= kRefreshMillis) {
    std::vector<net::IpPrefix> all = interface_addresses();
    all.insert(all.end(), named_.begin(), named_.end());
    addresses_ = net::OwnAddresses(std::move(all));
    read_at_ = now;
  }
  return addresses_;
}

}  // namespace portreeve::pep
