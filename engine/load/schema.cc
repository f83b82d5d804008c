#include "engine/load/schema.h"

#include <array>

namespace portreeve::load {
namespace {

using enum Type;
using Word = std::string_view;
constexpr Shape kList = Shape::list;
constexpr Need kRequired = Need::required;

constexpr Word kEffects[] = {"allow", "deny"};
constexpr Word kTrusts[] = {"untrusted", "partner", "internal"};
constexpr Word kAlgorithms[] = {"RS256", "PS256", "ES256", "EdDSA"};
constexpr Word kDiscovery[] = {"discovery"};
constexpr Word kBearer[] = {"bearer"};
constexpr Word kConstraintKinds[] = {"static", "dynamic"};
constexpr Word kProtocols[] = {"tls", "http", "tcp"};
constexpr Word kApis[] = {"none", "anthropic", "openai"};
constexpr Word kUses[] = {"inject", "lease"};
constexpr Word kAcknowledged[] = {"acknowledged"};

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
    {.key = "subject", .type = claim_path, .doc = "who it is; `sub` where absent"},
    {.key = "groups", .type = claim_path, .doc = "a string, an array, or space-separated"},
    {.key = "roles", .type = object, .doc = "roles that the issuer itself states", .object = &kRolesClaim},
    {.key = "tenant",
     .type = claim_path,
     .doc = "a claim with one non-empty string, or `{ always: NAME }`",
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
    {.key = "claims", .type = object, .doc = "where this issuer keeps things", .object = &kClaims},
    {.key = "trust",
     .type = choice,
     .doc = "what `session.trust` says of its subjects; `untrusted` where absent",
     .choices = kTrusts},
    {.key = "console",
     .type = object,
     .doc = "people of this issuer sign in at the console",
     .object = &kConsoleClient},
};
constexpr Object kIdentityProvider{"IdentityProvider", kIdentityProviderFields};

// Role, RoleBinding, RoleConstraint
constexpr Field kRoleFields[] = {
    {.key = "inherits",
     .type = name,
     .shape = kList,
     .doc = "who has this role has those too, with their allows and denies"},
    {.key = "description", .type = prose, .doc = "for people"},
};
constexpr Object kRole{"Role", kRoleFields, {}, true};

constexpr Field kBoundClaimFields[] = {
    {.key = "path", .type = claim_path, .need = kRequired, .doc = "the claim"},
    {.key = "equals", .type = scalar, .need = kRequired, .doc = "its value; types agree, an array holds the value"},
};
constexpr Object kBoundClaim{"subjects[].claim", kBoundClaimFields};
constexpr Word kBindingSubjectForms[] = {"user", "group", "claim"};
constexpr Field kBindingSubjectFields[] = {
    {.key = "issuer", .type = name, .doc = "an IdentityProvider; may be left out where only one is declared"},
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
    {.key = "tenants", .shape = kList, .doc = "only for subjects of these tenants"},
    {.key = "starts", .type = time, .doc = "in force from then on"},
    {.key = "expires", .type = time, .doc = "no longer in force from then on"},
    {.key = "trust",
     .type = choice,
     .doc = "replaces the provider's while in force (the least, of several)",
     .choices = kTrusts},
};
constexpr Object kRoleBinding{"RoleBinding", kRoleBindingFields};

constexpr Field kRoleConstraintFields[] = {
    {.key = "kind",
     .type = choice,
     .need = kRequired,
     .doc = "separation of duty, as in ANSI INCITS 359",
     .choices = kConstraintKinds},
    {.key = "roles", .type = name, .shape = kList, .need = kRequired, .doc = "the roles that exclude each other"},
    {.key = "atMost",
     .type = integer,
     .need = kRequired,
     .doc = "how many of them one subject may have; fewer than all"},
};
constexpr Object kRoleConstraint{"RoleConstraint", kRoleConstraintFields};

// List, Entities, InternalService
constexpr Field kListFields[] = {
    {.key = "hosts",
     .type = host_pattern,
     .shape = kList,
     .need = kRequired,
     .doc = "host patterns; rules name them as `list:NAME`"},
};
constexpr Object kListSpec{"List", kListFields};

constexpr Field kEntityFields[] = {
    {.key = "type", .need = kRequired, .doc = "`user`, `record`, …"},
    {.key = "id", .need = kRequired, .doc = "of a user `<provider>/<sub>`"},
    {.key = "properties", .type = json_object, .doc = "apply where the request does not give them"},
};
constexpr Object kEntity{"subjects[], resources[]", kEntityFields};
constexpr Field kEntitiesFields[] = {
    {.key = "subjects", .type = object, .shape = kList, .doc = "who exists", .object = &kEntity},
    {.key = "resources", .type = object, .shape = kList, .doc = "what exists", .object = &kEntity},
};
constexpr Object kEntities{"Entities", kEntitiesFields};

constexpr Field kMeshFields[] = {
    {.key = "tag", .need = kRequired, .doc = "the mesh's name for the service, `tag:wiki`"}};
constexpr Object kMesh{"mesh", kMeshFields};
constexpr Field kInternalServiceFields[] = {
    {.key = "hosts",
     .type = host_pattern,
     .shape = kList,
     .need = kRequired,
     .doc = "its names; special-use names may stand here"},
    {.key = "addresses",
     .type = prefix,
     .shape = kList,
     .need = kRequired,
     .doc = "its prefixes, at least /16 (IPv4) or /48 (IPv6) long"},
    {.key = "ports", .type = port, .shape = kList, .doc = "its ports; 443 (tls) or 80 (http) where absent"},
    {.key = "protocols",
     .type = choice,
     .shape = kList,
     .doc = "what it speaks; tls where absent",
     .choices = kProtocols},
    {.key = "mesh", .type = object, .doc = "for compiled mesh rules", .object = &kMesh},
};
constexpr Object kInternalService{"InternalService", kInternalServiceFields};

// Policies
constexpr Field kRuleId{
    .key = "id", .type = name, .need = kRequired, .doc = "unique in its policy; `policy/id` names the rule"};
constexpr Field kRuleEffect{.key = "effect",
                            .type = choice,
                            .need = kRequired,
                            .doc = "what the rule does where it matches",
                            .choices = kEffects};
constexpr Field kRuleReason{.key = "reason", .doc = "the rule's own words, `ruleReason` in answers; at most 256 bytes"};
constexpr Field kRuleWhen{
    .key = "when", .type = expression, .doc = "a CEL condition; one that fails never allows and always denies"};
constexpr Field kRuleEnforce{
    .key = "enforce", .type = boolean, .doc = "`false`: evaluated and logged, decides nothing"};
constexpr Field kPolicyRoles{
    .key = "roles", .type = name, .shape = kList, .doc = "whom it applies to; everyone where absent"};
constexpr Field kPolicyTenants{.key = "tenants", .shape = kList, .doc = "only for subjects of these tenants"};
constexpr Field kPolicyEnforce{
    .key = "enforce", .type = boolean, .doc = "`false` covers all its rules, whatever they say"};

constexpr Field kEgressLimitFields[] = {
    {.key = "bytesIn", .type = size, .doc = "towards the sandbox, a connection"},
    {.key = "bytesOut", .type = size, .doc = "out of the sandbox, a connection"},
    {.key = "idle", .type = duration, .doc = "without a byte"},
    {.key = "total", .type = duration, .doc = "of a connection's life"},
    {.key = "connections", .type = integer, .doc = "at once"},
};
constexpr Object kEgressLimits{"limits", kEgressLimitFields};
constexpr Field kEgressRuleFields[] = {
    kRuleId,
    kRuleEffect,
    {.key = "hosts",
     .type = host,
     .shape = kList,
     .doc = "host patterns and `list:NAME`; with `cidrs`, both hold for every address"},
    {.key = "cidrs", .type = prefix, .shape = kList, .doc = "prefixes; alone, they match requests for an address"},
    {.key = "services",
     .type = name,
     .shape = kList,
     .doc = "InternalServices: name, port and prefix of one and the same"},
    {.key = "internet", .type = affirmation, .doc = "any name whose addresses are all public"},
    {.key = "ports", .type = port, .shape = kList, .doc = "443 for tls and 80 for http where absent on an allow"},
    {.key = "protocols", .type = choice, .shape = kList, .doc = "tls where absent on an allow", .choices = kProtocols},
    {.key = "methods", .type = method, .shape = kList, .doc = "needs `protocols: [http]`: inside TLS nobody sees them"},
    {.key = "paths", .type = path_pattern, .shape = kList, .doc = "needs `protocols: [http]`; without the query"},
    kRuleWhen,
    {.key = "limits", .type = object, .doc = "of an allow; merged to the strictest", .object = &kEgressLimits},
    {.key = "publicSuffix",
     .type = choice,
     .doc = "opens wildcards at or above a public suffix",
     .choices = kAcknowledged},
    {.key = "direct", .type = affirmation, .doc = "allows a host that a Secret's upstream serves"},
    kRuleReason,
    kRuleEnforce,
};
constexpr Object kEgressRule{"rules[]", kEgressRuleFields};
constexpr Field kEgressPolicyFields[] = {
    kPolicyRoles,
    kPolicyTenants,
    kPolicyEnforce,
    {.key = "rules", .type = object, .shape = kList, .need = kRequired, .doc = "in any order", .object = &kEgressRule},
};
constexpr Object kEgressPolicy{"EgressPolicy", kEgressPolicyFields};

// Secret, SecretPolicy
constexpr Field kSourceFields[] = {
    {.key = "file", .need = kRequired, .doc = "one name under the broker's secret folder"}};
constexpr Object kSource{"source", kSourceFields};
constexpr Object kNothing{"inject.bearer", {}, {}, true};
constexpr Field kBasicFields[] = {
    {.key = "user", .need = kRequired, .doc = "the user name; the secret is the password"}};
constexpr Object kBasic{"inject.basic", kBasicFields};
constexpr Field kSigV4Fields[] = {
    {.key = "service", .need = kRequired, .doc = "as AWS names it"},
    {.key = "region", .need = kRequired, .doc = "as AWS names it"},
};
constexpr Object kSigV4{"inject.sigv4", kSigV4Fields};
constexpr Word kInjectForms[] = {"header", "bearer", "basic", "query", "sigv4"};
constexpr Field kInjectFields[] = {
    {.key = "header", .doc = "the value as this header"},
    {.key = "bearer", .type = object, .doc = "`Authorization: Bearer`", .object = &kNothing},
    {.key = "basic", .type = object, .doc = "`Authorization: Basic`", .object = &kBasic},
    {.key = "query", .doc = "the value as this query parameter"},
    {.key = "sigv4", .type = object, .doc = "AWS Signature Version 4", .object = &kSigV4},
};
constexpr Object kInject{"inject", kInjectFields, kInjectForms};
constexpr Field kSecretFields[] = {
    {.key = "route", .doc = "where the broker serves it: an absolute path, no other's nor below another's"},
    {.key = "api", .type = choice, .doc = "how model and usage are read; none where absent", .choices = kApis},
    {.key = "source", .type = object, .need = kRequired, .doc = "where the broker finds the value", .object = &kSource},
    {.key = "inject",
     .type = object,
     .need = kRequired,
     .doc = "how it is put into a request; `bearer` is short for `{ bearer: {} }`",
     .choices = kBearer,
     .object = &kInject},
    {.key = "upstreams",
     .type = url,
     .shape = kList,
     .need = kRequired,
     .doc = "https origins, with a base path if need be"},
};
constexpr Object kSecret{"Secret", kSecretFields};

constexpr Field kSecretLimitFields[] = {
    {.key = "requestsPerMinute", .type = integer, .doc = "per session and secret"},
    {.key = "leaseTtl", .type = duration, .doc = "of what a lease gives out; at most 15m"},
};
constexpr Object kSecretLimits{"limits", kSecretLimitFields};
constexpr Field kSecretRuleFields[] = {
    kRuleId,
    kRuleEffect,
    {.key = "secrets", .type = secret_name, .shape = kList, .doc = "Secrets; required on an allow"},
    {.key = "uses", .type = choice, .shape = kList, .doc = "any where absent", .choices = kUses},
    {.key = "methods", .type = method, .shape = kList, .doc = "HTTP methods; a lease has none"},
    {.key = "paths", .type = path_pattern, .shape = kList, .doc = "below the upstream's; a lease has none"},
    {.key = "models", .type = pattern, .shape = kList, .doc = "case-sensitive globs; a lease has none"},
    kRuleWhen,
    {.key = "limits", .type = object, .doc = "of an allow; merged to the strictest", .object = &kSecretLimits},
    kRuleReason,
    kRuleEnforce,
};
constexpr Object kSecretRule{"rules[]", kSecretRuleFields};
constexpr Field kSecretPolicyFields[] = {
    kPolicyRoles,
    kPolicyTenants,
    kPolicyEnforce,
    {.key = "rules", .type = object, .shape = kList, .need = kRequired, .doc = "in any order", .object = &kSecretRule},
};
constexpr Object kSecretPolicy{"SecretPolicy", kSecretPolicyFields};

// ExecutionPolicy
constexpr Field kEnvFields[] = {
    {.key = "pass",
     .type = pattern,
     .shape = kList,
     .need = kRequired,
     .doc = "names and globs of variables that are handed on"},
};
constexpr Object kEnv{"env", kEnvFields};
constexpr Field kExecLimitFields[] = {
    {.key = "wall", .type = duration, .doc = "of real time"},
    {.key = "cpu", .type = duration, .doc = "of processor time"},
    {.key = "memory", .type = size, .doc = "of the process and its children"},
    {.key = "processes", .type = integer, .doc = "at once"},
    {.key = "openFiles", .type = integer, .doc = "a process"},
};
constexpr Object kExecLimits{"limits", kExecLimitFields};
constexpr Field kExecRuleFields[] = {
    kRuleId,
    kRuleEffect,
    {.key = "programs",
     .type = path_pattern,
     .shape = kList,
     .doc = "absolute paths, globs, `/re:…/`; required on an allow"},
    {.key = "cwd", .type = path_pattern, .shape = kList, .doc = "the directory it starts in"},
    {.key = "users", .shape = kList, .doc = "whom it runs as"},
    {.key = "terminal",
     .type = boolean,
     .doc = "`true` permits a terminal; absent on an allow, a request for one does not match"},
    kRuleWhen,
    {.key = "env", .type = object, .doc = "of an allow: what is handed on; nothing where absent", .object = &kEnv},
    {.key = "write", .shape = kList, .doc = "of an allow: `DIR/**` or exact paths; everything else is read-only"},
    {.key = "limits", .type = object, .doc = "of an allow; merged to the strictest", .object = &kExecLimits},
    {.key = "writable",
     .type = choice,
     .doc = "permits programs where some rule grants writing",
     .choices = kAcknowledged},
    kRuleReason,
    kRuleEnforce,
};
constexpr Object kExecRule{"rules[]", kExecRuleFields};
constexpr Field kExecutionPolicyFields[] = {
    kPolicyRoles,
    kPolicyTenants,
    kPolicyEnforce,
    {.key = "rules", .type = object, .shape = kList, .need = kRequired, .doc = "in any order", .object = &kExecRule},
};
constexpr Object kExecutionPolicy{"ExecutionPolicy", kExecutionPolicyFields};

// AccessPolicy
constexpr Field kResourceMatchFields[] = {
    {.key = "type", .need = kRequired, .doc = "of the resource; not endpoint, secret or program"},
    {.key = "id", .type = pattern, .doc = "a glob or `/re:…/`; every resource of the type where absent"},
};
constexpr Object kResourceMatch{"resources[]", kResourceMatchFields};
constexpr Field kAccessRuleFields[] = {
    kRuleId,
    kRuleEffect,
    {.key = "actions", .shape = kList, .doc = "names of actions; any but the reserved ones where absent"},
    {.key = "resources", .type = object, .shape = kList, .doc = "required on an allow", .object = &kResourceMatch},
    kRuleWhen,
    kRuleReason,
    kRuleEnforce,
};
constexpr Object kAccessRule{"rules[]", kAccessRuleFields};
constexpr Field kAccessPolicyFields[] = {
    kPolicyRoles,
    kPolicyTenants,
    kPolicyEnforce,
    {.key = "rules", .type = object, .shape = kList, .need = kRequired, .doc = "in any order", .object = &kAccessRule},
};
constexpr Object kAccessPolicy{"AccessPolicy", kAccessPolicyFields};

// PolicyTest
constexpr Field kTestSubjectFields[] = {
    {.key = "issuer", .type = name, .doc = "an IdentityProvider; may be left out where only one is declared"},
    {.key = "claims", .type = json_object, .doc = "what its token would state"},
    {.key = "type", .doc = "instead: a subject that a gate names"},
    {.key = "id", .doc = "of that subject"},
    {.key = "properties", .type = json_object, .doc = "that the request gives of it"},
};
constexpr Object kTestSubject{"subjects.NAME", kTestSubjectFields};
constexpr Field kInterpreterFields[] = {
    {.key = "path", .need = kRequired, .doc = "as the script names it"},
    {.key = "file", .doc = "its real path; the path where absent"},
    {.key = "stable", .type = boolean, .doc = "no part of the way is writable; false where absent"},
};
constexpr Object kInterpreter{"cases[].interpreter", kInterpreterFields};
constexpr Field kTestResourceFields[] = {
    {.key = "type", .need = kRequired, .doc = "of the resource"},
    {.key = "id", .need = kRequired, .doc = "of the resource"},
};
constexpr Object kTestResource{"cases[].resource", kTestResourceFields};
constexpr Field kTestSessionFields[] = {
    {.key = "trust", .type = choice, .doc = "stands over provider and bindings", .choices = kTrusts},
    {.key = "labels", .type = json_object, .doc = "a map of strings"},
    {.key = "age", .type = duration, .doc = "of the session"},
};
constexpr Object kTestSession{"cases[].session", kTestSessionFields};
constexpr Field kDryRunFields[] = {
    {.key = "decision", .type = choice, .need = kRequired, .doc = "if dry runs were enforced", .choices = kEffects},
    {.key = "rules", .shape = kList, .doc = "the determining rules then, exactly"},
};
constexpr Object kDryRun{"cases[].dryRun", kDryRunFields};
constexpr Word kQuestions[] = {"egress", "secret", "exec", "action"};
constexpr Field kTestCaseFields[] = {
    {.key = "as", .need = kRequired, .doc = "one of `subjects`"},
    {.key = "egress", .doc = "a URL: https, http, tls, tcp or connect"},
    {.key = "secret", .type = secret_name, .doc = "a Secret"},
    {.key = "exec", .shape = kList, .doc = "program, then arguments"},
    {.key = "action", .doc = "the name of any other action"},
    {.key = "method", .doc = "of egress and secret"},
    {.key = "addresses", .shape = kList, .doc = "of egress: what the name resolves to; a public one where absent"},
    {.key = "sni", .doc = "of egress: the TLS server name, in transparent mode"},
    {.key = "use", .type = choice, .doc = "of secret; inject where absent", .choices = kUses},
    {.key = "upstream", .doc = "of secret; its first where absent"},
    {.key = "path", .doc = "of secret"},
    {.key = "model", .doc = "of secret"},
    {.key = "file", .doc = "of exec: the real path; the program where absent"},
    {.key = "stable", .type = boolean, .doc = "of exec: no part of the way is writable; false where absent"},
    {.key = "interpreter", .type = object, .doc = "of exec: the program is a script", .object = &kInterpreter},
    {.key = "cwd", .doc = "of exec"},
    {.key = "user", .doc = "of exec"},
    {.key = "env", .shape = kList, .doc = "of exec: names of variables"},
    {.key = "terminal", .type = boolean, .doc = "of exec"},
    {.key = "resource", .type = object, .doc = "of action", .object = &kTestResource},
    {.key = "properties", .type = json_object, .doc = "of action: the resource's"},
    {.key = "context", .type = json_object, .doc = "of action"},
    {.key = "at", .type = time, .doc = "when it is asked"},
    {.key = "session", .type = object, .doc = "what is known of the session", .object = &kTestSession},
    {.key = "source", .doc = "the address it is asked from"},
    {.key = "expect", .type = choice, .need = kRequired, .doc = "the answer", .choices = kEffects},
    {.key = "reason", .doc = "the answer's reason code"},
    {.key = "ruleReason", .doc = "the determining rule's own words"},
    {.key = "by", .shape = Shape::one_or_list, .doc = "`policy/rule`, each among the determining rules"},
    {.key = "obligations", .type = json_object, .doc = "what is listed must be so"},
    {.key = "dryRun", .type = object, .doc = "what dry runs would change", .object = &kDryRun},
};
constexpr Object kTestCase{"cases[]", kTestCaseFields, kQuestions};
constexpr Field kPolicyTestFields[] = {
    {.key = "subjects",
     .type = objects_by_name,
     .need = kRequired,
     .doc = "who asks, by a name for `as`",
     .object = &kTestSubject},
    {.key = "cases",
     .type = object,
     .shape = kList,
     .need = kRequired,
     .doc = "one question each",
     .object = &kTestCase},
};
constexpr Object kPolicyTest{"PolicyTest", kPolicyTestFields};

constexpr std::array<KindSpec, kKinds> kAll{{
    {Kind::identity_provider, "IdentityProvider", "Who vouches for subjects.", kIdentityProvider},
    {Kind::role, "Role", "What subjects have, and policies apply to.", kRole},
    {Kind::role_binding, "RoleBinding", "Gives roles to users, groups and holders of a claim, for a time if need be.",
     kRoleBinding},
    {Kind::role_constraint, "RoleConstraint", "Roles that one subject may not have together.", kRoleConstraint},
    {Kind::list, "List", "Host patterns under one name.", kListSpec},
    {Kind::entities, "Entities", "Attributes and directory of subjects and resources.", kEntities},
    {Kind::internal_service, "InternalService", "The only way to anything inside: by name, port and prefix.",
     kInternalService},
    {Kind::secret, "Secret", "A credential, and how it is spent; never its value.", kSecret},
    {Kind::egress_policy, "EgressPolicy", "What may leave to a network.", kEgressPolicy},
    {Kind::secret_policy, "SecretPolicy", "Who may spend which Secret, and on what.", kSecretPolicy},
    {Kind::execution_policy, "ExecutionPolicy", "Which programs may start, and what confines them.", kExecutionPolicy},
    {Kind::access_policy, "AccessPolicy", "Any other action on any other resource.", kAccessPolicy},
    {Kind::policy_test, "PolicyTest", "Questions and the answers they must get.", kPolicyTest},
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
