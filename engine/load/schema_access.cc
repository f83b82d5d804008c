// Fields of Entities and AccessPolicy.
#include "engine/load/schema_parts.h"

namespace portreeve::load {
namespace {

using enum Type;

constexpr Field kEntityFields[] = {
    {.key = "type", .need = kRequired, .doc = "its type: `user`, `record`, …"},
    {.key = "id", .need = kRequired, .doc = "its id; of a user `<provider>/<sub>`"},
    {.key = "properties", .type = json_object, .doc = "apply where the request does not give them", .absent = "none"},
};
constexpr Object kEntity{"subjects[], resources[]", kEntityFields};
constexpr Field kEntitiesFields[] = {
    {.key = "subjects", .type = object, .shape = kList, .doc = "who exists", .absent = "none", .object = &kEntity},
    {.key = "resources", .type = object, .shape = kList, .doc = "what exists", .absent = "none", .object = &kEntity},
};

constexpr Field kResourceMatchFields[] = {
    {.key = "type", .need = kRequired, .doc = "the resource's type; not `endpoint`, `secret` or `program`"},
    {.key = "id", .type = pattern, .doc = "a glob or `/re:…/`", .absent = "every one of the type"},
};
constexpr Object kResourceMatch{"resources[]", kResourceMatchFields};
constexpr Field kAccessRuleFields[] = {
    kRuleId,
    kRuleEffect,
    {.key = "actions",
     .shape = kList,
     .doc = "names of actions; the reserved ones are the other kinds'",
     .absent = "any but the reserved ones"},
    {.key = "resources",
     .type = object,
     .shape = kList,
     .doc = "required on an allow",
     .absent = "any, on a deny",
     .object = &kResourceMatch},
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

}  // namespace

const Object kEntitiesSpec{"Entities", kEntitiesFields};
const Object kAccessPolicySpec{"AccessPolicy", kAccessPolicyFields};

}  // namespace portreeve::load
