// Who asks: groups, tenant, trust, and the roles in force (SEMANTICS §7 and §8).
#include <algorithm>
#include <variant>

#include "engine/reference/judgement.h"

namespace portreeve::reference {
namespace {

using model::IdentityProvider;
using model::PolicySet;

const JsonValue* follow(const JsonValue& claims, const model::ClaimPath& path) {
  const JsonValue* at = &claims;
  for (const std::string& segment : path.segments) {
    at = at->find(segment);
    if (!at) return nullptr;
  }
  return at;
}

// A groups or roles claim: a string, an array of strings, or, in a claim called `scope` or `scp`, words.
std::vector<std::string> names_in(const JsonValue& claims, const model::ClaimPath& path) {
  std::vector<std::string> names;
  const JsonValue* claim = follow(claims, path);
  if (!claim) return names;
  if (const auto* array = claim->as_array()) {
    for (const JsonValue& element : *array) {
      if (const std::string* name = element.as_string()) names.push_back(*name);
    }
  }
  if (const std::string* text = claim->as_string()) {
    if (path.segments.back() != "scope" && path.segments.back() != "scp") return {*text};
    std::string word;
    for (const char c : *text + " ") {
      if (c != ' ') {
        word += c;
      } else if (!word.empty()) {
        names.push_back(std::exchange(word, {}));
      }
    }
  }
  return names;
}

std::optional<std::string> tenant_of(const IdentityProvider& provider, const wire::Principal& principal) {
  if (const auto* fixed = std::get_if<model::FixedTenant>(&provider.tenant)) {
    if (principal.chosen_tenant && *principal.chosen_tenant != fixed->name) return std::nullopt;
    return fixed->name;
  }
  const auto* path = std::get_if<model::ClaimPath>(&provider.tenant);
  const JsonValue* claim = path ? follow(principal.claims, *path) : nullptr;
  if (!claim) return std::nullopt;
  std::set<std::string> values;
  if (const std::string* text = claim->as_string()) values.insert(*text);
  if (const auto* array = claim->as_array()) {
    for (const JsonValue& element : *array) {
      if (const std::string* text = element.as_string()) values.insert(*text);
    }
  }
  values.erase("");
  // Of several one was chosen at token exchange, or there is none.
  if (principal.chosen_tenant)
    return values.contains(*principal.chosen_tenant) ? principal.chosen_tenant : std::nullopt;
  if (values.size() != 1) return std::nullopt;
  return *values.begin();
}

bool is_meant(const model::BindingSubject& bound, const wire::Principal& principal, const Subject& subject) {
  if (principal.type != "user" || principal.provider.empty() || bound.issuer != principal.provider) return false;
  if (const auto* user = std::get_if<model::BoundUser>(&bound.who)) {
    return principal.id == principal.provider + "/" + user->sub;
  }
  // An asserted subject has no groups and no claims, whatever its properties are called.
  if (principal.assurance == wire::Assurance::asserted) return false;
  if (const auto* group = std::get_if<model::BoundGroup>(&bound.who)) return holds(subject.groups, group->group);
  const auto& wanted = std::get<model::BoundClaim>(bound.who);
  const JsonValue* claim = follow(principal.claims, wanted.path);
  if (!claim) return false;
  return *claim == wanted.equals || (claim->as_array() && holds(*claim->as_array(), wanted.equals));
}

bool is_in_force(const model::RoleBinding& binding, const wire::Request& request, const Subject& subject,
                 Account& account) {
  const bool meant = std::any_of(binding.subjects.begin(), binding.subjects.end(),
                                 [&](const auto& bound) { return is_meant(bound, request.principal, subject); });
  if (!meant) return false;
  const bool has_tenant = !binding.tenants || (subject.tenant && holds(*binding.tenants, *subject.tenant));
  const bool too_early = binding.starts && request.time < *binding.starts;
  const bool too_late = binding.expires && request.time >= *binding.expires;
  account.binding_of_other_tenant |= !has_tenant;
  account.binding_before_start |= too_early;
  account.binding_at_or_after_end |= too_late;
  const bool in_force = has_tenant && !too_early && !too_late;
  account.binding_within_bounds |= in_force && (binding.starts || binding.expires);
  return in_force;
}

// Who has a role has the roles it inherits, too.
std::set<std::string> closure(const PolicySet& set, std::set<std::string> roles) {
  for (bool grew = true; grew;) {
    grew = false;
    for (const model::Role& role : set.roles) {
      if (!roles.contains(role.name)) continue;
      for (const model::Reference& inherited : role.inherits) grew |= roles.insert(inherited.name).second;
    }
  }
  return roles;
}

// Who is over a constraint's `atMost` has none of its roles. Every constraint of a kind looks at all the roles, so that
// their order does not matter.
std::set<std::string> without_conflicts(const PolicySet& set, model::ConstraintKind kind,
                                        const std::set<std::string>& roles, Account& account) {
  std::set<std::string> kept = roles;
  for (const model::RoleConstraint& constraint : set.role_constraints) {
    if (constraint.kind != kind) continue;
    std::set<std::string> held;
    for (const model::Reference& role : constraint.roles) {
      if (roles.contains(role.name)) held.insert(role.name);
    }
    if (held.size() <= constraint.at_most) continue;
    account.over_a_constraint = true;
    for (const std::string& role : held) kept.erase(role);
  }
  return kept;
}

// Of the roles that a subject is authorised for, those that its session has activated, with what they inherit.
std::set<std::string> activated(const PolicySet& set, const wire::Principal& principal,
                                const std::set<std::string>& authorised) {
  if (!principal.session || !principal.session->roles) return authorised;
  std::set<std::string> chosen;
  for (const std::string& role : *principal.session->roles) {
    if (authorised.contains(role)) chosen.insert(role);
  }
  std::set<std::string> active;
  for (const std::string& role : closure(set, chosen)) {
    if (authorised.contains(role)) active.insert(role);
  }
  return active;
}

// The names of the claims, not of what lies within them, that an issuer's subjects are judged by.
std::set<std::string> claims_read(const PolicySet& set, const std::string& issuer) {
  std::set<std::string> names;
  const auto read = [&](const model::ClaimPath& path) { names.insert(path.segments.front()); };
  for (const IdentityProvider& provider : set.identity_providers) {
    if (provider.name != issuer) continue;
    read(provider.subject);
    if (provider.groups) read(*provider.groups);
    if (provider.roles) read(provider.roles->path);
    if (const auto* path = std::get_if<model::ClaimPath>(&provider.tenant)) read(*path);
  }
  for (const model::RoleBinding& binding : set.role_bindings) {
    for (const model::BindingSubject& bound : binding.subjects) {
      const auto* claim = std::get_if<model::BoundClaim>(&bound.who);
      if (claim && bound.issuer == issuer) read(claim->path);
    }
  }
  return names;
}

}  // namespace

bool refers_to_claims(const PolicySet& set, const wire::Principal& principal) {
  const std::set<std::string> read = claims_read(set, principal.provider);
  if (read.empty()) return false;  // of no provider
  if (const JsonValue* references = principal.claims.find("_claim_names")) {
    if (!references->as_object()) return true;
    for (const std::string& name : read) {
      if (references->find(name)) return true;
    }
  }
  const JsonValue* overage = principal.claims.find("hasgroups");
  return overage && *overage != JsonValue(false) && read.contains("groups");
}

Subject who_asks(const PolicySet& set, const wire::Request& request, Account& account) {
  const wire::Principal& principal = request.principal;
  Subject subject;
  std::set<std::string> granted;
  for (const IdentityProvider& provider : set.identity_providers) {
    if (provider.name != principal.provider) continue;
    // A provider vouches for whom it gave a token, not for whom a gate names after it.
    if (principal.assurance == wire::Assurance::asserted) continue;
    subject.trust = provider.trust;
    if (provider.groups) {
      const auto names = names_in(principal.claims, *provider.groups);
      const std::set<std::string> groups(names.begin(), names.end());
      subject.groups.assign(groups.begin(), groups.end());
    }
    subject.tenant = tenant_of(provider, principal);
    if (!provider.roles) continue;
    for (const std::string& name : names_in(principal.claims, provider.roles->path)) {
      for (const model::Reference& allowed : provider.roles->allow) {
        if (allowed.name == name) granted.insert(name);
      }
    }
  }
  std::optional<model::Trust> bound_trust;
  for (const model::RoleBinding& binding : set.role_bindings) {
    if (!is_in_force(binding, request, subject, account)) continue;
    for (const model::Reference& role : binding.roles) granted.insert(role.name);
    at_most(bound_trust, binding.trust);
  }
  if (bound_trust) subject.trust = *bound_trust;
  // Static separation of duty is about what a subject may be, dynamic about what it is at once.
  using model::ConstraintKind;
  const auto authorised = without_conflicts(set, ConstraintKind::static_separation, closure(set, granted), account);
  const auto active = activated(set, principal, authorised);
  const auto roles = without_conflicts(set, ConstraintKind::dynamic_separation, active, account);
  subject.roles.assign(roles.begin(), roles.end());
  return subject;
}

}  // namespace portreeve::reference
