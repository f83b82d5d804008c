#include "engine/load/schema.h"

#include <array>

#include "engine/load/schema_parts.h"

namespace portreeve::load {
namespace {

constexpr std::array<KindSpec, kKinds> kAll{{
    {Kind::identity_provider, "IdentityProvider", "Who vouches for subjects.", kIdentityProviderSpec},
    {Kind::role, "Role", "What subjects have, and policies apply to.", kRoleSpec},
    {Kind::role_binding, "RoleBinding", "Gives roles to users, groups and holders of a claim, for a time if need be.",
     kRoleBindingSpec},
    {Kind::role_constraint, "RoleConstraint", "Roles that one subject may not have together.", kRoleConstraintSpec},
    {Kind::list, "List", "Host patterns under one name.", kListSpec},
    {Kind::entities, "Entities", "Attributes and directory of subjects and resources.", kEntitiesSpec},
    {Kind::internal_service, "InternalService", "The only way to anything inside: by name, port and prefix.",
     kInternalServiceSpec},
    {Kind::secret, "Secret", "A credential, and how it is spent; never its value.", kSecretSpec},
    {Kind::egress_policy, "EgressPolicy", "What may leave to a network.", kEgressPolicySpec},
    {Kind::secret_policy, "SecretPolicy", "Who may spend which Secret, and on what.", kSecretPolicySpec},
    {Kind::execution_policy, "ExecutionPolicy", "Which programs may start, and what confines them.",
     kExecutionPolicySpec},
    {Kind::access_policy, "AccessPolicy", "Any other action on any other resource.", kAccessPolicySpec},
    {Kind::policy_test, "PolicyTest", "Questions and the answers they must get.", kPolicyTestSpec},
}};

static_assert([] {
  for (std::size_t i = 0; i < kAll.size(); ++i) {
    if (static_cast<std::size_t>(kAll[i].kind) != i) return false;
  }
  return true;
}());

}  // namespace

std::span<const KindSpec> all_kinds() { return kAll; }
const KindSpec& spec_of(Kind kind) { return kAll[static_cast<std::size_t>(kind)]; }

}  // namespace portreeve::load
