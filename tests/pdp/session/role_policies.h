// A few roles, who has them, and the activator that goes by them.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "engine/model/policy_set.h"
#include "engine/rbac/directory.h"
#include "pdp/session/role_activation.h"

namespace portreeve::pdp {

// `idp/rita` is author (which inherits reader) and approver, and may not have both active; auditor is nobody.
class RolePolicies {
 public:
  RolePolicies() {
    documents_.identity_providers.emplace_back().name = "idp";
    for (const char* name : {"approver", "auditor", "author", "reader"}) documents_.roles.emplace_back().name = name;
    documents_.roles[2].inherits = {{"reader", {}}};
    model::RoleBinding& binding = documents_.role_bindings.emplace_back();
    binding.name = "rita";
    binding.roles = {{"author", {}}, {"approver", {}}};
    binding.subjects = {{"idp", model::BoundUser{"rita"}, {}}};
    model::RoleConstraint& constraint = documents_.role_constraints.emplace_back();
    constraint.name = "apart";
    constraint.kind = model::ConstraintKind::dynamic_separation;
    constraint.roles = {{"author", {}}, {"approver", {}}};
    directory_ = std::make_unique<rbac::Directory>(documents_);
  }

  RoleActivator activator() const {
    return {[this](const auto& principal, Timestamp time, std::span<const std::string> roles) {
              return rbac::create_session(*directory_, principal, time, roles);
            },
            [this](const auto& principal, Timestamp time, const rbac::RoleChange& change) {
              return rbac::change_roles(*directory_, principal, time, change);
            }};
  }

 private:
  model::PolicySet documents_;
  std::unique_ptr<const rbac::Directory> directory_;
};

}  // namespace portreeve::pdp
