// The deployment file: where the sandboxes and the gates of one host, cluster or mesh are. See docs/coarse-layer.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/diagnostic.h"
#include "engine/net/ip_address.h"
#include "engine/net/ip_prefix.h"
#include "engine/wire/policy_file.h"
#include "tools/substrate/link_names.h"

namespace portreeve::substrate {

// Kubernetes labels, sorted by key, each key once.
using Labels = std::vector<std::pair<std::string, std::string>>;

struct Sandbox {
  std::string name;
  SourcePlace place;
  std::optional<InterfaceName> interface;  // the host's end of its pair
  std::optional<MacAddress> mac;           // of the sandbox's end
  std::optional<net::IpAddress> ipv4;
  std::optional<net::IpAddress> ipv6;
  Labels labels;
};

// Pods of one namespace, by their labels.
struct Pods {
  std::string name_space;
  Labels labels;
  friend bool operator==(const Pods&, const Pods&) = default;
};

// An address and a port, both written out.
struct SocketAddress {
  net::IpAddress address;
  std::uint16_t port = 0;
  friend auto operator<=>(const SocketAddress&, const SocketAddress&) = default;
};

struct Gate {
  SourcePlace place;
  std::vector<net::IpAddress> addresses;
  std::uint16_t port = 0;
  std::optional<Pods> pods;
  std::optional<std::string> user;     // of the host, name or number; the guard is repeated for what its programs send
  std::vector<SocketAddress> reaches;  // what the guard closes and this gate needs
  std::optional<std::string> mesh_tag;
};

struct Control {
  std::uint16_t port = 2024;
  std::optional<InterfaceName> interface;  // through which controllers that are not this host come
  std::vector<net::IpPrefix> controllers;  // by source; nobody where empty
  std::optional<std::string> user;         // of the host: only its programs, where given
  std::optional<Pods> pods;
};

// One deployment, consistent in itself: no two sandboxes share an interface or an address, no gate or controller has a
// sandbox's, every address is one that could be reached. The default is one in which nothing is configured.
struct Deployment {
  std::vector<InterfacePattern> uplinks;  // the host's own interfaces; every other one is taken for a sandbox's
  std::vector<Sandbox> sandboxes;         // sorted by name
  std::optional<Gate> proxy;
  std::optional<Gate> broker;
  std::optional<Gate> pdp;
  std::optional<Gate> dns;
  Control control;
  std::optional<std::string> name_space;  // of the sandboxes' pods
};

struct DeploymentResult {
  std::optional<Deployment> deployment;  // absent if there is any error
  std::vector<Diagnostic> diagnostics;   // sorted by place
};

// Reads a deployment file. Any bytes may be given. A file that holds nothing is a deployment in which nothing is
// configured. Cost: linear in the bytes, but for overlaps of controllers with sandboxes (their product).
DeploymentResult read_deployment(const wire::PolicyFile& file);

// The JSON Schema (2020-12) of the file, and its fields as Markdown tables, made from the table that drives the reader.
std::string deployment_json_schema();
std::string deployment_reference();

}  // namespace portreeve::substrate
