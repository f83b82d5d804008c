#include "tools/substrate/nftables.h"

#include <fmt/format.h>

#include <vector>

#include "engine/net/guard_prefixes.h"

namespace portreeve::substrate {
namespace {

std::string quoted(const std::string& name) { return fmt::format("\"{}\"", name); }
std::string quoted(const InterfacePattern& pattern) {
  return fmt::format("\"{}{}\"", pattern.stem(), pattern.is_prefix() ? "*" : "");
}

std::string ports_text(const model::PortRange& ports) {
  return ports.first == ports.last ? fmt::format("{}", ports.first) : fmt::format("{}-{}", ports.first, ports.last);
}

// The elements of the sets of one family.
struct FamilySets {
  std::vector<std::string> sources;       // interface . MAC . address
  std::vector<std::string> destinations;  // interface . address
  std::vector<std::string> gates;         // address . port
  std::vector<std::string> name_servers;
  std::vector<std::string> reaches;
  std::vector<std::string> controllers;  // prefixes
  std::vector<std::string> services;     // prefix . ports
  std::vector<std::string> guarded;      // prefixes
};

void add_sockets(const std::vector<SocketAddress>& sockets, bool v4, std::vector<std::string>& out) {
  for (const SocketAddress& socket : sockets) {
    if (socket.address.is_v4() == v4) out.push_back(fmt::format("{} . {}", socket.address.to_string(), socket.port));
  }
}

FamilySets family_sets(const HostLayer& layer, bool v4) {
  FamilySets sets;
  for (const Sandbox& sandbox : layer.deployment->sandboxes) {
    const auto& address = v4 ? sandbox.ipv4 : sandbox.ipv6;
    if (!address) continue;
    const std::string interface = quoted(sandbox.interface->text());
    sets.sources.push_back(fmt::format("{} . {} . {}", interface, sandbox.mac->to_string(), address->to_string()));
    sets.destinations.push_back(fmt::format("{} . {}", interface, address->to_string()));
  }
  add_sockets(layer.gates, v4, sets.gates);
  add_sockets(layer.name_servers, v4, sets.name_servers);
  add_sockets(layer.reaches, v4, sets.reaches);
  for (const net::IpPrefix& prefix : layer.deployment->control.controllers) {
    if (prefix.is_v4() == v4) sets.controllers.push_back(prefix.to_string());
  }
  for (const PrefixAndPorts& service : layer.services) {
    if (service.prefix.is_v4() != v4) continue;
    sets.services.push_back(fmt::format("{} . {}", service.prefix.to_string(), ports_text(service.ports)));
  }
  for (const net::IpPrefix& prefix : v4 ? net::guarded_v4_prefixes() : net::guarded_v6_prefixes()) {
    sets.guarded.push_back(prefix.to_string());
  }
  return sets;
}

// nft takes no empty list of elements: a set without any matches nothing.
std::string set_text(std::string_view name, std::string_view type, std::string_view flags,
                     const std::vector<std::string>& elements) {
  std::string out = fmt::format("  set {} {{\n    type {}\n", name, type);
  if (!flags.empty()) out += fmt::format("    {}\n", flags);
  if (!elements.empty()) out += fmt::format("    elements = {{\n      {}\n    }}\n", fmt::join(elements, ",\n      "));
  return out + "  }\n";
}

std::string sets_text(const FamilySets& sets, std::string_view family) {
  const std::string address = fmt::format("ipv{}_addr", family);
  const auto named = [&](std::string_view name) { return fmt::format("{}{}", name, family); };
  std::string out;
  out += set_text(named("sources"), "ifname . ether_addr . " + address, "", sets.sources);
  out += set_text(named("destinations"), "ifname . " + address, "", sets.destinations);
  out += set_text(named("gates"), address + " . inet_service", "", sets.gates);
  out += set_text(named("name_servers"), address + " . inet_service", "", sets.name_servers);
  out += set_text(named("controllers"), address, "flags interval\n    auto-merge", sets.controllers);
  out += set_text(named("reaches"), address + " . inet_service", "", sets.reaches);
  out += set_text(named("services"), address + " . inet_service", "flags interval", sets.services);
  out += set_text(named("guarded"), address, "flags interval", sets.guarded);
  return out;
}

std::vector<std::string> links(const HostLayer& layer, bool with_mac) {
  std::vector<std::string> out;
  for (const Sandbox& sandbox : layer.deployment->sandboxes) {
    const std::string interface = quoted(sandbox.interface->text());
    out.push_back(with_mac ? fmt::format("{} . {}", interface, sandbox.mac->to_string()) : interface);
  }
  return out;
}

// One chain; the lines are its rules, comments among them.
std::string chain_text(std::string_view name, std::string_view hook, const std::vector<std::string>& rules) {
  std::string out = fmt::format("\n  chain {} {{\n", name);
  if (!hook.empty()) out += fmt::format("    type filter hook {}; policy drop;\n", hook);
  for (const std::string& rule : rules) out += fmt::format("    {}\n", rule);
  return out + "  }\n";
}

using Rules = std::vector<std::string>;

// `rule` for IPv4 and IPv6: `IP` stands for the family's keyword, `#` for the digit of its sets.
void add_both(Rules& rules, std::string_view rule) {
  for (const auto& [keyword, digit] : {std::pair("ip", '4'), std::pair("ip6", '6')}) {
    std::string text;
    for (std::size_t i = 0; i < rule.size(); ++i) {
      if (rule.substr(i, 2) == "IP") {
        text += keyword;
        ++i;
      } else {
        text += rule[i] == '#' ? digit : rule[i];
      }
    }
    rules.push_back(std::move(text));
  }
}

void add_uplinks(Rules& rules, const HostLayer& layer, std::string_view side, std::string_view verdict) {
  for (const InterfacePattern& uplink : layer.deployment->uplinks) {
    rules.push_back(fmt::format("{} {} {}", side, quoted(uplink), verdict));
  }
}

constexpr std::string_view kNeighbours = "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert }";

void add_guard(Rules& rules) {
  add_both(rules, "IP daddr @guarded# counter name guarded drop");
  rules.push_back("ip6 daddr & ::fcff:ffff:0:0 == ::5efe:0:0 counter name guarded drop");  // ISATAP
}

std::string prerouting_chain(const HostLayer& layer) {
  Rules rules{"iifname \"lo\" accept"};
  add_uplinks(rules, layer, "iifname", "accept");
  rules.push_back("jump carries_its_own");
  rules.push_back("accept");
  return chain_text("prerouting", "prerouting priority raw", rules);
}

std::string source_chain() {
  Rules rules;
  add_both(rules, "iifname . ether saddr . IP saddr @sources# return");
  rules.push_back(
      fmt::format("iifname . ether saddr @links ip6 saddr fe80::/10 ip6 hoplimit 255 {} return", kNeighbours));
  rules.push_back("counter name spoofed drop");
  return chain_text("carries_its_own", "", rules);
}

std::string from_sandbox_chain(const Control& control) {
  Rules rules{"jump carries_its_own", fmt::format("tcp dport {} counter name control drop", control.port),
              "ct state invalid counter name refused drop"};
  add_both(rules, "IP daddr . tcp dport @gates# accept");
  add_both(rules, "IP daddr . udp dport @name_servers# accept");
  add_both(rules, fmt::format("IP daddr @controllers# tcp sport {} ct state established ct direction reply accept",
                              control.port));
  add_guard(rules);
  rules.push_back("counter name refused drop");
  return chain_text("from_sandbox", "", rules);
}

std::string to_sandbox_chain() {
  Rules rules;
  add_both(
      rules,
      "oifname . IP daddr @destinations# IP saddr . tcp sport @gates# ct state established ct direction reply accept");
  add_both(rules,
           "oifname . IP daddr @destinations# IP saddr . udp sport @name_servers# ct state established ct direction "
           "reply accept");
  rules.push_back("counter name refused drop");
  return chain_text("to_sandbox", "", rules);
}

std::string control_chain(const Control& control) {
  Rules rules;
  add_both(rules,
           fmt::format("oifname . IP daddr @destinations# IP saddr @controllers# tcp dport {} accept", control.port));
  return chain_text("control", "", rules);
}

std::string input_chain(const HostLayer& layer) {
  Rules rules{"iifname \"lo\" accept"};
  add_uplinks(rules, layer, "iifname", "accept");
  rules.push_back(fmt::format("iifname . ether saddr @links ip6 hoplimit 255 {} jump neighbour", kNeighbours));
  rules.push_back("goto from_sandbox");
  return chain_text("input", "input priority filter", rules);
}

// A neighbour's message that carries its own address is taken; one sent on (hop limit) is not.
std::string neighbour_chain() { return chain_text("neighbour", "", {"jump carries_its_own", "accept"}); }

std::string forward_chains(const HostLayer& layer) {
  Rules from_uplink;
  add_uplinks(from_uplink, layer, "oifname", "accept");
  if (layer.deployment->control.interface) {
    from_uplink.push_back(fmt::format("iifname {} jump control", quoted(layer.deployment->control.interface->text())));
  }
  from_uplink.push_back("goto to_sandbox");
  Rules forward;
  add_uplinks(forward, layer, "iifname", "goto from_uplink");
  forward.push_back("goto from_sandbox");
  return chain_text("from_uplink", "", from_uplink) + chain_text("forward", "forward priority filter", forward);
}

std::string gate_chain(const Control& control) {
  Rules rules{"ct state established ct direction reply return",
              fmt::format("tcp dport {} counter name control drop", control.port)};
  add_both(rules, "IP daddr . tcp dport @reaches# return");
  add_both(rules, "IP daddr . udp dport @reaches# return");
  add_both(rules, "IP daddr . tcp dport @services# return");
  add_guard(rules);
  rules.push_back("meta l4proto tcp return");
  rules.push_back("counter name refused drop");
  return chain_text("sent_by_gate", "", rules);
}

std::string user_text(const std::string& user) {
  const bool is_number = user[0] >= '0' && user[0] <= '9';
  return is_number ? user : quoted(user);
}

std::string output_chain(const HostLayer& layer) {
  const Control& control = layer.deployment->control;
  Rules rules;
  for (const std::string& user : layer.users)
    rules.push_back(fmt::format("meta skuid {} jump sent_by_gate", user_text(user)));
  rules.push_back("oifname \"lo\" accept");
  add_uplinks(rules, layer, "oifname", "accept");
  rules.push_back(fmt::format("oifname @sandbox_links ip6 hoplimit 255 {} accept", kNeighbours));
  rules.push_back(control.user ? fmt::format("meta skuid {} jump control", user_text(*control.user)) : "jump control");
  rules.push_back("goto to_sandbox");
  return chain_text("output", "output priority filter", rules);
}

std::string arp_table(const HostLayer& layer) {
  std::vector<std::string> own;
  for (const Sandbox& sandbox : layer.deployment->sandboxes) {
    if (!sandbox.ipv4) continue;
    own.push_back(fmt::format("{} . {} . {}", quoted(sandbox.interface->text()), sandbox.mac->to_string(),
                              sandbox.ipv4->to_string()));
  }
  Rules rules{"iifname . arp saddr ether . arp saddr ip @sources accept"};
  add_uplinks(rules, layer, "iifname", "accept");
  return "table arp portreeve {\n" + set_text("sources", "ifname . ether_addr . ipv4_addr", "", own) +
         chain_text("input", "input priority filter", rules) + "}\n";
}

}  // namespace

std::string to_nftables(const HostLayer& layer, std::string_view revision) {
  std::string out;
  for (const std::string& line : origin_lines("nftables", revision)) out += fmt::format("# {}\n", line);
  out += "# Load it with `nft -f`: all of it in one transaction, in the place of what it replaces.\n";
  for (const std::string_view table : {"inet portreeve", "arp portreeve"}) {
    out += fmt::format("table {0}\ndelete table {0}\n", table);  // named first, since what is not there is not deleted
  }
  out += "\ntable inet portreeve {\n";
  for (const std::string_view counter : {"spoofed", "control", "guarded", "refused"}) {
    out += fmt::format("  counter {} {{\n  }}\n", counter);
  }
  out += set_text("links", "ifname . ether_addr", "", links(layer, true));
  out += set_text("sandbox_links", "ifname", "", links(layer, false));
  out += sets_text(family_sets(layer, true), "4") + sets_text(family_sets(layer, false), "6");
  // A chain stands after those it jumps to.
  out += source_chain() + neighbour_chain() + from_sandbox_chain(layer.deployment->control) + to_sandbox_chain() +
         control_chain(layer.deployment->control) + gate_chain(layer.deployment->control);
  out += prerouting_chain(layer) + input_chain(layer) + forward_chains(layer) + output_chain(layer);
  return out + "}\n\n" + arp_table(layer);
}

}  // namespace portreeve::substrate
