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
    std::vector<std::string> upstreams;
    for (const wire::UpstreamUrl& upstream : secret.upstreams) {
      upstreams.push_back(upstream.to_string());
      upstream_hosts_.emplace(net::to_string(upstream.origin.host), true);
    }
    secret_upstreams_.add(secret.name, upstream_lists_.add(std::optional(std::move(upstreams))));
  }
  secret_upstreams_.compact();
  upstream_lists_.compact();
  for (const model::InternalService& service : documents().internal_services) {
    services_.emplace(service.name, &service);
    for (const net::HostPattern& pattern : service.hosts) internal_names_.add(pattern, 0);
  }
  for (const model::Entities& entities : documents().entities) {
    add_entities(entities.subjects, subject_entities_);
    add_entities(entities.resources, resource_entities_);
  }
}

Snapshot::Upstream Snapshot::upstream_of(std::string_view secret, const std::optional<std::string>& upstream) const {
  const ListId* list = secret_upstreams_.first(secret);
  if (list == nullptr) return Upstream::unknown_secret;
  return upstream && upstream_lists_.matches(*list, *upstream) ? Upstream::own : Upstream::foreign;
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
