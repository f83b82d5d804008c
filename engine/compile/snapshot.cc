#include "engine/compile/snapshot.h"

#include <algorithm>
#include <utility>

namespace portreeve::compile {
namespace {

// Of each document its header alone.
template <class Header, class T>
std::vector<T> headers_of(const std::vector<T>& documents) {
  std::vector<T> out;
  out.reserve(documents.size());
  for (const T& document : documents) static_cast<Header&>(out.emplace_back()) = document;
  return out;
}

// What of the documents is wanted once the rules are compiled.
model::PolicySet beside_rules(const model::PolicySet& documents) {
  model::PolicySet out;
  out.identity_providers = documents.identity_providers;
  out.roles = documents.roles;
  out.role_bindings = documents.role_bindings;
  out.role_constraints = documents.role_constraints;
  out.lists = headers_of<model::Document>(documents.lists);
  out.entities = documents.entities;
  out.internal_services = documents.internal_services;
  out.secrets = documents.secrets;
  out.egress_policies = headers_of<model::PolicyHeader>(documents.egress_policies);
  out.secret_policies = headers_of<model::PolicyHeader>(documents.secret_policies);
  out.execution_policies = headers_of<model::PolicyHeader>(documents.execution_policies);
  out.access_policies = headers_of<model::PolicyHeader>(documents.access_policies);
  out.policy_tests = headers_of<model::Document>(documents.policy_tests);
  return out;
}

template <class Entities>
void add_entities(const std::vector<model::Entity>& entities, Entities& out) {
  for (const model::Entity& entity : entities) out[entity.type].emplace(entity.id, &entity.properties);
}

template <class Entities>
const JsonValue* find_entity(const Entities& entities, std::string_view type, std::string_view id) {
  if (entities.empty()) return nullptr;
  const auto of_type = entities.find(type);
  if (of_type == entities.end()) return nullptr;
  const auto at = of_type->second.find(id);
  return at == of_type->second.end() ? nullptr : at->second;
}

template <class Rule>
bool find_place(const RuleTable<Rule>& table, std::string_view rule, SourcePlace& place) {
  const auto at = std::ranges::lower_bound(table.rules, rule, {}, [&](const auto& each) { return table.name(each); });
  if (at == table.rules.end() || table.name(*at) != rule) return false;
  place = table.place(static_cast<RuleIndex>(at - table.rules.begin()));
  return true;
}

}  // namespace

Snapshot::Snapshot(const model::CheckedPolicySet& set, Deployment deployment)
    : revision_(set.revision()),
      documents_(beside_rules(set.documents())),
      deployment_(std::move(deployment)),
      directory_(documents_),
      egress_(set.documents(), directory_),
      secrets_(set.documents(), directory_),
      execution_(set.documents(), directory_),
      access_(set.documents(), directory_) {
  MatchPool::Builder upstream_lists;
  index::Postings::Builder upstream_hosts;
  for (const model::Secret& secret : documents_.secrets) {
    std::vector<std::string> upstreams;
    for (const wire::UpstreamUrl& upstream : secret.upstreams) {
      upstreams.push_back(upstream.to_string());
      upstream_hosts.add(net::to_string(upstream.origin.host), 0);
    }
    upstreams_.push_back(upstream_lists.add(upstreams));
  }
  upstream_lists_ = std::move(upstream_lists).build();
  upstream_hosts_ = std::move(upstream_hosts).build();
  index::HostIndex::Builder internal_names;
  for (const model::InternalService& service : documents_.internal_services) {
    for (const net::HostPattern& pattern : service.hosts) internal_names.add(pattern, 0);
  }
  internal_names_ = std::move(internal_names).build();
  for (const model::Entities& entities : documents_.entities) {
    add_entities(entities.subjects, subject_entities_);
    add_entities(entities.resources, resource_entities_);
  }
  std::size_t bytes = 0;
  for_each_array([&](const auto& array) { bytes += array.bytes(); });
  region_ = FrozenRegion(bytes);
  for_each_array([&](auto& array) { array.move_into(region_); });
}

SourcePlace Snapshot::place_of_rule(std::string_view rule) const {
  SourcePlace place;
  find_place(egress_.table(), rule, place) || find_place(secrets_.table(), rule, place) ||
      find_place(execution_.table(), rule, place) || find_place(access_.table(), rule, place);
  return place;
}

const JsonValue* Snapshot::subject_properties(std::string_view type, std::string_view id) const {
  return find_entity(subject_entities_, type, id);
}
const JsonValue* Snapshot::resource_properties(std::string_view type, std::string_view id) const {
  return find_entity(resource_entities_, type, id);
}

std::shared_ptr<const Snapshot> compile(std::shared_ptr<const model::CheckedPolicySet> set, Deployment deployment) {
  return std::make_shared<const Snapshot>(*set, std::move(deployment));
}

}  // namespace portreeve::compile
