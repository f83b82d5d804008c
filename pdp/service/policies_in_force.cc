#include "pdp/service/policies_in_force.h"

#include <utility>

#include "engine/compile/snapshot.h"
#include "engine/rbac/claim_mapping.h"

namespace portreeve::pdp {
namespace {

tl::unexpected<rbac::RoleRefusal> no_policies() {
  return tl::unexpected(rbac::RoleRefusal{rbac::RoleFailure::not_authorised, "no policy revision is active"});
}

}  // namespace

ClaimMapper claim_mapper(const compile::SnapshotHolder& snapshots) {
  return [&snapshots](const VerifiedClaims& verified) -> Result<MappedSubject> {
    const auto snapshot = snapshots.load();
    const model::IdentityProvider* provider =
        snapshot == nullptr ? nullptr : snapshot->directory().provider(verified.provider());
    if (provider == nullptr) return fail("the issuer is in no active policy");
    auto sub = rbac::subject_of(*provider, verified.claims());
    if (!sub) return fail("the claims name no subject");
    MappedSubject mapped{*std::move(sub), rbac::tenants_of(*provider, verified.claims())};
    const auto referred = snapshot->directory().referred_claim(verified.provider(), verified.claims());
    if (referred) mapped.unusable = rbac::meaning_of_referred_claim(*referred);
    return mapped;
  };
}

RoleActivator role_activator(const compile::SnapshotHolder& snapshots) {
  return {
      [&snapshots](const wire::Principal& principal, Timestamp time, std::span<const std::string> roles) -> RoleResult {
        const auto snapshot = snapshots.load();
        if (snapshot == nullptr) return no_policies();
        return rbac::create_session(snapshot->directory(), principal, time, roles);
      },
      [&snapshots](const wire::Principal& principal, Timestamp time, const rbac::RoleChange& change) -> RoleResult {
        const auto snapshot = snapshots.load();
        if (snapshot == nullptr) return no_policies();
        return rbac::change_roles(snapshot->directory(), principal, time, change);
      }};
}

}  // namespace portreeve::pdp
