#include "engine/compile/snapshot.h"

#include <algorithm>

namespace portreeve::compile {

void Snapshot::add_entities(const std::vector<model::Entity>& entities, Entities& out) {
  for (const model::Entity& entity : entities) out[entity.type].emplace(entity.id, &entity.properties);
}

const JsonValue* Snapshot::find_entity(const Entities& entities, std::string_view type, std::string_view id) {
  const auto of_type = entities.find(type);
  if (of_type == entities.end()) return nullptr;
  const auto at = of_type->second.find(id);
  return at == of_type->second.end() ? nullptr : at->second;
}

Snapshot::Snapshot(std::shared_ptr<const model::CheckedPolicySet> set, Deployment deployment)
    : set_(std::move(set)),
      deployment_(std::move(deployment)),
      directory_(set_->documents()),
      egress_(set_->documents(), directory_),
      secrets_(set_->documents(), directory_),
      execution_(set_->documents(), directory_),
      access_(set_->documents(), directory_) {
  for (const model::Secret& secret : documents().secrets) {
    SecretEntry& entry = secrets_by_name_[secret.name];
    entry.document = &secret;
    for (const wire::UpstreamUrl& upstream : secret.upstreams) {
      entry.upstreams.push_back(upstream.to_string());
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
  return at == secrets_by_name_.end() ? nullptr : at->second.document;
}

bool Snapshot::is_upstream_of(std::string_view secret, std::string_view upstream) const {
  const auto at = secrets_by_name_.find(secret);
  return at != secrets_by_name_.end() &&
         std::ranges::find(at->second.upstreams, upstream) != at->second.upstreams.end();
}

bool Snapshot::is_internal_name(const net::HostName& name) const { return internal_names_.contains(name); }

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
