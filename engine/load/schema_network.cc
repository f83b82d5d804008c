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
    {.key = "ports", .type = port, .shape = kList, .doc = "its ports; 443 (tls) or 80 (http) where absent"},
    {.key = "protocols",
     .type = choice,
     .shape = kList,
     .doc = "what it speaks; tls where absent",
     .choices = kProtocols},
    {.key = "mesh", .type = object, .doc = "for compiled mesh rules", .object = &kMesh},
};

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

}  // namespace

const Object kListSpec{"List", kListFields};
const Object kInternalServiceSpec{"InternalService", kInternalServiceFields};
const Object kEgressPolicySpec{"EgressPolicy", kEgressPolicyFields};

}  // namespace portreeve::load
