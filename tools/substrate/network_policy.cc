#include "tools/substrate/network_policy.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/json_value.h"
#include "engine/net/guard_prefixes.h"
#include "tools/substrate/openings.h"
#include "tools/substrate/yaml_text.h"

namespace portreeve::substrate {
namespace {

using Array = JsonValue::Array;

JsonValue object(std::initializer_list<std::pair<std::string_view, JsonValue>> members) {
  JsonValue out{JsonValue::Object{}};
  for (const auto& [key, value] : members) out.set(key, value);
  return out;
}

JsonValue match_labels(const Labels& labels) {
  JsonValue out{JsonValue::Object{}};
  for (const auto& [key, value] : labels) out.set(key, value);
  return object({{"matchLabels", std::move(out)}});
}

// Both selectors in one peer: these pods of that namespace. As two peers they would be either.
JsonValue pods_peer(const Pods& pods) {
  return object({{"namespaceSelector", match_labels({{"kubernetes.io/metadata.name", pods.name_space}})},
                 {"podSelector", match_labels(pods.labels)}});
}

JsonValue block_peer(const net::IpPrefix& prefix, const std::vector<net::IpPrefix>& except = {}) {
  JsonValue block = object({{"cidr", prefix.to_string()}});
  Array holes;
  for (const net::IpPrefix& hole : except) holes.emplace_back(hole.to_string());
  if (!holes.empty()) block.set("except", std::move(holes));
  return object({{"ipBlock", std::move(block)}});
}

JsonValue port(std::string_view protocol, const model::PortRange& ports) {
  JsonValue out = object({{"port", std::int64_t{ports.first}}, {"protocol", protocol}});
  if (ports.last != ports.first) out.set("endPort", std::int64_t{ports.last});
  return out;
}
JsonValue port(std::string_view protocol, std::uint16_t number) { return port(protocol, {number, number}); }

JsonValue egress_rule(Array peers, Array ports) {
  return object({{"ports", std::move(ports)}, {"to", std::move(peers)}});
}

// Where the gate is, for those who reach it. Never empty: an empty list of peers would be everyone.
Array gate_peers(const Gate& gate) {
  Array peers;
  if (gate.pods) peers.push_back(pods_peer(*gate.pods));
  for (const net::IpAddress& address : gate.addresses) peers.push_back(block_peer(net::IpPrefix::of(address)));
  return peers;
}

void open_gate(const std::optional<Gate>& gate, Array& egress) {
  if (gate) egress.push_back(egress_rule(gate_peers(*gate), {port("TCP", gate->port)}));
}

void open_name_server(const std::optional<Gate>& gate, Array& egress) {
  if (gate) egress.push_back(egress_rule(gate_peers(*gate), {port("TCP", gate->port), port("UDP", gate->port)}));
}

JsonValue policy(std::string_view name, std::string_view name_space, JsonValue selector, Array ingress, Array egress) {
  return object({{"apiVersion", "networking.k8s.io/v1"},
                 {"kind", "NetworkPolicy"},
                 {"metadata", object({{"labels", object({{"app.kubernetes.io/managed-by", "portreeve"}})},
                                      {"name", name},
                                      {"namespace", name_space}})},
                 {"spec", object({{"egress", std::move(egress)},
                                  {"ingress", std::move(ingress)},
                                  {"podSelector", std::move(selector)},
                                  {"policyTypes", Array{"Ingress", "Egress"}}})}});
}

// Both written out: an absent list with its policy type closes as well, but reads like an omission.
JsonValue closed_namespace(std::string_view name_space) {
  return policy("portreeve-closed", name_space, JsonValue{JsonValue::Object{}}, {}, {});
}

Array controllers_in(const Control& control) {
  Array from;
  if (control.pods) from.push_back(pods_peer(*control.pods));
  for (const net::IpPrefix& prefix : control.controllers) from.push_back(block_peer(prefix));
  if (from.empty()) return {};
  return {object({{"from", std::move(from)}, {"ports", Array{port("TCP", control.port)}}})};
}

JsonValue sandbox_policy(const Sandbox& sandbox, const Deployment& deployment) {
  Array egress;
  open_gate(deployment.proxy, egress);
  open_gate(deployment.broker, egress);
  open_gate(deployment.pdp, egress);
  open_name_server(deployment.dns, egress);
  return policy("portreeve-sandbox-" + sandbox.name, *deployment.name_space, match_labels(sandbox.labels),
                controllers_in(deployment.control), std::move(egress));
}

std::vector<net::IpPrefix> guarded_below(const net::IpPrefix& prefix) {
  std::vector<net::IpPrefix> guarded = prefix.is_v4() ? net::guarded_v4_prefixes() : net::guarded_v6_prefixes();
  std::erase_if(guarded, [&](const net::IpPrefix& each) { return !prefix.contains(each); });
  return guarded;
}

// What the proxy may dial: what the guard leaves of the internet, the services that policies open, and what it needs.
JsonValue proxy_policy(const model::PolicySet& set, const Deployment& deployment) {
  const Gate& proxy = *deployment.proxy;
  const net::IpPrefix v4 = net::IpPrefix::masked(net::IpAddress::from_words(0, std::uint64_t{0xffff} << 32), 0);
  const net::IpPrefix global = net::IpPrefix::masked(net::IpAddress::from_words(std::uint64_t{0x2} << 60, 0), 3);
  Array egress{egress_rule({block_peer(v4, guarded_below(v4)), block_peer(global, guarded_below(global))},
                           {port("TCP", {1, 65535})})};
  open_gate(deployment.pdp, egress);
  open_name_server(deployment.dns, egress);
  for (const SocketAddress& reached : proxy.reaches) {
    egress.push_back(egress_rule({block_peer(net::IpPrefix::of(reached.address))},
                                 {port("TCP", reached.port), port("UDP", reached.port)}));
  }
  for (const PrefixAndPorts& service : prefixes_of(open_services(set))) {
    egress.push_back(egress_rule({block_peer(service.prefix)}, {port("TCP", service.ports)}));
  }
  Array from;
  for (const Sandbox& sandbox : deployment.sandboxes)
    from.push_back(pods_peer({*deployment.name_space, sandbox.labels}));
  Array ingress;
  if (!from.empty()) ingress.push_back(object({{"from", std::move(from)}, {"ports", Array{port("TCP", proxy.port)}}}));
  return policy("portreeve-proxy", proxy.pods->name_space, match_labels(proxy.pods->labels), std::move(ingress),
                std::move(egress));
}

}  // namespace

Result<std::string> to_network_policies(const model::PolicySet& set, const Deployment& deployment,
                                        std::string_view revision) {
  if (!deployment.name_space) {
    return fail("the deployment file states no `kubernetes: { namespace: … }`: which namespace is closed?");
  }
  std::vector<JsonValue> documents{closed_namespace(*deployment.name_space)};
  if (deployment.proxy && deployment.proxy->pods) {
    if (deployment.proxy->pods->name_space == *deployment.name_space) {
      return fail(
          fmt::format("the proxy's pods are in the sandboxes' namespace `{}`, which is closed: give them another",
                      *deployment.name_space));
    }
    documents.push_back(proxy_policy(set, deployment));
  }
  for (const Sandbox& sandbox : deployment.sandboxes) {
    if (sandbox.labels.empty()) {
      return fail(fmt::format("{}:{}:{}: the sandbox `{}` has no `labels`, by which its pod is known",
                              sandbox.place.file, sandbox.place.line, sandbox.place.column, sandbox.name));
    }
    documents.push_back(sandbox_policy(sandbox, deployment));
  }
  std::string out;
  for (const std::string& line : origin_lines("networkpolicy", revision)) out += fmt::format("# {}\n", line);
  for (const JsonValue& document : documents) out += "---\n" + to_yaml(document);
  return out;
}

}  // namespace portreeve::substrate
