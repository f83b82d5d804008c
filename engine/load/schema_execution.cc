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

}  // namespace

const Object kExecutionPolicySpec{"ExecutionPolicy", kExecutionPolicyFields};

}  // namespace portreeve::load
