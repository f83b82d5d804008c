#include "engine/compile/rule_table.h"

namespace portreeve::compile {

bool Scope::covers(const rbac::Activation& subject) const {
  return (!roles || roles->intersects(subject.roles)) && covers_tenant(subject);
}

bool Scope::covers_tenant(const rbac::Activation& subject) const {
  if (tenants == nullptr) return true;
  return subject.tenant && std::ranges::find(*tenants, *subject.tenant) != tenants->end();
}

Scope make_scope(const model::PolicyHeader& policy, const rbac::Directory& directory) {
  Scope scope;
  if (policy.roles) {
    scope.roles.emplace(directory.role_count());
    for (const model::Reference& role : *policy.roles) scope.roles->add(directory.role(role.name));
  }
  if (policy.tenants) scope.tenants = &*policy.tenants;
  return scope;
}

bool condition_reads_clock(const model::RuleHeader& rule) {
  if (!rule.when) return false;
  const cel::Program& program = *rule.when->program;
  return program.reads(cel::policy::kRequestTime) || program.reads(cel::policy::kSessionAge);
}

}  // namespace portreeve::compile
