#include "engine/compile/rule_table.h"

namespace portreeve::compile {
namespace {

template <class T>
void append(const std::vector<T>& from, std::vector<T>& out) {
  out.insert(out.end(), from.begin(), from.end());
}

template <class Rule>
RuleIndex index_of(const RuleTable<Rule>& table, const CompiledRule<Rule>& rule) {
  return static_cast<RuleIndex>(&rule - table.rules.data());
}

}  // namespace

EgressRules::EgressRules(const model::PolicySet& documents, const rbac::Directory& directory)
    : table_(make_table<model::EgressRule>(documents.egress_policies, directory)) {
  for (const auto& compiled : table_.rules) {
    const RuleIndex id = index_of(table_, compiled);
    const model::EgressRule& rule = *compiled.rule;
    if (rule.hosts) {
      for (const net::HostPattern& pattern : *rule.hosts) hosts_.add(pattern, id);
    } else if (rule.services) {
      for (const model::Reference& name : *rule.services) {
        const auto service = std::ranges::find(documents.internal_services, name.name, &model::InternalService::name);
        for (const net::HostPattern& pattern : service->hosts) hosts_.add(pattern, id);
      }
    } else if (rule.cidrs) {
      for (const net::IpPrefix& prefix : *rule.cidrs) prefixes_.add(prefix, id);
      if (rule.effect == model::Effect::deny) denies_by_prefix_.push_back(id);
    } else if (rule.internet) {
      internet_.push_back(id);
    } else {
      any_.push_back(id);
    }
  }
  hosts_.compact();
}

void EgressRules::find(const net::EndpointHost& host, const std::vector<net::IpAddress>& addresses,
                       std::vector<RuleIndex>& out) const {
  append(any_, out);
  if (const auto* name = std::get_if<net::HostName>(&host)) {
    hosts_.find(*name, out);
    append(internet_, out);
  }
  if (addresses.empty()) append(denies_by_prefix_, out);  // unknown or missing: the clause says which
  for (const net::IpAddress& address : addresses) prefixes_.find(address, out);
}

SecretRules::SecretRules(const model::PolicySet& documents, const rbac::Directory& directory)
    : table_(make_table<model::SecretRule>(documents.secret_policies, directory)) {
  for (const auto& compiled : table_.rules) {
    const RuleIndex id = index_of(table_, compiled);
    if (!compiled.rule->secrets) {
      any_.push_back(id);
      continue;
    }
    for (const model::Reference& secret : *compiled.rule->secrets) by_secret_.add(secret.name, id);
  }
  by_secret_.compact();
}

void SecretRules::find(std::string_view secret, std::vector<RuleIndex>& out) const {
  by_secret_.find(secret, out);
  append(any_, out);
}

ExecRules::ExecRules(const model::PolicySet& documents, const rbac::Directory& directory)
    : table_(make_table<model::ExecRule>(documents.execution_policies, directory)) {
  for (const auto& compiled : table_.rules) {
    const RuleIndex id = index_of(table_, compiled);
    if (!compiled.rule->programs) {
      any_.push_back(id);
      continue;
    }
    for (const pattern::Pattern& program : *compiled.rule->programs) programs_.add(program, id);
    if (compiled.rule->effect == model::Effect::deny) denies_by_program_.push_back(id);
  }
  programs_.compact();
}

void ExecRules::find(std::string_view path, std::string_view file, bool uncertain, std::vector<RuleIndex>& out) const {
  append(any_, out);
  programs_.find(path, out);
  if (file != path) programs_.find(file, out);
  if (uncertain) append(denies_by_program_, out);
}

AccessRules::AccessRules(const model::PolicySet& documents, const rbac::Directory& directory)
    : table_(make_table<model::AccessRule>(documents.access_policies, directory)) {
  for (const auto& compiled : table_.rules) {
    const RuleIndex id = index_of(table_, compiled);
    if (!compiled.rule->resources) {
      any_.push_back(id);
      continue;
    }
    for (const model::ResourceMatch& resource : *compiled.rule->resources) by_type_.add(resource.type, id);
  }
  by_type_.compact();
}

void AccessRules::find(std::string_view resource_type, std::vector<RuleIndex>& out) const {
  by_type_.find(resource_type, out);
  append(any_, out);
}

}  // namespace portreeve::compile
