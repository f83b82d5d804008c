#include "engine/decide/egress_clauses.h"

#include <span>

namespace portreeve::decide {
namespace {

using model::EgressRule;
using model::Protocol;
using wire::EgressProtocol;

using EgressGate = compile::Gate<EgressRule>;

bool has(std::uint8_t protocols, Protocol protocol) { return (protocols & compile::protocol_bit(protocol)) != 0; }

std::uint8_t bits_of(const std::vector<Protocol>& protocols) {
  std::uint8_t bits = 0;
  for (const Protocol protocol : protocols) bits |= compile::protocol_bit(protocol);
  return bits;
}

// CONNECT does not say what will flow: `tls` and `tcp` match it.
bool protocol_matches(std::uint8_t protocols, EgressProtocol asked) {
  switch (asked) {
    case EgressProtocol::tls:
      return has(protocols, Protocol::tls);
    case EgressProtocol::http:
      return has(protocols, Protocol::http);
    case EgressProtocol::tcp:
      return has(protocols, Protocol::tcp);
    case EgressProtocol::connect:
      return has(protocols, Protocol::tls) || has(protocols, Protocol::tcp);
  }
  return false;
}

bool in_ranges(std::span<const model::PortRange> ports, std::uint16_t port) {
  return std::ranges::any_of(ports, [&](const model::PortRange& range) { return range.contains(port); });
}

// The ports of an allow rule that states none: 443 for what may be TLS, 80 for HTTP. `tcp` always states its ports.
bool is_default_port(std::uint8_t protocols, EgressProtocol asked, std::uint16_t port) {
  if (asked == EgressProtocol::http) return port == 80;
  return port == 443 && has(protocols, Protocol::tls);
}

std::uint64_t bit(std::size_t i) { return std::uint64_t{1} << i; }

// The addresses, by position, for which `holds` is true.
template <class Holds>
std::uint64_t cover(const wire::EgressQuestion& question, Holds holds) {
  std::uint64_t mask = 0;
  for (std::size_t i = 0; i < question.addresses.size(); ++i) {
    if (holds(question.addresses[i])) mask |= bit(i);
  }
  return mask;
}

std::uint64_t all_of(const wire::EgressQuestion& question) {
  const std::size_t count = question.addresses.size();
  return count == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
}

// What an address clause says where `mask` covers those of the question.
Clause address_clause(const wire::EgressQuestion& question, std::uint64_t mask) {
  if (!question.addresses.empty()) return clause(mask != 0);
  return question.stage == wire::EgressStage::resolve ? Clause::unknown : Clause::error;
}

std::uint64_t inside(std::span<const net::IpPrefix> prefixes, const wire::EgressQuestion& question) {
  return cover(question, [&](net::IpAddress address) {
    return std::ranges::any_of(prefixes, [&](const net::IpPrefix& prefix) { return prefix.contains(address); });
  });
}

bool any_pattern(const std::vector<net::HostPattern>& patterns, const net::HostName* name) {
  return name != nullptr && std::ranges::any_of(patterns, [&](const auto& pattern) { return pattern.matches(*name); });
}

struct Target {
  const EgressGate& gate;
  const compile::Pools<EgressRule>& pools;
  model::Effect effect;
  bool found;  // by the host, or without hosts by an address
  const wire::EgressQuestion& question;
  const compile::Snapshot& snapshot;
  const net::HostName* name;  // null for an address target
  bool allow() const { return effect == model::Effect::allow; }
  std::uint64_t inside_prefixes() const { return inside(gate.prefixes.of(pools.prefixes), question); }
  // Of a rule without hosts, which the addresses alone can have found.
  std::uint64_t inside_prefixes_alone() const {
    return found && question.addresses.size() == 1 ? bit(0) : inside_prefixes();
  }
  bool states_port() const { return in_ranges(gate.ranges.of(pools.ranges), question.port); }
};

// Each of these returns true where no further clause need be looked at.
bool add_protocol_and_port(const Target& target, Fold& fold, Match& match) {
  const EgressGate& gate = target.gate;
  const auto& question = target.question;
  match.says_tls = has(gate.protocols, Protocol::tls);
  if (gate.restricts_protocols && fold.add("protocols", clause(protocol_matches(gate.protocols, question.protocol)))) {
    return true;
  }
  switch (gate.ports) {
    case EgressGate::Ports::any:
      return false;
    case EgressGate::Ports::by_protocol:
      return fold.add("ports", clause(is_default_port(gate.protocols, question.protocol, question.port)));
    case EgressGate::Ports::stated:
      break;
  }
  return fold.add("ports", clause(target.states_port()));
}

bool add_hosts(const Target& target, Fold& fold, Match& match) {
  if (fold.add("hosts", clause(target.found))) return true;
  match.covered = all_of(target.question);
  if (!target.gate.with_cidrs) return false;
  match.covered = target.inside_prefixes();
  return fold.add("cidrs", address_clause(target.question, match.covered));
}

// Without hosts: on an allow only requests whose target is an address; on a deny any address of the answer.
bool add_cidrs(const Target& target, Fold& fold, Match& match) {
  match.covered = target.inside_prefixes_alone();
  const bool by_name = target.allow() && target.name != nullptr;
  return fold.add("cidrs", by_name ? Clause::fails : address_clause(target.question, match.covered));
}

// Name, port and prefix are of one and the same service. What the rule leaves out means the service's on an allow, and
// anything on a deny.
bool add_services(const Target& target, Fold& fold, Match& match) {
  const EgressGate& gate = target.gate;
  const auto& question = target.question;
  bool named = false;
  match.by_service = true;
  for (const std::uint32_t place : gate.services.of(target.pools.services)) {
    const model::InternalService& service = target.snapshot.documents().internal_services[place];
    if (!any_pattern(service.hosts, target.name)) continue;
    if (gate.ports == EgressGate::Ports::stated && !target.states_port()) continue;
    if (target.allow() && !in_ranges(service.ports, question.port)) continue;
    const std::uint8_t protocols = gate.states_protocols ? gate.protocols : bits_of(service.protocols);
    if ((target.allow() || gate.states_protocols) && !protocol_matches(protocols, question.protocol)) continue;
    const std::uint64_t covered = inside(service.addresses, question);
    if (covered == 0 && !question.addresses.empty()) continue;  // what this service says of protocols is of no matter
    named = true;
    match.says_tls |= has(protocols, Protocol::tls);
    match.covered |= covered;
  }
  return fold.add("services", named ? address_clause(question, match.covered) : Clause::fails);
}

bool add_internet(const Target& target, Fold& fold, Match& match) {
  const bool eligible =
      target.name != nullptr && !net::classify_name(*target.name) && !target.snapshot.is_secret_upstream(*target.name);
  if (!eligible) return fold.add("internet", Clause::fails);
  const std::uint64_t every = all_of(target.question);
  const std::uint64_t open = cover(target.question, [&](net::IpAddress address) {
    return net::classify(address, target.snapshot.deployment().own_addresses) == net::SpecialRange::none;
  });
  match.covered = open == every ? every : 0;
  return fold.add("internet", address_clause(target.question, match.covered));
}

bool add_target(const Target& target, Fold& fold, Match& match) {
  switch (target.gate.target) {
    case EgressGate::Target::hosts:
      return add_hosts(target, fold, match);
    case EgressGate::Target::cidrs:
      return add_cidrs(target, fold, match);
    case EgressGate::Target::internet:
      return add_internet(target, fold, match);
    case EgressGate::Target::services:  // has its own protocols and ports
    case EgressGate::Target::any:
      return false;
  }
  return false;
}

}  // namespace

void add_egress_clauses(const compile::CompiledRule<EgressRule>& rule, bool found, const wire::EgressQuestion& question,
                        const compile::Snapshot& snapshot, Fold& fold, Match& match) {
  const EgressGate& gate = rule.gate;
  const auto& table = snapshot.egress().table();
  const Target target{
      gate, table.pools, rule.effect, found, question, snapshot, std::get_if<net::HostName>(&question.host)};
  if (gate.target == EgressGate::Target::services) {
    if (add_services(target, fold, match)) return;
  } else if (add_protocol_and_port(target, fold, match) || add_target(target, fold, match)) {
    return;
  }
  // Of plain HTTP only, and not known before the connection is asked for.
  const bool reads_http = gate.methods != compile::kNoList || gate.paths != compile::kNoList;
  if (question.stage == wire::EgressStage::resolve && reads_http) {
    fold.add("methods", Clause::unknown);
    return;
  }
  if (fold.add("methods", in_list(table.lists, gate.methods, question.method))) return;
  fold.add("paths", in_list(table.lists, gate.paths, question.path));
}

}  // namespace portreeve::decide
