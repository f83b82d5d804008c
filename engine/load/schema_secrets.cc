// Fields of Secret and SecretPolicy.
#include "engine/load/schema_parts.h"

namespace portreeve::load {
namespace {

using enum Type;

constexpr Word kBearer[] = {"bearer"};
constexpr Word kApis[] = {"none", "anthropic", "openai"};

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
    {.key = "route",
     .doc = "where the broker serves it: an absolute path, no other's nor below another's; required with an `api`",
     .absent = "the broker does not serve it"},
    {.key = "api", .type = choice, .doc = "how model and usage are read", .absent = "`none`", .choices = kApis},
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

constexpr Field kSecretLimitFields[] = {
    {.key = "requestsPerMinute", .type = integer, .doc = "per session and secret", .absent = "no limit"},
    {.key = "leaseTtl",
     .type = duration,
     .doc = "of what a lease gives out; at most 15m",
     .absent = "no limit of the policy's"},
};
constexpr Object kSecretLimits{"limits", kSecretLimitFields};
constexpr Field kSecretRuleFields[] = {
    kRuleId,
    kRuleEffect,
    {.key = "secrets",
     .type = secret_name,
     .shape = kList,
     .doc = "Secrets; required on an allow",
     .absent = "any, on a deny"},
    {.key = "uses",
     .type = choice,
     .shape = kList,
     .doc = "`inject`: the broker puts it in; `lease`: a short-lived credential is given out",
     .absent = "any",
     .choices = kUses},
    {.key = "methods", .type = method, .shape = kList, .doc = "HTTP methods; a lease has none", .absent = "any"},
    {.key = "paths",
     .type = path_pattern,
     .shape = kList,
     .doc = "below the upstream's; a lease has none",
     .absent = "any"},
    {.key = "models",
     .type = pattern,
     .shape = kList,
     .doc = "case-sensitive globs; a lease has none",
     .absent = "any"},
    kRuleWhen,
    {.key = "limits",
     .type = object,
     .doc = "of an allow; merged to the strictest",
     .absent = "none",
     .object = &kSecretLimits},
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

}  // namespace

const Object kSecretSpec{"Secret", kSecretFields};
const Object kSecretPolicySpec{"SecretPolicy", kSecretPolicyFields};

}  // namespace portreeve::load
