#include "engine/decide/egress_clauses.h"

namespace portreeve::decide {
namespace {

using model::EgressRule;
using model::Protocol;
using wire::EgressProtocol;

const std::vector<Protocol> kDefaultProtocols{Protocol::tls};

bool has(const std::vector<Protocol>& protocols, Protocol protocol) {
  return std::ranges::find(protocols, protocol) != protocols.end();
}

// CONNECT does not say what will flow: `tls` and `tcp` match it.
bool protocol_matches(const std::vector<Protocol>& protocols, EgressProtocol asked) {
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

bool in_ranges(const std::vector<model::PortRange>& ports, std::uint16_t port) {
  return std::ranges::any_of(ports, [&](const model::PortRange& range) { return range.contains(port); });
}

// The ports of an allow rule that states none: 443 for what may be TLS, 80 for HTTP. `tcp` always states its ports.
bool is_default_port(const std::vector<Protocol>& protocols, EgressProtocol asked, std::uint16_t port) {
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
  return cover(question, [](net::IpAddress) { return true; });
}

// What an address clause says where `mask` covers those of the question.
Clause address_clause(const wire::EgressQuestion& question, std::uint64_t mask) {
  if (!question.addresses.empty()) return clause(mask != 0);
  return question.stage == wire::EgressStage::resolve ? Clause::unknown : Clause::error;
}

std::uint64_t inside(const std::vector<net::IpPrefix>& prefixes, const wire::EgressQuestion& question) {
  return cover(question, [&](net::IpAddress address) {
    return std::ranges::any_of(prefixes, [&](const net::IpPrefix& prefix) { return prefix.contains(address); });
  });
}

bool any_pattern(const std::vector<net::HostPattern>& patterns, const net::HostName* name) {
  return name != nullptr && std::ranges::any_of(patterns, [&](const auto& pattern) { return pattern.matches(*name); });
}

struct Target {
  const EgressRule& rule;
  const wire::EgressQuestion& question;
  const compile::Snapshot& snapshot;
  const net::HostName* name;  // null for an address target
  bool allow() const { return rule.effect == model::Effect::allow; }
};

// Each of these returns true where no further clause need be looked at.
bool add_protocol_and_port(const Target& target, Fold& fold, Match& match) {
  const auto& rule = target.rule;
  const auto& question = target.question;
  const std::vector<Protocol>& protocols = rule.protocols ? *rule.protocols : kDefaultProtocols;
  match.says_tls = has(protocols, Protocol::tls);
  if (rule.protocols || target.allow()) {
    if (fold.add("protocols", clause(protocol_matches(protocols, question.protocol)))) return true;
  }
  if (rule.ports) return fold.add("ports", clause(in_ranges(*rule.ports, question.port)));
  return target.allow() && fold.add("ports", clause(is_default_port(protocols, question.protocol, question.port)));
}

bool add_hosts(const Target& target, Fold& fold, Match& match) {
  if (fold.add("hosts", clause(any_pattern(*target.rule.hosts, target.name)))) return true;
  match.covered = all_of(target.question);
  if (!target.rule.cidrs) return false;
  match.covered = inside(*target.rule.cidrs, target.question);
  return fold.add("cidrs", address_clause(target.question, match.covered));
}

// Without hosts: on an allow only requests whose target is an address; on a deny any address of the answer.
bool add_cidrs(const Target& target, Fold& fold, Match& match) {
  match.covered = inside(*target.rule.cidrs, target.question);
  const bool by_name = target.allow() && target.name != nullptr;
  return fold.add("cidrs", by_name ? Clause::fails : address_clause(target.question, match.covered));
}

// Name, port and prefix are of one and the same service. What the rule leaves out means the service's on an allow, and
// anything on a deny.
bool add_services(const Target& target, Fold& fold, Match& match) {
  const auto& rule = target.rule;
  const auto& question = target.question;
  bool named = false;
  match.by_service = true;
  for (const model::Reference& reference : *rule.services) {
    const model::InternalService& service = target.snapshot.service(reference.name);
    if (!any_pattern(service.hosts, target.name)) continue;
    if (rule.ports ? !in_ranges(*rule.ports, question.port) : false) continue;
    if (target.allow() && !in_ranges(service.ports, question.port)) continue;
    const std::vector<Protocol>& protocols = rule.protocols ? *rule.protocols : service.protocols;
    if ((target.allow() || rule.protocols) && !protocol_matches(protocols, question.protocol)) continue;
    named = true;
    match.says_tls |= has(protocols, Protocol::tls);
    match.covered |= inside(service.addresses, question);
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

}  // namespace

void add_egress_clauses(const compile::CompiledRule<EgressRule>& compiled, const wire::EgressQuestion& question,
                        const compile::Snapshot& snapshot, Fold& fold, Match& match) {
  const EgressRule& rule = *compiled.rule;
  const Target target{rule, question, snapshot, std::get_if<net::HostName>(&question.host)};
  if (rule.services) {
    if (add_services(target, fold, match)) return;
  } else {
    if (add_protocol_and_port(target, fold, match)) return;
    if (rule.hosts   ? add_hosts(target, fold, match)
        : rule.cidrs ? add_cidrs(target, fold, match)
                     : rule.internet && add_internet(target, fold, match)) {
      return;
    }
  }
  // Of plain HTTP only, and not known before the connection is asked for.
  if (question.stage == wire::EgressStage::resolve && (rule.methods || rule.paths)) {
    fold.add("methods", Clause::unknown);
    return;
  }
  if (fold.add("methods", listed(rule.methods, question.method))) return;
  fold.add("paths", matched(rule.paths, question.path));
}

}  // namespace portreeve::decide
