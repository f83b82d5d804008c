#include "tools/substrate/openings.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

namespace portreeve::substrate {
namespace {

void add_ports(std::vector<model::PortRange>& ports, const std::vector<model::PortRange>& more) {
  ports.insert(ports.end(), more.begin(), more.end());
}

// The ports that both name.
std::vector<model::PortRange> common(const std::vector<model::PortRange>& a, const std::vector<model::PortRange>& b) {
  std::vector<model::PortRange> out;
  for (const model::PortRange& one : a) {
    for (const model::PortRange& other : b) {
      const model::PortRange both{std::max(one.first, other.first), std::min(one.last, other.last)};
      if (both.first <= both.last) out.push_back(both);
    }
  }
  return out;
}

std::vector<model::PortRange> disjoint(std::vector<model::PortRange> ports) {
  std::ranges::sort(ports, {}, [](const model::PortRange& range) { return std::pair(range.first, range.last); });
  std::vector<model::PortRange> out;
  for (const model::PortRange& range : ports) {
    if (!out.empty() && range.first <= out.back().last + 1) {
      out.back().last = std::max(out.back().last, range.last);
    } else {
      out.push_back(range);
    }
  }
  return out;
}

void add_gate(const std::optional<Gate>& gate, std::vector<SocketAddress>& out) {
  if (!gate) return;
  for (const net::IpAddress& address : gate->addresses) out.push_back({address, gate->port});
}

void sort_once(auto& values) {
  std::ranges::sort(values);
  const auto repeated = std::ranges::unique(values);
  values.erase(repeated.begin(), repeated.end());
}

Status check_links(const Deployment& deployment) {
  for (const Sandbox& sandbox : deployment.sandboxes) {
    std::string_view missing;
    if (!sandbox.interface)
      missing = "`interface`";
    else if (!sandbox.mac)
      missing = "`mac`";
    else if (!sandbox.ipv4 && !sandbox.ipv6)
      missing = "`ipv4` or `ipv6`";
    if (missing.empty()) continue;
    return fail(fmt::format("{}:{}:{}: the sandbox `{}` has no {}, by which a packet filter knows it",
                            sandbox.place.file, sandbox.place.line, sandbox.place.column, sandbox.name, missing));
  }
  return {};
}

}  // namespace

std::vector<ServiceOpening> open_services(const model::PolicySet& set) {
  std::map<std::string_view, std::vector<model::PortRange>> ports;
  std::map<std::string_view, const model::InternalService*> services;
  for (const model::InternalService& service : set.internal_services) services.emplace(service.name, &service);
  for (const model::EgressPolicy& policy : set.egress_policies) {
    for (const model::EgressRule& rule : policy.rules) {
      if (rule.effect != model::Effect::allow || !rule.enforce || !rule.services) continue;
      for (const model::Reference& reference : *rule.services) {
        const auto service = services.find(reference.name);
        if (service == services.end()) continue;
        const auto& declared = service->second->ports;
        add_ports(ports[service->first], rule.ports ? common(*rule.ports, declared) : declared);
      }
    }
  }
  std::vector<ServiceOpening> out;
  for (auto& [name, opened] : ports) {
    if (!opened.empty()) out.push_back({services.at(name), disjoint(std::move(opened))});
  }
  return out;
}

std::vector<PrefixAndPorts> prefixes_of(const std::vector<ServiceOpening>& services) {
  // Ports are put together by prefix, so that no two entries of one prefix overlap; of nested prefixes each has its
  // own.
  std::map<net::IpPrefix, std::vector<model::PortRange>> by_prefix;
  for (const ServiceOpening& opening : services) {
    for (const net::IpPrefix& prefix : opening.service->addresses) add_ports(by_prefix[prefix], opening.ports);
  }
  std::vector<PrefixAndPorts> out;
  for (auto& [prefix, ports] : by_prefix) {
    for (const model::PortRange& range : disjoint(std::move(ports))) out.push_back({prefix, range});
  }
  return out;
}

Result<HostLayer> host_layer(const model::PolicySet& set, const Deployment& deployment) {
  if (auto checked = check_links(deployment); !checked) return fail(checked.error());
  HostLayer layer;
  layer.deployment = &deployment;
  for (const auto* gate : {&deployment.proxy, &deployment.broker, &deployment.pdp, &deployment.dns}) {
    add_gate(*gate, layer.gates);
    if (!*gate || !(*gate)->user) continue;
    layer.users.push_back(*(*gate)->user);
    layer.reaches.insert(layer.reaches.end(), (*gate)->reaches.begin(), (*gate)->reaches.end());
  }
  add_gate(deployment.dns, layer.name_servers);
  sort_once(layer.gates);
  sort_once(layer.name_servers);
  sort_once(layer.users);
  sort_once(layer.reaches);
  layer.services = prefixes_of(open_services(set));
  return layer;
}

std::vector<std::string> origin_lines(std::string_view target, std::string_view revision) {
  return {
      fmt::format("Made by `portreeve compile --target {}` from the policies {}", target, revision),
      "and a deployment file. Change those, not this. What is not opened here is closed. See docs/coarse-layer.md."};
}

}  // namespace portreeve::substrate
