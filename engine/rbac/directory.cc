#include "engine/rbac/directory.h"

#include <algorithm>
#include <map>
#include <utility>

#include "engine/rbac/claim_mapping.h"

namespace portreeve::rbac {
namespace {

// The bare `sub` of `<provider>/<sub>`, or nullopt where the id is not that provider's.
std::optional<std::string_view> sub_of(const wire::Principal& principal) {
  const std::string_view id = principal.id;
  const std::size_t length = principal.provider.size();
  if (id.size() <= length + 1 || !id.starts_with(principal.provider) || id[length] != '/') return std::nullopt;
  return id.substr(length + 1);
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

constexpr std::string_view kReferences = "_claim_names";
constexpr std::string_view kGroupOverage = "hasgroups";  // of Entra's implicit flow: groups are left out

// What the provider's own mapping reads; a path is never empty.
std::vector<std::string_view> mapped_claims(const model::IdentityProvider& provider) {
  std::vector<std::string_view> names{provider.subject.segments.front()};
  if (provider.groups) names.push_back(provider.groups->segments.front());
  if (provider.roles) names.push_back(provider.roles->path.segments.front());
  if (const auto* path = std::get_if<model::ClaimPath>(&provider.tenant)) names.push_back(path->segments.front());
  return names;
}

void note_change(std::optional<Timestamp>& next, const std::optional<Timestamp>& at, Timestamp now) {
  if (at && now < *at && (!next || *at < *next)) next = at;
}

}  // namespace

Directory::Directory(const model::PolicySet& documents) {
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
  for (const model::IdentityProvider& provider : documents.identity_providers) {
    Provider& made = providers_[provider.name];
    made.document = &provider;
    made.read_claims = mapped_claims(provider);
    if (!provider.roles) continue;
    for (const model::Reference& allowed : provider.roles->allow)
      made.claimed_roles.emplace(allowed.name, role(allowed.name));
  }
  struct Subjects {
    index::Postings::Builder by_user, by_group;
  };
  std::map<std::string_view, Subjects> subjects;
  for (const model::RoleBinding& binding : documents.role_bindings) {
    const auto id = static_cast<BindingId>(bindings_.size());
    const bool plain = !binding.tenants && !binding.starts && !binding.expires && !binding.trust;
    bindings_.push_back({&binding, RoleSet(roles.size()), plain});
    for (const model::Reference& bound : binding.roles) bindings_.back().granted.add_all(closures_[role(bound.name)]);
    for (const model::BindingSubject& subject : binding.subjects) {
      if (const auto* user = std::get_if<model::BoundUser>(&subject.who)) {
        subjects[subject.issuer].by_user.add(user->sub, id);
      } else if (const auto* group = std::get_if<model::BoundGroup>(&subject.who)) {
        subjects[subject.issuer].by_group.add(group->group, id);
      } else {
        const auto& claim = std::get<model::BoundClaim>(subject.who);
        providers_[subject.issuer].by_claim.push_back({&claim, id});
        providers_[subject.issuer].read_claims.push_back(claim.path.segments.front());
      }
    }
  }
  for (auto& [issuer, built] : subjects) {
    providers_[issuer].by_user = std::move(built.by_user).build();
    providers_[issuer].by_group = std::move(built.by_group).build();
  }
  for (const model::RoleConstraint& constraint : documents.role_constraints) {
    Constraint compiled{&constraint, RoleSet(roles.size())};
    for (const model::Reference& member : constraint.roles) compiled.roles.add(role(member.name));
    constraints_.push_back(std::move(compiled));
  }
}

RoleId Directory::role(std::string_view name) const { return role_ids_.at(name); }

std::optional<RoleId> Directory::find_role(std::string_view name) const {
  const auto at = role_ids_.find(name);
  return at == role_ids_.end() ? std::nullopt : std::optional(at->second);
}

const model::RoleConstraint* Directory::constraint(std::string_view name) const {
  for (const Constraint& constraint : constraints_) {
    if (constraint.document->name == name) return constraint.document;
  }
  return nullptr;
}

const model::IdentityProvider* Directory::provider(std::string_view name) const {
  const auto at = providers_.find(name);
  return at == providers_.end() ? nullptr : at->second.document;
}

std::optional<std::string_view> Directory::referred_claim(std::string_view provider, const JsonValue& claims) const {
  const JsonValue* const references = claims.find(kReferences);
  const JsonValue* const overage = claims.find(kGroupOverage);
  if (references == nullptr && overage == nullptr) return std::nullopt;
  const auto at = providers_.find(provider);
  if (at == providers_.end()) return std::nullopt;
  // What is no object says that something is elsewhere, and not what.
  if (references != nullptr && references->as_object() == nullptr) return kReferences;
  const bool without_groups = overage != nullptr && !(overage->as_bool() != nullptr && !*overage->as_bool());
  for (const std::string_view name : at->second.read_claims) {
    if (references != nullptr && references->find(name) != nullptr) return name;
    if (without_groups && name == "groups") return name;
  }
  return std::nullopt;
}

void Directory::read_claims(const Provider& provider, const wire::Principal& principal, Activation& out) const {
  const model::IdentityProvider& document = *provider.document;
  out.tenant = tenant_of(document, principal);
  out.trust = document.trust;
  if (document.groups) {
    if (const JsonValue* claim = find_claim(principal.claims, *document.groups)) {
      for_each_claim_string(*claim, *document.groups, [&](std::string_view group) { out.groups.push_back(group); });
    }
  }
  const JsonValue* claim = document.roles ? find_claim(principal.claims, document.roles->path) : nullptr;
  if (claim == nullptr) return;
  for_each_claim_string(*claim, document.roles->path, [&](std::string_view name) {
    const auto listed = provider.claimed_roles.find(name);
    if (listed != provider.claimed_roles.end()) out.roles.add_all(closures_[listed->second]);
  });
}

void Directory::collect(const Provider& provider, const wire::Principal& principal, Activation& out) {
  const auto append = [&](BindingId id) { out.bindings.push_back(id); };
  if (const auto sub = sub_of(principal)) provider.by_user.for_each(*sub, append);
  for (const std::string_view group : out.groups) provider.by_group.for_each(group, append);
  if (principal.assurance == wire::Assurance::verified) {
    for (const ByClaim& bound : provider.by_claim) {
      if (claim_equals(principal.claims, bound.claim->path, bound.claim->equals)) out.bindings.push_back(bound.binding);
    }
  }
  std::ranges::sort(out.bindings);
  const auto repeated = std::ranges::unique(out.bindings);
  out.bindings.erase(repeated.begin(), repeated.end());
}

void Directory::apply_bindings(Timestamp time, Activation& out) const {
  std::optional<model::Trust> bound_trust;
  std::erase_if(out.bindings, [&](BindingId id) {
    const Binding& binding = bindings_[id];
    if (binding.plain) {
      out.roles.add_all(binding.granted);
      return false;
    }
    const model::RoleBinding& document = *binding.document;
    if (!covers_tenant(document, out.tenant)) return true;
    note_change(out.next_change, document.starts, time);
    note_change(out.next_change, document.expires, time);
    if (!in_force(document, time)) return true;
    out.roles.add_all(binding.granted);
    if (document.trust) bound_trust = std::min(bound_trust.value_or(*document.trust), *document.trust);
    return false;
  });
  if (bound_trust) out.trust = *bound_trust;
}

void Directory::apply_session(const wire::Principal& principal, Activation& out) const {
  if (!principal.session || !principal.session->roles) return;
  out.roles.clear();
  for (const std::string& name : *principal.session->roles) {
    const auto role = find_role(name);  // none: the set no longer has it
    if (role && out.authorised.contains(*role)) out.roles.add_all(closures_[*role]);
  }
  out.roles.keep_only(out.authorised);  // a static constraint may have taken what an activated role inherits
}

void Directory::apply_constraints(model::ConstraintKind kind, Activation& out) const {
  const auto is_over = [&](const Constraint& constraint) {
    return constraint.document->kind == kind && constraint.roles.count_common(out.roles) > constraint.document->at_most;
  };
  std::size_t told = out.violated_constraints.size();
  for (const Constraint& constraint : constraints_) {
    if (is_over(constraint)) out.violated_constraints.push_back(constraint.document->name);
  }
  // Only now: every constraint is judged by what was held before any took roles away.
  for (const Constraint& constraint : constraints_) {
    if (told == out.violated_constraints.size()) return;
    if (constraint.document->name != out.violated_constraints[told]) continue;
    out.roles.remove_all(constraint.roles);
    ++told;
  }
}

void Directory::activate(const wire::Principal& principal, Timestamp time, Activation& out) const {
  if (out.roles.capacity() == closures_.size()) {
    out.roles.clear();
  } else {
    out.roles = RoleSet(closures_.size());
  }
  out.groups.clear();
  out.violated_constraints.clear();
  out.bindings.clear();
  out.tenant.reset();
  out.trust = model::Trust::untrusted;
  out.next_change.reset();
  const auto provider = providers_.find(principal.provider);
  if (provider != providers_.end() && provider->second.document != nullptr) {
    if (principal.assurance == wire::Assurance::verified) read_claims(provider->second, principal, out);
    if (principal.type == "user") collect(provider->second, principal, out);
    apply_bindings(time, out);
  }
  apply_constraints(model::ConstraintKind::static_separation, out);
  out.authorised = out.roles;
  apply_session(principal, out);
  apply_constraints(model::ConstraintKind::dynamic_separation, out);
}

Activation Directory::activate(const wire::Principal& principal, Timestamp time) const {
  Activation out;
  activate(principal, time, out);
  return out;
}

}  // namespace portreeve::rbac
