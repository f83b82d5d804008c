// Roles at work: who has which, at a moment (ANSI INCITS 359 core, hierarchical, constrained).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/base/time.h"
#include "engine/model/policy_set.h"
#include "engine/rbac/role_set.h"
#include "engine/wire/principal.h"

namespace portreeve::rbac {

// What a principal is at a moment, all that scope and conditions read of it. Borrows from the principal and from the
// directory; both outlive it.
struct Activation {
  RoleSet roles;                             // the closure in force
  std::vector<std::string_view> role_names;  // the same, sorted
  std::vector<std::string_view> groups;      // sorted, each once
  std::optional<std::string_view> tenant;
  model::Trust trust = model::Trust::untrusted;
  // Constraints that the subject is over: it has none of their roles.
  std::vector<std::string_view> violated_constraints;
  // The bindings in force that gave roles, by name, sorted: how each role was come by.
  std::vector<std::string_view> bindings;
  // The next moment at which a binding of this subject starts or ends; nullopt if none does.
  std::optional<Timestamp> next_change;
};

// The roles, bindings, constraints and providers of a policy set, indexed. Immutable; any thread.
class Directory {
 public:
  // `documents` outlives the directory.
  explicit Directory(const model::PolicySet& documents);

  // Works out roles, groups, tenant and trust anew, at `time`. Cost: the subject's groups and bindings, and the
  // bindings by claim of its provider; not the number of roles or other bindings.
  Activation activate(const wire::Principal& principal, Timestamp time) const;

  // Nullptr where no document has that name.
  const model::IdentityProvider* provider(std::string_view name) const;
  // Requires: a role of the set; load has checked every reference.
  RoleId role(std::string_view name) const;
  std::size_t role_count() const { return closures_.size(); }

 private:
  struct Candidate;
  void collect(const wire::Principal& principal, const std::vector<std::string_view>& groups,
               std::vector<const model::RoleBinding*>& out) const;
  void grant(RoleId role, RoleSet& roles) const { roles.add_all(closures_[role]); }

  const model::PolicySet& documents_;
  std::unordered_map<std::string_view, RoleId> role_ids_;
  std::vector<RoleSet> closures_;             // by RoleId: the role and all that it inherits
  std::vector<std::string_view> role_names_;  // by RoleId; sorted, as documents are
  std::unordered_map<std::string_view, const model::IdentityProvider*> providers_;
  // Keys are `<provider>\0u<sub>` and `<provider>\0g<group>`.
  std::unordered_map<std::string, std::vector<const model::RoleBinding*>> by_name_;
  struct ByClaim {
    const model::BoundClaim* claim;
    const model::RoleBinding* binding;
  };
  std::unordered_map<std::string_view, std::vector<ByClaim>> by_claim_;  // by provider
  struct Constraint {
    const model::RoleConstraint* document;
    std::vector<RoleId> roles;
  };
  std::vector<Constraint> constraints_;
};

}  // namespace portreeve::rbac
