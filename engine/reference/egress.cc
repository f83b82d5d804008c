// What may leave to a network (SEMANTICS §3).
#include <algorithm>
#include <map>
#include <span>

#include "engine/net/guard.h"
#include "engine/reference/judgement.h"

namespace portreeve::reference {
namespace {

using model::Effect;
using model::EgressRule;
using model::InternalService;
using model::Protocol;
using wire::EgressProtocol;
using wire::EgressQuestion;
using wire::Reason;

// One of the places that a request is about: an address, or none, because nobody knows one yet (`unknown`) or because
// the request should give one and doesn't (`error`).
struct Place {
  std::optional<net::IpAddress> address;
  Clause without = Clause::error;
};

const net::HostName* name_of(const EgressQuestion& question) { return std::get_if<net::HostName>(&question.host); }

std::vector<Place> places_of(const EgressQuestion& question) {
  if (const auto* address = std::get_if<net::IpAddress>(&question.host)) return {{*address}};
  if (question.stage == wire::EgressStage::resolve) return {{std::nullopt, Clause::unknown}};
  if (question.addresses.empty()) return {{std::nullopt, Clause::error}};
  std::vector<Place> places;
  for (const net::IpAddress& address : question.addresses) places.push_back({address});
  return places;
}

Clause is_inside(const Place& place, const std::vector<net::IpPrefix>& prefixes) {
  if (!place.address) return place.without;
  return clause(
      std::any_of(prefixes.begin(), prefixes.end(), [&](auto& prefix) { return prefix.contains(*place.address); }));
}

bool names_host(const EgressQuestion& question, const std::vector<net::HostPattern>& patterns) {
  return name_of(question) && any_matches(patterns, *name_of(question));
}

bool has_port(const std::vector<model::PortRange>& ports, std::uint16_t port) {
  return std::any_of(ports.begin(), ports.end(), [&](const model::PortRange& range) { return range.contains(port); });
}

// What a CONNECT carries nobody knows yet: clauses on tls and on tcp match it.
bool can_be(EgressProtocol asked, Protocol named) {
  switch (asked) {
    case EgressProtocol::tls:
      return named == Protocol::tls;
    case EgressProtocol::http:
      return named == Protocol::http;
    case EgressProtocol::tcp:
      return named == Protocol::tcp;
    case EgressProtocol::connect:
      return named != Protocol::http;
  }
  return false;
}

// What the rule lets flow of what the request can be. Absent protocols of an allow rule are the service's, where it
// names one, else tls; on a deny rule absent is any.
std::set<Protocol> flows(const EgressRule& rule, const InternalService* service, const EgressQuestion& question) {
  std::vector<Protocol> named = {Protocol::tls};
  if (service) named = service->protocols;
  if (rule.effect == Effect::deny) named = {Protocol::tls, Protocol::http, Protocol::tcp};
  if (rule.protocols) named = *rule.protocols;
  std::set<Protocol> flows;
  for (const Protocol protocol : named) {
    if (can_be(question.protocol, protocol)) flows.insert(protocol);
  }
  return flows;
}

// Absent ports of an allow rule: 443 for tls, 80 for http; tcp always states its ports. On a deny rule absent is any.
bool has_port(const EgressRule& rule, const std::set<Protocol>& flows, std::uint16_t port) {
  if (rule.ports) return has_port(*rule.ports, port);
  if (rule.effect == Effect::deny) return true;
  return (port == 443 && flows.contains(Protocol::tls)) || (port == 80 && flows.contains(Protocol::http));
}

// The guard's name for an address, the deployment's own addresses counted: what is hard already keeps its name.
net::SpecialRange range_of(const Asked& asked, const net::IpAddress& address) {
  const net::SpecialRange range = net::classify(address);
  if (net::tier(range) == net::GuardTier::hard) return range;
  const bool own = std::any_of(asked.own_addresses.begin(), asked.own_addresses.end(),
                               [&](const net::IpPrefix& prefix) { return prefix.contains(address); });
  return own ? net::SpecialRange::own : range;
}

// `internet: true`: names whose addresses are all public; never one that only an InternalService could open, nor one
// that some Secret's upstream serves.
Clause is_internet(const Asked& asked, const EgressQuestion& question) {
  const net::HostName* name = name_of(question);
  if (!name || net::classify_name(*name)) return Clause::no;
  for (const model::Secret& secret : asked.set.secrets) {
    for (const wire::UpstreamUrl& upstream : secret.upstreams) {
      if (upstream.origin.host == question.host) return Clause::no;
    }
  }
  Clause all_public = Clause::yes;
  for (const Place& place : places_of(question)) {
    if (!place.address) return place.without;
    if (range_of(asked, *place.address) != net::SpecialRange::none) all_public = Clause::no;
  }
  return all_public;
}

// How a rule stands toward one place, and whether it lets TLS flow there.
struct Reach {
  Clauses clauses;
  bool by_tls = false;
};

// Name, port, protocol and prefix of one and the same service, and the rule's own ports and protocols.
void add_services(Reach& reach, const Asked& asked, const EgressQuestion& question, const EgressRule& rule,
                  const Place& place) {
  Clause reached = Clause::no;
  for (const InternalService& service : asked.set.internal_services) {
    const auto is_this = [&](const model::Reference& reference) { return reference.name == service.name; };
    if (std::none_of(rule.services->begin(), rule.services->end(), is_this)) continue;
    if (!names_host(question, service.hosts)) continue;
    if (rule.ports && !has_port(*rule.ports, question.port)) continue;
    if (rule.effect == Effect::allow && !has_port(service.ports, question.port)) continue;
    const std::set<Protocol> here = flows(rule, &service, question);
    const Clause inside = is_inside(place, service.addresses);
    if (here.empty() || inside == Clause::no) continue;
    reached = inside;  // a place without an address stands alike toward every service
    reach.by_tls |= here.contains(Protocol::tls);
  }
  reach.clauses.add("services", reached);
}

void add_protocols_and_ports(Reach& reach, const EgressQuestion& question, const EgressRule& rule) {
  const std::set<Protocol> here = flows(rule, nullptr, question);
  const bool stated = rule.effect == Effect::allow;  // absent is a default there, not any
  if (rule.protocols || stated) reach.clauses.add("protocols", clause(!here.empty()));
  if (rule.ports || stated) reach.clauses.add("ports", clause(has_port(rule, here, question.port)));
  reach.by_tls = here.contains(Protocol::tls);
}

void add_cidrs(Reach& reach, const EgressQuestion& question, const EgressRule& rule, const Place& place) {
  // On an allow, without hosts, only a target that is an address; on a deny, any address of the answer.
  const bool may_be_name = rule.hosts || rule.effect == Effect::deny;
  const bool counts = may_be_name || !name_of(question);
  reach.clauses.add("cidrs", counts ? is_inside(place, *rule.cidrs) : Clause::no);
}

// `others`: the rule's clauses that are alike toward every place.
Reach reach(const Clauses& others, const Asked& asked, const EgressQuestion& question, const EgressRule& rule,
            const Place& place) {
  Reach reach{others};
  if (rule.services) {
    add_services(reach, asked, question, rule, place);
    return reach;
  }
  add_protocols_and_ports(reach, question, rule);
  if (rule.internet) reach.clauses.add("internet", is_internet(asked, question));
  if (rule.hosts) reach.clauses.add("hosts", clause(names_host(question, *rule.hosts)));
  if (rule.cidrs) add_cidrs(reach, question, rule, place);
  return reach;
}

Clause may_say(const EgressQuestion& question, const std::optional<std::string>& given, auto test) {
  return question.stage == wire::EgressStage::resolve ? Clause::unknown : needs(given, test);
}

// Everything a rule says but its target, ports and protocols.
Clauses other_clauses(const Asked& asked, const EgressQuestion& question, const EgressRule& rule) {
  Clauses clauses(rule.effect, asked.account);
  if (rule.methods) {
    clauses.add("methods", may_say(question, question.method, [&](auto& text) { return holds(*rule.methods, text); }));
  }
  if (rule.paths) {
    clauses.add("paths", may_say(question, question.path, [&](auto& text) { return any_matches(*rule.paths, text); }));
  }
  add_condition(clauses, asked, rule);
  return clauses;
}

// The allow rules' answer for one place.
struct Cover {
  bool allowed = false;
  bool by_service = false;
};

std::optional<Reason> guard_of_address(const Asked& asked, const net::IpAddress& address, const Cover& cover) {
  const net::SpecialRange range = range_of(asked, address);
  if (net::tier(range) == net::GuardTier::open) return std::nullopt;
  if (net::tier(range) == net::GuardTier::soft && cover.by_service) return std::nullopt;
  return wire::reason_from_code(net::guard_code(range));
}

std::optional<Reason> guard(const Asked& asked, const EgressQuestion& question,
                            const std::vector<std::pair<Place, Cover>>& covers) {
  // The name and the port first: they trip alike at both stages.
  if (const net::HostName* name = name_of(question)) {
    const auto& services = asked.set.internal_services;
    const bool listed = std::any_of(services.begin(), services.end(),
                                    [&](const InternalService& service) { return any_matches(service.hosts, *name); });
    const auto special = net::classify_name(*name);
    if (special && !listed) return wire::reason_from_code(net::guard_code(*special));
  }
  if (net::is_forbidden_port(question.port)) return Reason::guard_forbidden_port;

  std::map<net::IpAddress, Reason> bad;
  for (const auto& [place, cover] : covers) {
    if (!place.address) continue;
    if (const auto reason = guard_of_address(asked, *place.address, cover)) bad.emplace(*place.address, *reason);
  }
  if (bad.empty()) return std::nullopt;
  return bad.begin()->second;  // the lowest bad address names it
}

// Transparent mode: the server name is part of the question, and is the judged host's. An address has none, and at
// egress.resolve nobody knows it.
std::optional<Reason> server_name(const EgressQuestion& question) {
  if (!question.sni || question.stage == wire::EgressStage::resolve) return std::nullopt;
  const net::HostName* name = name_of(question);
  if (question.sni->empty()) return name ? std::optional(Reason::sni_missing) : std::nullopt;
  const auto said = net::HostName::parse_wire(*question.sni);
  return name && said && *said == *name ? std::nullopt : std::optional(Reason::sni_mismatch);
}

void merge(wire::EgressLimits& merged, const model::EgressRuleLimits& stated) {
  at_most(merged.bytes_in, stated.bytes_in);
  at_most(merged.bytes_out, stated.bytes_out);
  at_most(merged.idle, stated.idle);
  at_most(merged.total, stated.total);
  at_most(merged.connections, stated.connections);
}

bool deny_matches(const Asked& asked, const EgressQuestion& question, const EgressRule& rule) {
  const Clauses others = other_clauses(asked, question, rule);
  for (const Place& place : places_of(question)) {
    if (reach(others, asked, question, rule, place).clauses.match()) return true;
  }
  return false;
}

}  // namespace

Findings look_at_egress(const Asked& asked, const EgressQuestion& question) {
  Findings found;
  std::vector<std::pair<Place, Cover>> covers;
  for (const Place& place : places_of(question)) covers.push_back({place, {}});
  wire::EgressLimits limits;
  bool must_be_tls = false;

  for (const model::EgressPolicy& policy : asked.set.egress_policies) {
    for (const EgressRule& rule : policy.rules) {
      if (!takes_part(asked, policy, rule)) continue;
      if (rule.effect == Effect::deny) {
        if (deny_matches(asked, question, rule)) note(found, policy, rule);
        continue;
      }
      const Clauses others = other_clauses(asked, question, rule);
      bool matched = false;
      for (auto& [place, cover] : covers) {
        const Reach reached = reach(others, asked, question, rule, place);
        if (!reached.clauses.match()) continue;
        matched = cover.allowed = true;
        cover.by_service |= rule.services.has_value();
        must_be_tls |= reached.by_tls;
      }
      if (!matched) continue;
      note(found, policy, rule);
      merge(limits, rule.limits);
    }
  }

  found.guard = guard(asked, question, covers);
  found.server_name = server_name(question);
  // Every address, by one rule or another; at egress.connect there has to be one.
  found.all_is_allowed = std::all_of(covers.begin(), covers.end(), [](const auto& covered) {
    return covered.second.allowed && (covered.first.address || covered.first.without == Clause::unknown);
  });
  wire::EgressObligations obligations;
  obligations.limits = limits;
  obligations.protocol = question.protocol;
  if (question.protocol == EgressProtocol::connect) {
    obligations.protocol = must_be_tls ? EgressProtocol::tls : EgressProtocol::tcp;
  }
  // Nothing may be dialled on the word of egress.resolve.
  std::set<net::IpAddress> addresses;
  for (const auto& [place, cover] : covers) {
    if (place.address && question.stage == wire::EgressStage::connect) addresses.insert(*place.address);
  }
  obligations.addresses.assign(addresses.begin(), addresses.end());
  found.obligations = obligations;
  return found;
}

}  // namespace portreeve::reference
