// What policies and a deployment open between them, as packet filters see it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/model/policy_set.h"
#include "engine/net/ip_prefix.h"
#include "tools/substrate/deployment.h"

namespace portreeve::substrate {

// Ports of an InternalService that some allow rule names, whoever it is for.
struct ServiceOpening {
  const model::InternalService* service = nullptr;
  std::vector<model::PortRange> ports;  // sorted, disjoint
};

// The services that the set's allow rules reach, by name; dry runs open nothing. Pointers live as long as the set.
std::vector<ServiceOpening> open_services(const model::PolicySet& set);

struct PrefixAndPorts {
  net::IpPrefix prefix;
  model::PortRange ports;
};
// Sorted by prefix, then port; IPv4 and IPv6 together.
std::vector<PrefixAndPorts> prefixes_of(const std::vector<ServiceOpening>& services);

// What the packet filter of a host is made of, target by target the same. Borrows the deployment.
struct HostLayer {
  const Deployment* deployment = nullptr;
  std::vector<SocketAddress> gates;         // over TCP, what sandboxes reach; sorted
  std::vector<SocketAddress> name_servers;  // those of them that sandboxes reach over UDP as well
  std::vector<std::string> users;           // as which gates run on this host
  std::vector<SocketAddress> reaches;       // of these users, besides public addresses and services
  std::vector<PrefixAndPorts> services;
};

// Fails where a sandbox has no interface, MAC or address.
Result<HostLayer> host_layer(const model::PolicySet& set, const Deployment& deployment);

// What a generated file says of itself: lines without comment marks.
std::vector<std::string> origin_lines(std::string_view target, std::string_view revision);

}  // namespace portreeve::substrate
