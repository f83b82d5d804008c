// Fields of List, InternalService and EgressPolicy.
#include "engine/load/schema_parts.h"

namespace portreeve::load {
namespace {

using enum Type;

constexpr Word kAcknowledged[] = {"acknowledged"};

constexpr Field kListFields[] = {
    {.key = "hosts",
     .type = host_pattern,
     .shape = kList,
     .need = kRequired,
     .doc = "host patterns; rules name them as `list:NAME`"},
};

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
    {.key = "ports",
     .type = port,
     .shape = kList,
     .doc = "its ports, no control plane's; required for `tcp` and where it speaks two protocols",
     .absent = "443, or 80 for `[http]`"},
    {.key = "protocols",
     .type = choice,
     .shape = kList,
     .doc = "what it speaks",
     .absent = "`[tls]`",
     .choices = kProtocols},
    {.key = "mesh", .type = object, .doc = "for compiled mesh rules", .absent = "no mesh rule", .object = &kMesh},
};

constexpr Field kEgressLimitFields[] = {
    {.key = "bytesIn", .type = size, .doc = "towards the sandbox, a connection", .absent = "no limit"},
    {.key = "bytesOut", .type = size, .doc = "out of the sandbox, a connection", .absent = "no limit"},
    {.key = "idle", .type = duration, .doc = "without a byte", .absent = "no limit"},
    {.key = "total", .type = duration, .doc = "of a connection's life", .absent = "no limit"},
    {.key = "connections", .type = integer, .doc = "at once", .absent = "no limit"},
};
constexpr Object kEgressLimits{"limits", kEgressLimitFields};
constexpr Field kEgressRuleFields[] = {
    kRuleId,
    kRuleEffect,
    {.key = "hosts",
     .type = host,
     .shape = kList,
     .doc = "host patterns and `list:NAME`; with `cidrs`, both hold for every address",
     .absent = "not a target"},
    {.key = "cidrs",
     .type = prefix,
     .shape = kList,
     .doc = "prefixes; alone, they match requests for an address",
     .absent = "not a target"},
    {.key = "services",
     .type = name,
     .shape = kList,
     .doc = "InternalServices: name, port and prefix of one and the same",
     .absent = "not a target"},
    {.key = "internet",
     .type = affirmation,
     .doc = "any name whose addresses are all public",
     .absent = "not a target"},
    {.key = "ports",
     .type = port,
     .shape = kList,
     .doc = "ports and ranges; required on an allow for `tcp`",
     .absent = "allow: 443 for tls, 80 for http; deny: any"},
    {.key = "protocols",
     .type = choice,
     .shape = kList,
     .doc = "what flows; a CONNECT is matched by `tls` and `tcp`",
     .absent = "allow: `[tls]`; deny: any",
     .choices = kProtocols},
    {.key = "methods",
     .type = method,
     .shape = kList,
     .doc = "needs `protocols: [http]`: inside TLS nobody sees them",
     .absent = "any"},
    {.key = "paths",
     .type = path_pattern,
     .shape = kList,
     .doc = "needs `protocols: [http]`; without the query",
     .absent = "any"},
    kRuleWhen,
    {.key = "limits",
     .type = object,
     .doc = "of an allow; merged to the strictest",
     .absent = "none",
     .object = &kEgressLimits},
    {.key = "publicSuffix",
     .type = choice,
     .doc = "opens wildcards at or above a public suffix",
     .absent = "they are refused",
     .choices = kAcknowledged},
    {.key = "direct",
     .type = affirmation,
     .doc = "allows a host that a Secret's upstream serves",
     .absent = "it is refused"},
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

}  // namespace

const Object kListSpec{"List", kListFields};
const Object kInternalServiceSpec{"InternalService", kInternalServiceFields};
const Object kEgressPolicySpec{"EgressPolicy", kEgressPolicyFields};

}  // namespace portreeve::load
