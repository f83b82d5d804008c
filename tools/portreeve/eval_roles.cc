#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/rbac/claim_mapping.h"
#include "tools/portreeve/eval_report.h"

namespace portreeve::cli {
namespace {

void add_claimed(const Explained& explained, RoleSource& source) {
  const model::IdentityProvider* const provider =
      explained.snapshot.directory().provider(explained.request.principal.provider);
  if (provider == nullptr || !provider->roles) return;
  const bool may =
      std::ranges::any_of(provider->roles->allow, [&](const auto& role) { return role.name == source.role; });
  const JsonValue* const claim = rbac::find_claim(explained.request.principal.claims, provider->roles->path);
  if (!may || claim == nullptr) return;
  const auto roles = rbac::claim_strings(*claim, provider->roles->path);
  if (std::ranges::find(roles, source.role) == roles.end()) return;
  source.by.push_back(fmt::format("claim {}", fmt::join(provider->roles->path.segments, ".")));
}

void add_bound(const Explained& explained, RoleSource& source) {
  for (const std::string& name : explained.trace.bindings) {
    for (const model::RoleBinding& binding : explained.snapshot.documents().role_bindings) {
      const bool gives = std::ranges::any_of(binding.roles, [&](const auto& role) { return role.name == source.role; });
      if (binding.name == name && gives) source.by.push_back("binding " + name);
    }
  }
}

void add_inherited(const Explained& explained, RoleSource& source) {
  for (const model::Role& role : explained.snapshot.documents().roles) {
    const bool inherits =
        std::ranges::any_of(role.inherits, [&](const auto& parent) { return parent.name == source.role; });
    const auto& in_force = explained.decision.roles;
    if (inherits && std::ranges::find(in_force, role.name) != in_force.end())
      source.by.push_back("inherited by " + role.name);
  }
}

}  // namespace

std::vector<RoleSource> role_sources(const Explained& explained) {
  std::vector<RoleSource> out;
  for (const std::string& role : explained.decision.roles) {
    RoleSource source{role, {}};
    add_bound(explained, source);
    add_claimed(explained, source);
    add_inherited(explained, source);
    out.push_back(std::move(source));
  }
  return out;
}

}  // namespace portreeve::cli
