// Fields of IdentityProvider, Role, RoleBinding and RoleConstraint.
#include "engine/load/schema_parts.h"

namespace portreeve::load {
namespace {

using enum Type;

constexpr Word kAlgorithms[] = {"RS256", "PS256", "ES256", "EdDSA"};
constexpr Word kDiscovery[] = {"discovery"};
constexpr Word kConstraintKinds[] = {"static", "dynamic"};

// IdentityProvider
constexpr Word kJwksForms[] = {"uri", "file", "discovery"};
constexpr Field kJwksFields[] = {
    {.key = "uri", .type = url, .doc = "where the issuer serves its keys; https, http on loopback only"},
    {.key = "file", .doc = "a JWKS file, relative to the policy folder"},
    {.key = "discovery", .type = affirmation, .doc = "ask `<issuer>/.well-known/openid-configuration`"},
};
constexpr Object kJwks{"jwks", kJwksFields, kJwksForms};

constexpr Field kRolesClaimFields[] = {
    {.key = "path", .type = claim_path, .need = kRequired, .doc = "the claim that holds role names"},
    {.key = "allow",
     .type = name,
     .shape = kList,
     .need = kRequired,
     .doc = "the roles that this claim can grant; no others"},
};
constexpr Object kRolesClaim{"claims.roles", kRolesClaimFields};

constexpr Field kFixedTenantFields[] = {
    {.key = "always", .need = kRequired, .doc = "the tenant of every subject of this issuer"},
};
constexpr Object kFixedTenant{"claims.tenant", kFixedTenantFields};

constexpr Field kClaimsFields[] = {
    {.key = "subject", .type = claim_path, .doc = "who it is", .absent = "`sub`"},
    {.key = "groups", .type = claim_path, .doc = "a string, an array, or space-separated", .absent = "no groups"},
    {.key = "roles",
     .type = object,
     .doc = "roles that the issuer itself states",
     .absent = "roles come from bindings alone",
     .object = &kRolesClaim},
    {.key = "tenant",
     .type = claim_path,
     .doc = "a claim with one non-empty string, or `{ always: NAME }`",
     .absent = "no tenant",
     .object = &kFixedTenant},
};
constexpr Object kClaims{"claims", kClaimsFields};

constexpr Field kConsoleClientFields[] = {
    {.key = "clientId",
     .need = kRequired,
     .doc = "the console's public client at the issuer: authorization code with PKCE, no secret"},
};
constexpr Object kConsoleClient{"console", kConsoleClientFields};

constexpr Field kIdentityProviderFields[] = {
    {.key = "issuer", .type = url, .need = kRequired, .doc = "the `iss` of its tokens; https, http on loopback only"},
    {.key = "audiences", .shape = kList, .need = kRequired, .doc = "a token must name one of them in `aud`"},
    {.key = "algorithms",
     .type = algorithm,
     .shape = kList,
     .need = kRequired,
     .doc = "signature algorithms; `none` and HMAC are never accepted",
     .choices = kAlgorithms},
    {.key = "jwks",
     .type = object,
     .need = kRequired,
     .doc = "where its keys are",
     .choices = kDiscovery,
     .object = &kJwks},
    {.key = "claims",
     .type = object,
     .doc = "where this issuer keeps things",
     .absent = "`{ subject: sub }`",
     .object = &kClaims},
    {.key = "trust",
     .type = choice,
     .doc = "what `session.trust` says of its subjects",
     .absent = "`untrusted`",
     .choices = kTrusts},
    {.key = "console",
     .type = object,
     .doc = "people of this issuer sign in at the console",
     .absent = "its people do not sign in there",
     .object = &kConsoleClient},
};

// Role, RoleBinding, RoleConstraint
constexpr Field kRoleFields[] = {
    {.key = "inherits",
     .type = name,
     .shape = kList,
     .doc = "who has this role has those too, with their allows and denies",
     .absent = "no other role"},
    {.key = "description", .type = prose, .doc = "for people", .absent = "none"},
};

constexpr Field kBoundClaimFields[] = {
    {.key = "path", .type = claim_path, .need = kRequired, .doc = "the claim"},
    {.key = "equals", .type = scalar, .need = kRequired, .doc = "its value; types agree, an array holds the value"},
};
constexpr Object kBoundClaim{"subjects[].claim", kBoundClaimFields};
constexpr Word kBindingSubjectForms[] = {"user", "group", "claim"};
constexpr Field kBindingSubjectFields[] = {
    {.key = "issuer",
     .type = name,
     .doc = "an IdentityProvider; required once several are declared",
     .absent = "the only one there is"},
    {.key = "user", .doc = "the bare `sub`"},
    {.key = "group", .doc = "one of the subject's groups"},
    {.key = "claim", .type = object, .doc = "a claim's value", .object = &kBoundClaim},
};
constexpr Object kBindingSubject{"subjects[]", kBindingSubjectFields, kBindingSubjectForms};
constexpr Field kRoleBindingFields[] = {
    {.key = "roles", .type = name, .shape = kList, .need = kRequired, .doc = "the roles that it gives"},
    {.key = "subjects",
     .type = object,
     .shape = kList,
     .need = kRequired,
     .doc = "whom it gives them to",
     .object = &kBindingSubject},
    {.key = "tenants",
     .shape = kList,
     .doc = "only for subjects of these tenants",
     .absent = "whatever the tenant, also none"},
    {.key = "starts", .type = time, .doc = "in force from then on", .absent = "always was"},
    {.key = "expires", .type = time, .doc = "no longer in force from then on; after `starts`", .absent = "never ends"},
    {.key = "trust",
     .type = choice,
     .doc = "replaces the provider's while in force (the least, of several)",
     .absent = "the provider's stays",
     .choices = kTrusts},
};

constexpr Field kRoleConstraintFields[] = {
    {.key = "kind",
     .type = choice,
     .need = kRequired,
     .doc = "`static`: load refuses what must break it; `dynamic`: it counts what a session has active",
     .choices = kConstraintKinds},
    {.key = "roles", .type = name, .shape = kList, .need = kRequired, .doc = "the roles that exclude each other"},
    {.key = "atMost",
     .type = integer,
     .need = kRequired,
     .doc = "how many of them one subject, or one session, may have; from 1, fewer than all"},
};

}  // namespace

const Object kIdentityProviderSpec{"IdentityProvider", kIdentityProviderFields};
const Object kRoleSpec{"Role", kRoleFields, {}, true};
const Object kRoleBindingSpec{"RoleBinding", kRoleBindingFields};
const Object kRoleConstraintSpec{"RoleConstraint", kRoleConstraintFields};

}  // namespace portreeve::load
