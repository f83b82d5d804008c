#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "engine/analyze/explanation_parts.h"
#include "engine/rbac/claim_mapping.h"

namespace portreeve::analyze {
namespace {

using wire::Principal;

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

std::vector<std::string> names_of(const std::vector<model::Reference>& references) {
  std::vector<std::string> out;
  for (const model::Reference& reference : references) out.push_back(reference.name);
  return out;
}

std::vector<std::string_view> groups_of(const Principal& principal, const model::IdentityProvider& provider) {
  if (principal.assurance != wire::Assurance::verified || !provider.groups) return {};
  const JsonValue* const claim = rbac::find_claim(principal.claims, *provider.groups);
  return claim == nullptr ? std::vector<std::string_view>{} : rbac::claim_strings(*claim, *provider.groups);
}

std::string path_text(const model::ClaimPath& path) { return fmt::format("{}", fmt::join(path.segments, ".")); }

// What of the subject the binding's line names; empty where it names another.
std::string match(const model::BindingSubject& subject, const Principal& principal,
                  const model::IdentityProvider& provider) {
  if (subject.issuer != provider.name || principal.type != "user") return {};
  if (const auto* const user = std::get_if<model::BoundUser>(&subject.who)) {
    return principal.id == provider.name + "/" + user->sub ? "user " + user->sub : "";
  }
  if (const auto* const group = std::get_if<model::BoundGroup>(&subject.who)) {
    const auto groups = groups_of(principal, provider);
    return std::ranges::find(groups, group->group) == groups.end() ? "" : "group " + group->group;
  }
  const auto& claim = std::get<model::BoundClaim>(subject.who);
  if (principal.assurance != wire::Assurance::verified ||
      !rbac::claim_equals(principal.claims, claim.path, claim.equals)) {
    return {};
  }
  return fmt::format("claim {} = {}", path_text(claim.path), to_canonical_json(claim.equals));
}

// A binding that names the subject, and by which of its lines.
struct Named {
  const model::RoleBinding* binding;
  std::string through;
  SourcePlace place;
};

std::vector<Named> bindings_naming(const Inquiry& inquiry) {
  std::vector<Named> out;
  const Principal& principal = inquiry.request.principal;
  const model::IdentityProvider* const provider = inquiry.snapshot.directory().provider(principal.provider);
  if (provider == nullptr) return out;
  for (const model::RoleBinding& binding : inquiry.snapshot.documents().role_bindings) {
    for (const model::BindingSubject& subject : binding.subjects) {
      std::string through = match(subject, principal, *provider);
      if (through.empty()) continue;
      out.push_back({&binding, std::move(through), subject.place});
      break;
    }
  }
  return out;
}

std::vector<std::string> claimed_roles(const Inquiry& inquiry) {
  const Principal& principal = inquiry.request.principal;
  const model::IdentityProvider* const provider = inquiry.snapshot.directory().provider(principal.provider);
  if (provider == nullptr || !provider->roles || principal.assurance != wire::Assurance::verified) return {};
  const JsonValue* const claim = rbac::find_claim(principal.claims, provider->roles->path);
  std::vector<std::string> out;
  if (claim == nullptr) return out;
  const std::vector<std::string> allowed = names_of(provider->roles->allow);
  for (const std::string_view role : rbac::claim_strings(*claim, provider->roles->path)) {
    if (contains(allowed, role)) out.emplace_back(role);
  }
  return out;
}

HeldRole held(const Inquiry& inquiry, const std::string& role, const std::vector<Named>& in_force,
              const std::vector<std::string>& claimed, const std::vector<std::string>& all) {
  HeldRole out{role, {}, {}};
  for (const Named& named : in_force) {
    const std::vector<std::string> direct = names_of(named.binding->roles);
    if (contains(closure(inquiry.snapshot, direct), role)) out.bindings.push_back(named.binding->name);
    if (!contains(direct, role)) continue;
    out.origins.push_back(
        {RoleOrigin::Kind::binding, named.binding->name, named.through, named.place, named.binding->expires});
  }
  if (contains(claimed, role)) {
    const auto* const provider = inquiry.snapshot.directory().provider(inquiry.request.principal.provider);
    out.origins.push_back({RoleOrigin::Kind::claim, path_text(provider->roles->path), {}, {}, {}});
  }
  for (const model::Role& other : inquiry.snapshot.documents().roles) {
    const bool inherits = contains(names_of(other.inherits), role);
    if (inherits && contains(all, other.name)) {
      out.origins.push_back({RoleOrigin::Kind::inherited, other.name, {}, {}, {}});
    }
  }
  return out;
}

// Of these roles, those that the session has activated, or that such a role inherits.
std::vector<std::string> activated(const Inquiry& inquiry, const std::vector<std::string>& roles) {
  const auto& session = inquiry.request.principal.session;
  if (!session || !session->roles) return roles;
  std::vector<std::string> named;
  std::ranges::copy_if(*session->roles, std::back_inserter(named),
                       [&](const auto& role) { return contains(roles, role); });
  return closure(inquiry.snapshot, named);
}

std::optional<IdleBinding> idle(const Inquiry& inquiry, const Named& named, const std::optional<std::string>& tenant) {
  const model::RoleBinding& binding = *named.binding;
  IdleBinding out{binding.name, named.place, IdleBinding::Why::ended, {}, {}, {}};
  out.roles = closure(inquiry.snapshot, names_of(binding.roles));
  const Timestamp now = inquiry.request.time;
  if (binding.tenants && (!tenant || !contains(*binding.tenants, *tenant))) {
    out.why = IdleBinding::Why::other_tenant;
    out.tenants = *binding.tenants;
  } else if (binding.starts && now < *binding.starts) {
    out.why = IdleBinding::Why::not_started;
    out.at = binding.starts;
  } else if (binding.expires && *binding.expires <= now) {
    out.at = binding.expires;
  } else {
    return std::nullopt;
  }
  return out;
}

}  // namespace

std::vector<std::string> closure(const compile::Snapshot& snapshot, const std::vector<std::string>& roles) {
  std::set<std::string> seen;
  std::vector<std::string> open = roles;
  while (!open.empty()) {
    const std::string name = std::move(open.back());
    open.pop_back();
    if (!seen.insert(name).second) continue;
    const auto role = std::ranges::find(snapshot.documents().roles, name, &model::Role::name);
    if (role == snapshot.documents().roles.end()) continue;
    for (const model::Reference& inherited : role->inherits) open.push_back(inherited.name);
  }
  return {seen.begin(), seen.end()};
}

void explain_roles(const Inquiry& inquiry, const decide::Trace& trace, Explanation& out) {
  out.bindings = trace.bindings;
  if (!trace.referred_claim.empty()) out.token_note = rbac::meaning_of_referred_claim(trace.referred_claim);
  if (out.decision.reason < wire::Reason::unknown_secret) return;
  std::vector<Named> in_force;
  std::vector<std::string> claimed = claimed_roles(inquiry);
  std::vector<std::string> direct = claimed;
  for (Named& named : bindings_naming(inquiry)) {
    if (auto unused = idle(inquiry, named, out.decision.tenant)) {
      out.idle_bindings.push_back(std::move(*unused));
      continue;
    }
    for (const model::Reference& role : named.binding->roles) direct.push_back(role.name);
    in_force.push_back(std::move(named));
  }
  const std::vector<std::string> all = closure(inquiry.snapshot, direct);
  const std::vector<std::string> active = activated(inquiry, all);
  for (const std::string& role : out.decision.roles) out.roles.push_back(held(inquiry, role, in_force, claimed, all));
  for (const model::RoleConstraint& constraint : inquiry.snapshot.documents().role_constraints) {
    if (!contains(trace.violated_constraints, constraint.name)) continue;
    BrokenConstraint broken{constraint.name, constraint.place, constraint.kind, constraint.at_most, {}};
    const bool is_static = constraint.kind == model::ConstraintKind::static_separation;
    for (const std::string& role : names_of(constraint.roles)) {
      if (contains(is_static ? all : active, role)) broken.roles.push_back(role);
    }
    out.constraints.push_back(std::move(broken));
  }
  for (const std::string& role : all) {
    const auto took = [&](const BrokenConstraint& broken) { return contains(broken.roles, role); };
    if (!contains(active, role) && std::ranges::none_of(out.constraints, took)) out.inactive.push_back(role);
  }
}

std::string to_text(const RoleOrigin& origin) {
  switch (origin.kind) {
    case RoleOrigin::Kind::binding:
      return fmt::format("binding {}{}{}", origin.name, origin.through.empty() ? "" : " by ", origin.through);
    case RoleOrigin::Kind::claim:
      return "claim " + origin.name;
    case RoleOrigin::Kind::inherited:
      return "inherited by " + origin.name;
  }
  return origin.name;
}

}  // namespace portreeve::analyze
