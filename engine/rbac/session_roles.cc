#include "engine/rbac/session_roles.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>

#include "engine/base/limits.h"
#include "engine/base/text.h"

namespace portreeve::rbac {
namespace {

using Names = std::set<std::string, std::less<>>;

tl::unexpected<RoleRefusal> refuse(RoleFailure failure, std::string message) {
  return tl::unexpected(RoleRefusal{failure, std::move(message)});
}

std::string quoted(const Directory& directory, const RoleSet& roles) {
  std::string out;
  roles.for_each([&](RoleId id) { out += fmt::format("{}`{}`", out.empty() ? "" : ", ", directory.role_name(id)); });
  return out;
}

std::optional<RoleRefusal> refuse_unauthorised(const Directory& directory, const Activation& active,
                                               std::span<const std::string> roles) {
  for (const std::string& name : roles) {
    const auto role = directory.find_role(name);
    if (role && active.authorised.contains(*role)) continue;
    return RoleRefusal{RoleFailure::not_authorised,
                       fmt::format("the subject is not authorised for role `{}` now", printable(name, 64))};
  }
  return std::nullopt;
}

// What keeps these roles from being active together: the first dynamic constraint that they would be over.
std::optional<RoleRefusal> refuse_conflict(const Directory& directory, wire::Principal principal, Timestamp time,
                                           const ActivatedRoles& roles) {
  if (!principal.session) principal.session.emplace();
  principal.session->roles = roles;
  const Activation active = directory.activate(principal, time);
  for (const std::string_view name : active.violated_constraints) {
    const model::RoleConstraint& constraint = *directory.constraint(name);
    if (constraint.kind != model::ConstraintKind::dynamic_separation) continue;
    RoleSet wanted(directory.role_count());
    for (const std::string& role : roles) {
      if (const auto id = directory.find_role(role)) wanted.add_all(directory.closure(*id));
    }
    RoleSet members(directory.role_count());
    for (const model::Reference& member : constraint.roles) members.add(directory.role(member.name));
    wanted.keep_only(members);
    wanted.keep_only(active.authorised);
    return RoleRefusal{RoleFailure::constraint_violated,
                       fmt::format("constraint `{}` lets at most {} of its roles be active in one session, not {}",
                                   name, constraint.at_most, quoted(directory, wanted))};
  }
  return std::nullopt;
}

// What is active before a change: what the session names, or every role that the subject is authorised for.
Names active_now(const Directory& directory, const wire::Principal& principal, const Activation& active) {
  if (principal.session->roles) return {principal.session->roles->begin(), principal.session->roles->end()};
  Names names;
  active.authorised.for_each([&](RoleId id) { names.emplace(directory.role_name(id)); });
  return names;
}

// Dropped for good are roles that nothing left brings back.
std::optional<RoleRefusal> drop(const Directory& directory, std::span<const std::string> dropped, Names& names) {
  for (const std::string& name : dropped) names.erase(name);
  for (const std::string& name : dropped) {
    const auto role = directory.find_role(name);
    if (!role) continue;
    for (const std::string& kept : names) {
      const auto above = directory.find_role(kept);
      if (!above || !directory.closure(*above).contains(*role)) continue;
      return RoleRefusal{RoleFailure::inherited,
                         fmt::format("role `{}` stays active: `{}` inherits it; drop that as well", name, kept)};
    }
  }
  return std::nullopt;
}

}  // namespace

tl::expected<ActivatedRoles, RoleRefusal> create_session(const Directory& directory, const wire::Principal& principal,
                                                         Timestamp time, std::span<const std::string> roles) {
  const Activation active = directory.activate(principal, time);
  if (auto refusal = refuse_unauthorised(directory, active, roles)) return tl::unexpected(*std::move(refusal));
  const Names distinct(roles.begin(), roles.end());
  ActivatedRoles activated(distinct.begin(), distinct.end());
  if (activated.size() > limits::kActivatedRoles) {
    return refuse(RoleFailure::too_many, fmt::format("more than {} roles", limits::kActivatedRoles));
  }
  if (auto refusal = refuse_conflict(directory, principal, time, activated)) return tl::unexpected(*std::move(refusal));
  return activated;
}

tl::expected<ActivatedRoles, RoleRefusal> change_roles(const Directory& directory, const wire::Principal& principal,
                                                       Timestamp time, const RoleChange& change) {
  const Activation active = directory.activate(principal, time);
  Names names = active_now(directory, principal, active);
  for (const std::string& role : change.drop) {
    if (names.contains(role)) continue;
    const auto known = directory.find_role(role);
    return known && active.roles.contains(*known)
               ? refuse(RoleFailure::inherited,
                        fmt::format("role `{}` is active by inheritance alone; drop what inherits it", role))
               : refuse(RoleFailure::not_active, fmt::format("role `{}` is not active", printable(role, 64)));
  }
  if (auto refusal = refuse_unauthorised(directory, active, change.activate))
    return tl::unexpected(*std::move(refusal));
  names.insert(change.activate.begin(), change.activate.end());
  if (auto refusal = drop(directory, change.drop, names)) return tl::unexpected(*std::move(refusal));
  ActivatedRoles after(names.begin(), names.end());
  if (after.size() > limits::kActivatedRoles) {
    return refuse(RoleFailure::too_many, fmt::format("more than {} roles", limits::kActivatedRoles));
  }
  if (change.activate.empty()) return after;  // with less active than before no constraint is newly broken
  if (auto refusal = refuse_conflict(directory, principal, time, after)) return tl::unexpected(*std::move(refusal));
  return after;
}

}  // namespace portreeve::rbac
