#include "engine/rbac/directory.h"

#include <algorithm>

#include "engine/rbac/claim_mapping.h"

namespace portreeve::rbac {
namespace {

std::string key(std::string_view provider, char kind, std::string_view name) {
  std::string out(provider);
  out += '\0';
  out += kind;
  out += name;
  return out;
}

template <class T>
void sort_and_drop_repeats(std::vector<T>& values) {
  std::ranges::sort(values);
  const auto repeated = std::ranges::unique(values);
  values.erase(repeated.begin(), repeated.end());
}

// The bare `sub` of `<provider>/<sub>`, or nullopt where the id is not that provider's.
std::optional<std::string_view> sub_of(const wire::Principal& principal) {
  const std::string_view id = principal.id;
  const std::size_t length = principal.provider.size();
  if (id.size() <= length + 1 || !id.starts_with(principal.provider) || id[length] != '/') return std::nullopt;
  return id.substr(length + 1);
}

std::vector<std::string_view> groups_of(const model::IdentityProvider& provider, const JsonValue& claims) {
  if (!provider.groups) return {};
  const JsonValue* claim = find_claim(claims, *provider.groups);
  if (claim == nullptr) return {};
  std::vector<std::string_view> groups = claim_strings(*claim, *provider.groups);
  sort_and_drop_repeats(groups);
  return groups;
}

// The tenant in the provider's own storage or in the claims', so that the view outlives this call.
std::optional<std::string_view> tenant_of(const model::IdentityProvider& provider, const wire::Principal& principal) {
  std::optional<std::string_view> tenant;
  if (const auto* fixed = std::get_if<model::FixedTenant>(&provider.tenant)) {
    tenant = fixed->name;
  } else if (const auto* path = std::get_if<model::ClaimPath>(&provider.tenant)) {
    const JsonValue* claim = find_claim(principal.claims, *path);
    if (claim == nullptr) return std::nullopt;
    if (const std::string* text = claim->as_string()) {
      if (!text->empty()) tenant = *text;
    } else if (const JsonValue::Array* array = claim->as_array()) {
      for (const JsonValue& item : *array) {
        const std::string* value = item.as_string();
        if (value == nullptr || value->empty()) continue;
        if (principal.chosen_tenant == *value) return *value;
        if (tenant && *tenant != *value) return std::nullopt;  // several, none chosen
        tenant = *value;
      }
    }
  }
  if (principal.chosen_tenant && principal.chosen_tenant != tenant) return std::nullopt;
  return tenant;
}

bool in_force(const model::RoleBinding& binding, Timestamp time) {
  return (!binding.starts || *binding.starts <= time) && (!binding.expires || time < *binding.expires);
}

bool covers_tenant(const model::RoleBinding& binding, const std::optional<std::string_view>& tenant) {
  if (!binding.tenants) return true;
  return tenant && std::ranges::find(*binding.tenants, *tenant) != binding.tenants->end();
}

void note_change(std::optional<Timestamp>& next, const std::optional<Timestamp>& at, Timestamp now) {
  if (at && now < *at && (!next || *at < *next)) next = at;
}

}  // namespace

Directory::Directory(const model::PolicySet& documents) : documents_(documents) {
  const auto& roles = documents.roles;
  for (RoleId id = 0; id < roles.size(); ++id) {
    role_ids_.emplace(roles[id].name, id);
    role_names_.push_back(roles[id].name);
  }
  closures_.assign(roles.size(), RoleSet(roles.size()));
  for (RoleId id = 0; id < roles.size(); ++id) {  // load has refused cycles
    std::vector<RoleId> open{id};
    while (!open.empty()) {
      const RoleId at = open.back();
      open.pop_back();
      if (closures_[id].contains(at)) continue;
      closures_[id].add(at);
      for (const model::Reference& parent : roles[at].inherits) open.push_back(role(parent.name));
    }
  }
  for (const model::IdentityProvider& provider : documents.identity_providers)
    providers_.emplace(provider.name, &provider);
  for (const model::RoleBinding& binding : documents.role_bindings) {
    for (const model::BindingSubject& subject : binding.subjects) {
      if (const auto* user = std::get_if<model::BoundUser>(&subject.who)) {
        by_name_[key(subject.issuer, 'u', user->sub)].push_back(&binding);
      } else if (const auto* group = std::get_if<model::BoundGroup>(&subject.who)) {
        by_name_[key(subject.issuer, 'g', group->group)].push_back(&binding);
      } else {
        by_claim_[subject.issuer].push_back({&std::get<model::BoundClaim>(subject.who), &binding});
      }
    }
  }
  for (const model::RoleConstraint& constraint : documents.role_constraints) {
    Constraint compiled{&constraint, {}};
    for (const model::Reference& member : constraint.roles) compiled.roles.push_back(role(member.name));
    constraints_.push_back(std::move(compiled));
  }
}

RoleId Directory::role(std::string_view name) const { return role_ids_.at(name); }

const model::IdentityProvider* Directory::provider(std::string_view name) const {
  const auto at = providers_.find(name);
  return at == providers_.end() ? nullptr : at->second;
}

void Directory::collect(const wire::Principal& principal, const std::vector<std::string_view>& groups,
                        std::vector<const model::RoleBinding*>& out) const {
  const auto add = [&](const std::string& name) {
    const auto at = by_name_.find(name);
    if (at != by_name_.end()) out.insert(out.end(), at->second.begin(), at->second.end());
  };
  if (const auto sub = sub_of(principal)) add(key(principal.provider, 'u', *sub));
  for (const std::string_view group : groups) add(key(principal.provider, 'g', group));
  if (principal.assurance == wire::Assurance::verified) {
    const auto at = by_claim_.find(principal.provider);
    if (at != by_claim_.end()) {
      for (const ByClaim& bound : at->second) {
        if (claim_equals(principal.claims, bound.claim->path, bound.claim->equals)) out.push_back(bound.binding);
      }
    }
  }
  sort_and_drop_repeats(out);
}

Activation Directory::activate(const wire::Principal& principal, Timestamp time) const {
  Activation active;
  active.roles = RoleSet(closures_.size());
  const model::IdentityProvider* provider = this->provider(principal.provider);
  const bool verified = principal.assurance == wire::Assurance::verified;
  if (verified && provider != nullptr) {
    active.groups = groups_of(*provider, principal.claims);
    active.tenant = tenant_of(*provider, principal);
    active.trust = provider->trust;
    if (provider->roles) {
      if (const JsonValue* claim = find_claim(principal.claims, provider->roles->path)) {
        for (const std::string_view name : claim_strings(*claim, provider->roles->path)) {
          const bool listed =
              std::ranges::any_of(provider->roles->allow, [&](const auto& r) { return r.name == name; });
          if (listed) grant(role(name), active.roles);
        }
      }
    }
  }

  std::vector<const model::RoleBinding*> bindings;
  if (provider != nullptr && principal.type == "user") collect(principal, active.groups, bindings);
  std::optional<model::Trust> bound_trust;
  for (const model::RoleBinding* binding : bindings) {
    if (!covers_tenant(*binding, active.tenant)) continue;
    note_change(active.next_change, binding->starts, time);
    note_change(active.next_change, binding->expires, time);
    if (!in_force(*binding, time)) continue;
    for (const model::Reference& bound : binding->roles) grant(role(bound.name), active.roles);
    active.bindings.push_back(binding->name);
    if (binding->trust) bound_trust = std::min(bound_trust.value_or(*binding->trust), *binding->trust);
  }
  if (bound_trust) active.trust = *bound_trust;
  std::ranges::sort(active.bindings);

  std::vector<RoleId> forbidden;
  for (const Constraint& constraint : constraints_) {
    const auto held = std::ranges::count_if(constraint.roles, [&](RoleId id) { return active.roles.contains(id); });
    if (static_cast<std::size_t>(held) <= constraint.document->at_most) continue;
    active.violated_constraints.push_back(constraint.document->name);
    forbidden.insert(forbidden.end(), constraint.roles.begin(), constraint.roles.end());
  }
  for (const RoleId id : forbidden) active.roles.remove(id);
  for (RoleId id = 0; id < role_names_.size(); ++id) {
    if (active.roles.contains(id)) active.role_names.push_back(role_names_[id]);
  }
  return active;
}

}  // namespace portreeve::rbac
