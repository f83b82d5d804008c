#include "pep/supervisor/peers.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "pep/supervisor/descriptor.h"

namespace portreeve::supervisor {

namespace {

net::IpAddress address_of(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    std::array<std::uint8_t, 4> bytes;
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, bytes.size());
    return net::IpAddress::from_v4_bytes(bytes);
  }
  std::array<std::uint8_t, 16> bytes;
  std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr, bytes.size());
  return net::IpAddress::from_v6_bytes(bytes);
}

std::vector<net::IpAddress> interface_addresses() {
  std::vector<net::IpAddress> out;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return out;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    const sockaddr* address = entry->ifa_addr;
    if (address == nullptr || (address->sa_family != AF_INET && address->sa_family != AF_INET6)) continue;
    out.push_back(address_of(address));
  }
  freeifaddrs(list);
  return out;
}

// The interface by which the kernel would answer `peer`; 0 where there is no route (rtnetlink(7), RTM_GETROUTE).
unsigned route_to(net::IpAddress peer) {
  const Descriptor socket_fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket_fd) return 0;
  struct {
    nlmsghdr header;
    rtmsg route;
    rtattr attribute;
    std::array<std::uint8_t, 16> address;
  } ask{};
  const std::size_t size = peer.is_v4() ? 4 : 16;
  ask.header.nlmsg_len = static_cast<std::uint32_t>(NLMSG_LENGTH(sizeof(rtmsg)) + RTA_LENGTH(size));
  ask.header.nlmsg_type = RTM_GETROUTE;
  ask.header.nlmsg_flags = NLM_F_REQUEST;
  ask.route.rtm_family = peer.is_v4() ? AF_INET : AF_INET6;
  ask.route.rtm_dst_len = static_cast<unsigned char>(size * 8);
  ask.attribute.rta_type = RTA_DST;
  ask.attribute.rta_len = static_cast<unsigned short>(RTA_LENGTH(size));
  if (peer.is_v4()) {
    std::ranges::copy(peer.v4_bytes(), ask.address.begin());
  } else {
    std::ranges::copy(peer.v6_bytes(), ask.address.begin());
  }
  if (send(socket_fd.get(), &ask, ask.header.nlmsg_len, 0) < 0) return 0;
  alignas(nlmsghdr) std::array<char, 4096> answer;
  const ssize_t got = recv(socket_fd.get(), answer.data(), answer.size(), 0);
  const auto* header = reinterpret_cast<const nlmsghdr*>(answer.data());
  if (got <= 0 || !NLMSG_OK(header, static_cast<std::uint32_t>(got)) || header->nlmsg_type != RTM_NEWROUTE) return 0;
  const auto* route = static_cast<const rtmsg*>(NLMSG_DATA(header));
  if (route->rtm_type != RTN_UNICAST) return 0;
  auto left = static_cast<int>(RTM_PAYLOAD(header));
  for (const rtattr* attribute = RTM_RTA(route); RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
    if (attribute->rta_type != RTA_OIF) continue;
    unsigned interface = 0;
    std::memcpy(&interface, RTA_DATA(attribute), sizeof interface);
    return interface;
  }
  return 0;
}

bool is_of_this_machine(net::IpAddress peer) {
  const std::uint64_t low = peer.low();
  if (peer.is_v4()) {
    const std::uint64_t first = low >> 24 & 0xff;
    return first == 127 || first == 0 || first >= 224;
  }
  const bool unspecified_or_loopback = peer.high() == 0 && low <= 1;
  const bool multicast = peer.high() >> 56 == 0xff;
  return unspecified_or_loopback || multicast;
}

}  // namespace

LocalView look_around(const std::string& control_interface) {
  LocalView view;
  view.addresses = interface_addresses();
  view.comes_by_control = [control_interface](net::IpAddress peer) {
    if (control_interface.empty()) return true;
    const unsigned control = if_nametoindex(control_interface.c_str());
    return control != 0 && route_to(peer) == control;
  };
  return view;
}

PeerVerdict judge_peer(const PeerRules& rules, const LocalView& view, net::IpAddress peer) {
  if (rules.block_local) {
    // Without the list of its own addresses nobody can be told from the guest.
    if (view.addresses.empty() || is_of_this_machine(peer)) return PeerVerdict::local;
    if (std::ranges::find(view.addresses, peer) != view.addresses.end()) return PeerVerdict::local;
    if (!view.comes_by_control(peer)) return PeerVerdict::other_route;
  }
  const bool listed = std::ranges::any_of(rules.controllers, [&](net::IpPrefix p) { return p.contains(peer); });
  return listed ? PeerVerdict::allowed : PeerVerdict::not_listed;
}

std::string_view to_text(PeerVerdict verdict) {
  switch (verdict) {
    case PeerVerdict::allowed:
      return "allowed";
    case PeerVerdict::local:
      return "an address of the sandbox itself";
    case PeerVerdict::other_route:
      return "not routed by the control interface";
    case PeerVerdict::not_listed:
      return "no listed controller";
  }
  return "no listed controller";
}

}  // namespace portreeve::supervisor
