#include "engine/compile/snapshot.h"
#include "engine/compile/table_builder.h"

namespace portreeve::compile {
namespace {

using index::Hit;

constexpr Hit certain(RuleIndex rule) { return {rule, Hit::Certainty::certain}; }
constexpr Hit possible(RuleIndex rule) { return {rule, Hit::Certainty::possible}; }

void append(const std::vector<Hit>& from, std::vector<Hit>& out) { out.insert(out.end(), from.begin(), from.end()); }

}  // namespace

EgressRules::EgressRules(const model::PolicySet& documents, const rbac::Directory& directory) {
  std::map<std::string_view, const model::InternalService*> services;
  for (const model::InternalService& service : documents.internal_services) services.emplace(service.name, &service);
  index::HostIndex::Builder hosts;
  index::PrefixIndex::Builder prefixes;
  const auto file = [&](const model::EgressRule& rule, RuleIndex id) {
    if (rule.hosts) {
      for (const net::HostPattern& pattern : *rule.hosts) hosts.add(pattern, id);
    } else if (rule.services) {
      for (const model::Reference& name : *rule.services) {
        for (const net::HostPattern& pattern : services.at(name.name)->hosts) hosts.add(pattern, id);
      }
    } else if (rule.cidrs) {
      for (const net::IpPrefix& prefix : *rule.cidrs) prefixes.add(prefix, id);
      if (rule.effect == model::Effect::deny) denies_by_prefix_.push_back(possible(id));
    } else if (rule.internet) {
      internet_.push_back(possible(id));
    } else {
      any_.push_back(certain(id));
    }
  };
  table_ = make_table<model::EgressRule>(documents, documents.egress_policies, directory, file);
  hosts_ = std::move(hosts).build();
  prefixes_ = std::move(prefixes).build();
}

void EgressRules::find(const net::EndpointHost& host, const std::vector<net::IpAddress>& addresses,
                       std::vector<Hit>& out) const {
  append(any_, out);
  if (const auto* name = std::get_if<net::HostName>(&host)) {
    hosts_.find(*name, out);
    append(internet_, out);
  }
  if (addresses.empty()) append(denies_by_prefix_, out);  // unknown or missing: the clause says which
  for (const net::IpAddress& address : addresses) prefixes_.find(address, out);
}

SecretRules::SecretRules(const model::PolicySet& documents, const rbac::Directory& directory) {
  index::Postings::Builder by_secret;
  for (std::uint32_t i = 0; i < documents.secrets.size(); ++i) by_secret.add(documents.secrets[i].name, i);
  const auto file = [&](const model::SecretRule& rule, RuleIndex id) {
    if (!rule.secrets) {
      any_.push_back(certain(id));
      return;
    }
    for (const model::Reference& secret : *rule.secrets) by_secret.add(secret.name, certain(id).bits());
  };
  table_ = make_table<model::SecretRule>(documents, documents.secret_policies, directory, file);
  by_secret_ = std::move(by_secret).build();
}

std::optional<std::uint32_t> SecretRules::find(std::string_view secret, std::vector<Hit>& out) const {
  std::optional<std::uint32_t> place;
  by_secret_.for_each(secret, [&](std::uint32_t number) {
    if (place) {
      out.push_back(Hit::from_bits(number));
    } else {
      place = number;
    }
  });
  append(any_, out);
  return place;
}

ExecRules::ExecRules(const model::PolicySet& documents, const rbac::Directory& directory) {
  index::PathIndex::Builder programs;
  const auto file = [&](const model::ExecRule& rule, RuleIndex id) {
    if (!rule.programs) {
      any_.push_back(certain(id));
      return;
    }
    for (const pattern::Pattern& program : *rule.programs) programs.add(program, id);
    if (rule.effect == model::Effect::deny) denies_by_program_.push_back(possible(id));
  };
  table_ = make_table<model::ExecRule>(documents, documents.execution_policies, directory, file);
  programs_ = std::move(programs).build();
}

void ExecRules::find(std::string_view path, std::string_view file, bool uncertain, std::vector<Hit>& out) const {
  append(any_, out);
  programs_.find(path, out);
  if (file != path) programs_.find(file, out);
  if (uncertain) append(denies_by_program_, out);
}

AccessRules::AccessRules(const model::PolicySet& documents, const rbac::Directory& directory) {
  index::Postings::Builder by_type;
  const auto file = [&](const model::AccessRule& rule, RuleIndex id) {
    if (!rule.resources) {
      any_.push_back(certain(id));
      return;
    }
    for (const model::ResourceMatch& resource : *rule.resources) {
      by_type.add(resource.type, (resource.id ? possible(id) : certain(id)).bits());
    }
  };
  table_ = make_table<model::AccessRule>(documents, documents.access_policies, directory, file);
  by_type_ = std::move(by_type).build();
}

void AccessRules::find(std::string_view resource_type, std::vector<Hit>& out) const {
  by_type_.for_each(resource_type, [&](std::uint32_t bits) { out.push_back(Hit::from_bits(bits)); });
  append(any_, out);
}

}  // namespace portreeve::compile
