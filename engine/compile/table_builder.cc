#include "engine/compile/table_builder.h"

#include "engine/cel/cel.h"
#include "engine/cel/policy_environment.h"

namespace portreeve::compile {

bool Scope::covers(const rbac::Activation& subject) const {
  return (!roles || roles->intersects(subject.roles)) && covers_tenant(subject);
}

bool Scope::covers_tenant(const rbac::Activation& subject) const {
  if (!tenants) return true;
  return subject.tenant && std::ranges::find(*tenants, *subject.tenant) != tenants->end();
}

std::uint32_t ScopeSet::number_of(const model::PolicyHeader& policy) {
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
  const auto [known, added] = known_.emplace(std::move(key), static_cast<std::uint32_t>(scopes_.size()));
  if (!added) return known->second;
  Scope& scope = scopes_.emplace_back();
  if (known->first.first) {
    scope.roles.emplace(directory_.role_count());
    for (const rbac::RoleId role : *known->first.first) scope.roles->add(role);
  }
  scope.tenants = known->first.second;
  return known->second;
}

std::uint32_t ConditionSet::number_of(const std::optional<model::Condition>& condition) {
  if (!condition) return 0;
  const auto [known, added] = known_.emplace(condition->text, static_cast<std::uint32_t>(programs_.size()));
  if (added) programs_.push_back(condition->program);
  return known->second;
}

bool reads_clock(const model::RuleHeader& rule) {
  if (!rule.when) return false;
  const cel::Program& program = *rule.when->program;
  return program.reads(cel::policy::kRequestTime) || program.reads(cel::policy::kSessionAge);
}

GateMaker<model::EgressRule>::GateMaker(const model::PolicySet& documents) {
  for (const model::InternalService& service : documents.internal_services) {
    services_.emplace(service.name, static_cast<std::uint32_t>(services_.size()));
  }
}

Gate<model::EgressRule> GateMaker<model::EgressRule>::make(const model::EgressRule& rule, MatchPool::Builder& lists) {
  using EgressGate = Gate<model::EgressRule>;
  EgressGate gate;
  gate.target = rule.services   ? EgressGate::Target::services
                : rule.hosts    ? EgressGate::Target::hosts
                : rule.cidrs    ? EgressGate::Target::cidrs
                : rule.internet ? EgressGate::Target::internet
                                : EgressGate::Target::any;
  gate.with_cidrs = rule.cidrs.has_value();
  const bool allow = rule.effect == model::Effect::allow;
  gate.states_protocols = rule.protocols.has_value();
  gate.restricts_protocols = rule.protocols || allow;
  for (const model::Protocol protocol : rule.protocols.value_or(std::vector{model::Protocol::tls})) {
    gate.protocols |= protocol_bit(protocol);
  }
  gate.ports = rule.ports ? EgressGate::Ports::stated : allow ? EgressGate::Ports::by_protocol : EgressGate::Ports::any;
  gate.ranges = ranges_.slice_of(rule.ports);
  gate.prefixes = prefixes_.slice_of(rule.cidrs);
  if (rule.services) {
    std::vector<std::uint32_t> places;
    for (const model::Reference& service : *rule.services) places.push_back(services_.at(service.name));
    gate.services = service_lists_.slice_of(places);
  }
  gate.limits = limits_.number_of(rule.limits);
  gate.methods = lists.add(rule.methods);
  gate.paths = lists.add(rule.paths);
  return gate;
}

Pools<model::EgressRule> GateMaker<model::EgressRule>::take() {
  return {ranges_.take(), prefixes_.take(), service_lists_.take(), limits_.take()};
}

Gate<model::SecretRule> GateMaker<model::SecretRule>::make(const model::SecretRule& rule, MatchPool::Builder& lists) {
  Gate<model::SecretRule> gate;
  if (rule.uses) {
    for (const wire::SecretUse use : *rule.uses) gate.uses |= use_bit(use);
  }
  gate.limits = limits_.number_of({rule.requests_per_minute, rule.lease_ttl});
  gate.methods = lists.add(rule.methods);
  gate.paths = lists.add(rule.paths);
  gate.models = lists.add(rule.models);
  return gate;
}

Gate<model::ExecRule> GateMaker<model::ExecRule>::make(const model::ExecRule& rule, MatchPool::Builder& lists) {
  Gate<model::ExecRule> gate;
  gate.terminal = rule.terminal;
  gate.programs = lists.add(rule.programs);
  gate.cwd = lists.add(rule.cwd);
  gate.users = lists.add(rule.users);
  gate.env_pass = lists.add(rule.env_pass);
  gate.write = write_.slice_of(rule.write);
  gate.limits = limits_.number_of(rule.limits);
  return gate;
}

}  // namespace portreeve::compile
