#include "engine/compile/snapshot.h"

namespace portreeve::compile {
namespace {

std::string entity_key(std::string_view type, std::string_view id) {
  std::string key(type);
  key += '\0';
  key += id;
  return key;
}

void add_entities(const std::vector<model::Entity>& entities, index::TextMap<const JsonValue*>& out) {
  for (const model::Entity& entity : entities) out.emplace(entity_key(entity.type, entity.id), &entity.properties);
}

const JsonValue* find_entity(const index::TextMap<const JsonValue*>& entities, std::string_view type,
                             std::string_view id) {
  if (entities.empty()) return nullptr;
  const auto at = entities.find(entity_key(type, id));
  return at == entities.end() ? nullptr : at->second;
}

}  // namespace

Snapshot::Snapshot(std::shared_ptr<const model::CheckedPolicySet> set, Deployment deployment)
    : set_(std::move(set)),
      deployment_(std::move(deployment)),
      directory_(set_->documents()),
      egress_(set_->documents(), directory_),
      secrets_(set_->documents(), directory_),
      execution_(set_->documents(), directory_),
      access_(set_->documents(), directory_) {
  for (const model::Secret& secret : documents().secrets) {
    secrets_by_name_.emplace(secret.name, &secret);
    for (const wire::UpstreamUrl& upstream : secret.upstreams) {
      upstream_hosts_.emplace(net::to_string(upstream.origin.host), true);
    }
  }
  for (const model::InternalService& service : documents().internal_services) {
    services_.emplace(service.name, &service);
    for (const net::HostPattern& pattern : service.hosts) internal_names_.add(pattern, 0);
  }
  for (const model::Entities& entities : documents().entities) {
    add_entities(entities.subjects, subject_entities_);
    add_entities(entities.resources, resource_entities_);
  }
}

const model::Secret* Snapshot::secret(std::string_view name) const {
  const auto at = secrets_by_name_.find(name);
  return at == secrets_by_name_.end() ? nullptr : at->second;
}

bool Snapshot::is_internal_name(const net::HostName& name) const {
  std::vector<RuleIndex> found;
  internal_names_.find(name, found);
  return !found.empty();
}

bool Snapshot::is_secret_upstream(const net::HostName& name) const { return upstream_hosts_.contains(name.view()); }

const JsonValue* Snapshot::subject_properties(std::string_view type, std::string_view id) const {
  return find_entity(subject_entities_, type, id);
}
const JsonValue* Snapshot::resource_properties(std::string_view type, std::string_view id) const {
  return find_entity(resource_entities_, type, id);
}

std::shared_ptr<const Snapshot> compile(std::shared_ptr<const model::CheckedPolicySet> set, Deployment deployment) {
  return std::make_shared<const Snapshot>(std::move(set), std::move(deployment));
}

}  // namespace portreeve::compile
