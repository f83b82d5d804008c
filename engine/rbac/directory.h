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
#include "engine/index/postings.h"
#include "engine/model/policy_set.h"
#include "engine/rbac/role_set.h"
#include "engine/wire/principal.h"

namespace portreeve::rbac {

using BindingId = std::uint32_t;  // index into the policy set's bindings, sorted by name

// What a principal is at a moment, all that scope and conditions read of it. Borrows from the principal and from the
// directory; both outlive it. Reused from one principal to the next it keeps its storage.
struct Activation {
  RoleSet roles;       // the closure in force
  RoleSet authorised;  // the closure of what the subject may activate: `roles`, were there no session and no dynamic
                       // constraint
  std::vector<std::string_view> groups;  // as the claim lists them
  std::optional<std::string_view> tenant;
  model::Trust trust = model::Trust::untrusted;
  // Constraints that the subject (static) or its session (dynamic) is over: it has none of their roles. Static ones
  // first.
  std::vector<std::string_view> violated_constraints;
  // The bindings in force that gave roles, sorted: how each role was come by.
  std::vector<BindingId> bindings;
  // The next moment at which a binding of this subject starts or ends; nullopt if none does.
  std::optional<Timestamp> next_change;
};

// The roles, bindings, constraints and providers of a policy set, indexed. Immutable; any thread.
class Directory {
 public:
  // `documents` outlives the directory.
  explicit Directory(const model::PolicySet& documents);

  // Works out roles, groups, tenant and trust anew, at `time`, into `out`: what claims and bindings give, less what
  // static constraints take; of that what the session has activated; less what dynamic constraints take. Cost: the
  // subject's groups and bindings, the session's roles, and the bindings by claim of its provider; not the number of
  // roles or other bindings. Allocates only where `out` grows. Hot path.
  void activate(const wire::Principal& principal, Timestamp time, Activation& out) const;
  Activation activate(const wire::Principal& principal, Timestamp time) const;

  // A claim that the provider's mapping or bindings read, and that the token does not hold but refers to: as
  // distributed or aggregated (OpenID Connect Core 1.0 §5.6.2: `_claim_names`), or as Microsoft Entra's group overage
  // (that, or `hasgroups`). Such a subject's groups or roles are not none but unknown: nothing may be decided by that
  // token. Nullopt where there is none. Allocates nothing. Hot path.
  std::optional<std::string_view> referred_claim(std::string_view provider, const JsonValue& claims) const;

  // Nullptr where no document has that name.
  const model::IdentityProvider* provider(std::string_view name) const;
  // Requires: a role of the set; load has checked every reference.
  RoleId role(std::string_view name) const;
  std::optional<RoleId> find_role(std::string_view name) const;
  // The role and all that it inherits.
  const RoleSet& closure(RoleId role) const { return closures_[role]; }
  // Nullptr where no constraint has that name.
  const model::RoleConstraint* constraint(std::string_view name) const;
  std::size_t role_count() const { return closures_.size(); }
  std::string_view role_name(RoleId role) const { return role_names_[role]; }
  std::string_view binding_name(BindingId binding) const { return bindings_[binding].document->name; }

 private:
  struct Binding {
    const model::RoleBinding* document;
    RoleSet granted;     // with all that its roles inherit
    bool plain = false;  // for every tenant and all time, and says nothing of trust
  };
  struct ByClaim {
    const model::BoundClaim* claim;
    BindingId binding;
  };
  struct Provider {
    const model::IdentityProvider* document = nullptr;
    std::unordered_map<std::string_view, RoleId> claimed_roles;  // those that a claim may grant
    index::Postings by_user, by_group;
    std::vector<ByClaim> by_claim;
    std::vector<std::string_view> read_claims;  // top-level names of the claims that mapping and bindings read
  };
  struct Constraint {
    const model::RoleConstraint* document;
    RoleSet roles;
  };

  void read_claims(const Provider& provider, const wire::Principal& principal, Activation& out) const;
  // The ids of all bindings that name the subject, sorted, each once.
  static void collect(const Provider& provider, const wire::Principal& principal, Activation& out);
  void apply_bindings(Timestamp time, Activation& out) const;
  // Leaves what the session has activated of the authorised roles.
  void apply_session(const wire::Principal& principal, Activation& out) const;
  void apply_constraints(model::ConstraintKind kind, Activation& out) const;

  std::unordered_map<std::string_view, RoleId> role_ids_;
  std::vector<RoleSet> closures_;             // by RoleId: the role and all that it inherits
  std::vector<std::string_view> role_names_;  // by RoleId; sorted, as documents are
  std::vector<Binding> bindings_;             // by BindingId
  std::unordered_map<std::string_view, Provider> providers_;
  std::vector<Constraint> constraints_;
};

}  // namespace portreeve::rbac
