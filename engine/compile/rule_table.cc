#include "engine/compile/rule_table.h"

namespace portreeve::compile {

bool Scope::covers(const rbac::Activation& subject) const {
  return (!roles || roles->intersects(subject.roles)) && covers_tenant(subject);
}

bool Scope::covers_tenant(const rbac::Activation& subject) const {
  if (tenants == nullptr) return true;
  return subject.tenant && std::ranges::find(*tenants, *subject.tenant) != tenants->end();
}

std::uint32_t ScopeSet::id_of(const model::PolicyHeader& policy) {
  Key key;
  if (policy.roles) {
    key.first.emplace();
    for (const model::Reference& role : *policy.roles) key.first->push_back(directory_.role(role.name));
    std::ranges::sort(*key.first);
  }
  if (policy.tenants) {
    key.second = *policy.tenants;
    std::ranges::sort(*key.second);
  }
  const auto [at, added] = ids_.emplace(std::move(key), static_cast<std::uint32_t>(scopes_.size()));
  if (!added) return at->second;
  Scope& scope = scopes_.emplace_back();
  if (policy.roles) {
    scope.roles.emplace(directory_.role_count());
    for (const rbac::RoleId role : *at->first.first) scope.roles->add(role);
  }
  if (policy.tenants) scope.tenants = &*policy.tenants;
  return at->second;
}

bool condition_reads_clock(const model::RuleHeader& rule) {
  if (!rule.when) return false;
  const cel::Program& program = *rule.when->program;
  return program.reads(cel::policy::kRequestTime) || program.reads(cel::policy::kSessionAge);
}

Gate<model::EgressRule> make_gate(const model::EgressRule& rule, MatchPool& lists) {
  using EgressGate = Gate<model::EgressRule>;
  EgressGate gate;
  gate.target = rule.services ? EgressGate::Target::services
                : rule.hosts  ? EgressGate::Target::hosts
                : rule.cidrs  ? EgressGate::Target::cidrs
                              : (rule.internet ? EgressGate::Target::internet : EgressGate::Target::any);
  gate.with_cidrs = rule.cidrs.has_value();
  const bool allow = rule.effect == model::Effect::allow;
  gate.restricts_protocols = rule.protocols || allow;
  for (const model::Protocol protocol : rule.protocols.value_or(std::vector{model::Protocol::tls})) {
    gate.protocols |= protocol_bit(protocol);
  }
  gate.ports = rule.ports ? EgressGate::Ports::stated : allow ? EgressGate::Ports::by_protocol : EgressGate::Ports::any;
  if (rule.ports) {
    const std::size_t count = rule.ports->size();
    gate.range_count = static_cast<std::uint8_t>(std::min(count, gate.ranges.size() + 1));
    std::copy_n(rule.ports->begin(), std::min(count, gate.ranges.size()), gate.ranges.begin());
  }
  const model::EgressRuleLimits& limits = rule.limits;
  gate.has_limits = limits.bytes_in || limits.bytes_out || limits.idle || limits.total || limits.connections;
  gate.methods = lists.add(rule.methods);
  gate.paths = lists.add(rule.paths);
  return gate;
}

Gate<model::SecretRule> make_gate(const model::SecretRule& rule, MatchPool& lists) {
  return {rule.uses.has_value(),   rule.requests_per_minute || rule.lease_ttl,
          lists.add(rule.secrets), lists.add(rule.methods),
          lists.add(rule.paths),   lists.add(rule.models)};
}

Gate<model::ExecRule> make_gate(const model::ExecRule& rule, MatchPool& lists) {
  return {rule.terminal, lists.add(rule.programs), lists.add(rule.cwd), lists.add(rule.users)};
}

Gate<model::AccessRule> make_gate(const model::AccessRule& rule, MatchPool& lists) {
  return {lists.add(rule.resources), lists.add(rule.actions)};
}

}  // namespace portreeve::compile
