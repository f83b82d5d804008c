// Who may reach the control port: nobody from inside the sandbox, and of the others only who is listed.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/net/ip_address.h"
#include "engine/net/ip_prefix.h"

namespace portreeve::supervisor {

// What the kernel says of this network namespace at this moment.
struct LocalView {
  std::vector<net::IpAddress> addresses;                 // of every interface
  std::function<bool(net::IpAddress)> comes_by_control;  // the route back to it is by the control interface
};
// Reads the interfaces' addresses by netlink. `control_interface` empty: every route will do.
LocalView look_around(const std::string& control_interface);

enum class PeerVerdict {
  allowed,
  local,        // loopback, unspecified, multicast, or an address of the guest itself
  other_route,  // not routed by the control interface
  not_listed,
};

struct PeerRules {
  std::vector<net::IpPrefix> controllers;  // empty: nobody
  bool block_local = true;
};

// Total. Mapped addresses are their IPv4 addresses already (net::IpAddress).
PeerVerdict judge_peer(const PeerRules& rules, const LocalView& view, net::IpAddress peer);

std::string_view to_text(PeerVerdict verdict);

}  // namespace portreeve::supervisor
