// Fields of ExecutionPolicy.
#include "engine/load/schema_parts.h"

namespace portreeve::load {
namespace {

using enum Type;

constexpr Word kAcknowledged[] = {"acknowledged"};

constexpr Field kEnvFields[] = {
    {.key = "pass",
     .type = pattern,
     .shape = kList,
     .need = kRequired,
     .doc = "names and globs of variables that are handed on"},
};
constexpr Object kEnv{"env", kEnvFields};
constexpr Field kExecLimitFields[] = {
    {.key = "wall", .type = duration, .doc = "of real time", .absent = "no limit"},
    {.key = "cpu", .type = duration, .doc = "of processor time", .absent = "no limit"},
    {.key = "memory", .type = size, .doc = "of the process and its children", .absent = "no limit"},
    {.key = "processes", .type = integer, .doc = "at once", .absent = "no limit"},
    {.key = "openFiles", .type = integer, .doc = "a process", .absent = "no limit"},
};
constexpr Object kExecLimits{"limits", kExecLimitFields};
constexpr Field kExecRuleFields[] = {
    kRuleId,
    kRuleEffect,
    {.key = "programs",
     .type = path_pattern,
     .shape = kList,
     .doc = "absolute paths, globs, `/re:…/`; required on an allow",
     .absent = "any, on a deny"},
    {.key = "cwd", .type = path_pattern, .shape = kList, .doc = "the directory it starts in", .absent = "any"},
    {.key = "users", .shape = kList, .doc = "whom it runs as", .absent = "any"},
    {.key = "terminal",
     .type = boolean,
     .doc = "on an allow `true` permits a terminal, with or without one; on a deny it is what is asked for",
     .absent = "allow: `false`; deny: either"},
    kRuleWhen,
    {.key = "env", .type = object, .doc = "of an allow: what is handed on", .absent = "nothing", .object = &kEnv},
    {.key = "write",
     .shape = kList,
     .doc = "of an allow: `DIR/**` or exact paths; everything else is read-only",
     .absent = "nothing"},
    {.key = "limits",
     .type = object,
     .doc = "of an allow; merged to the strictest",
     .absent = "none",
     .object = &kExecLimits},
    {.key = "writable",
     .type = choice,
     .doc = "permits programs where some rule grants writing",
     .absent = "they are refused",
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

}  // namespace

const Object kExecutionPolicySpec{"ExecutionPolicy", kExecutionPolicyFields};

}  // namespace portreeve::load
