// Fields of PolicyTest.
#include "engine/load/schema_parts.h"

namespace portreeve::load {
namespace {

using enum Type;

constexpr Field kTestSubjectFields[] = {
    {.key = "issuer",
     .type = name,
     .doc = "an IdentityProvider; required once several are declared",
     .absent = "the only one there is"},
    {.key = "claims", .type = json_object, .doc = "what its token would state", .absent = "required, without `type`"},
    {.key = "type",
     .doc = "instead of claims: a subject that a gate names, without a token",
     .absent = "a subject with a token"},
    {.key = "id", .doc = "of a subject that a gate names: its id", .absent = "required with `type`"},
    {.key = "properties",
     .type = json_object,
     .doc = "of a subject that a gate names: what the request gives",
     .absent = "none"},
};
constexpr Object kTestSubject{"subjects.NAME", kTestSubjectFields};
constexpr Field kInterpreterFields[] = {
    {.key = "path", .need = kRequired, .doc = "as the script names it"},
    {.key = "file", .doc = "its real path", .absent = "the path"},
    {.key = "stable", .type = boolean, .doc = "no part of the way is writable", .absent = "`false`"},
};
constexpr Object kInterpreter{"cases[].interpreter", kInterpreterFields};
constexpr Field kTestResourceFields[] = {
    {.key = "type", .need = kRequired, .doc = "the resource's type"},
    {.key = "id", .need = kRequired, .doc = "the resource's id"},
};
constexpr Object kTestResource{"cases[].resource", kTestResourceFields};
constexpr Field kTestSessionFields[] = {
    {.key = "trust",
     .type = choice,
     .doc = "stands over provider and bindings",
     .absent = "the provider's, or a binding's",
     .choices = kTrusts},
    {.key = "labels", .type = json_object, .doc = "a map of strings", .absent = "none"},
    {.key = "age", .type = duration, .doc = "of the session", .absent = "`0s`"},
    {.key = "roles",
     .type = name,
     .shape = kList,
     .doc = "the roles that it has activated",
     .absent = "all that the subject is authorised for"},
};
constexpr Object kTestSession{"cases[].session", kTestSessionFields};
// As a table says what it expects, or as an answer does.
constexpr Word kDecisions[] = {"allow", "deny", "true", "false"};
constexpr Field kDryRunFields[] = {
    {.key = "decision", .type = choice, .need = kRequired, .doc = "if dry runs were enforced", .choices = kDecisions},
    {.key = "rules", .shape = kList, .doc = "the determining rules then, exactly", .absent = "whichever"},
};
constexpr Object kDryRun{"cases[].dryRun", kDryRunFields};
constexpr Word kQuestions[] = {"egress", "secret", "exec", "action"};
constexpr Field kTestCaseFields[] = {
    {.key = "as", .need = kRequired, .doc = "one of `subjects`"},
    {.key = "egress", .doc = "a URL: https, http, tls, tcp or connect"},
    {.key = "secret", .type = secret_name, .doc = "a Secret"},
    {.key = "exec", .shape = kList, .doc = "program, then arguments"},
    {.key = "action", .doc = "the name of any other action"},
    {.key = "method", .doc = "of egress and secret: the HTTP method", .absent = "not said"},
    {.key = "addresses", .shape = kList, .doc = "of egress: what the name resolves to", .absent = "one public address"},
    {.key = "sni",
     .type = any_text,
     .doc = "of egress: the TLS server name, in transparent mode; empty where the hello names none",
     .absent = "not said"},
    {.key = "use", .type = choice, .doc = "of secret: how it is spent", .absent = "`inject`", .choices = kUses},
    {.key = "upstream", .doc = "of secret: where to", .absent = "the first one of the Secret"},
    {.key = "path", .doc = "of secret: the path of the request", .absent = "not said"},
    {.key = "model", .doc = "of secret: the model that the request names", .absent = "not said"},
    {.key = "file", .doc = "of exec: the real path of what was opened", .absent = "the program"},
    {.key = "stable", .type = boolean, .doc = "of exec: no part of the way is writable", .absent = "`false`"},
    {.key = "interpreter",
     .type = object,
     .doc = "of exec: the program is a script",
     .absent = "no script",
     .object = &kInterpreter},
    {.key = "cwd", .doc = "of exec: the directory it starts in", .absent = "not said"},
    {.key = "user", .doc = "of exec: whom it runs as", .absent = "not said"},
    {.key = "env", .shape = kList, .doc = "of exec: names of variables", .absent = "not said"},
    {.key = "terminal", .type = boolean, .doc = "of exec: whether one is asked for", .absent = "not said"},
    {.key = "resource",
     .type = object,
     .doc = "of action: what it is on",
     .absent = "required with `action`",
     .object = &kTestResource},
    {.key = "properties", .type = json_object, .doc = "of action: the resource's properties", .absent = "not said"},
    {.key = "context", .type = json_object, .doc = "of action: the context of the request", .absent = "not said"},
    {.key = "at", .type = time, .doc = "when it is asked", .absent = "now"},
    {.key = "session",
     .type = object,
     .doc = "what is known of the session",
     .absent = "of egress, secret, exec: one of this moment; of action: none",
     .object = &kTestSession},
    {.key = "source", .doc = "the address it is asked from", .absent = "not said"},
    {.key = "expect", .type = choice, .need = kRequired, .doc = "the answer", .choices = kEffects},
    {.key = "reason", .doc = "the answer's reason code", .absent = "whichever"},
    {.key = "ruleReason", .doc = "the determining rule's own words", .absent = "whichever"},
    {.key = "by",
     .shape = Shape::one_or_list,
     .doc = "`policy/rule`, each among the determining rules",
     .absent = "whichever"},
    {.key = "obligations", .type = json_object, .doc = "what is listed must be so", .absent = "whichever"},
    {.key = "dryRun",
     .type = object,
     .doc = "what the answer says of dry runs",
     .absent = "whichever",
     .object = &kDryRun},
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

}  // namespace

const Object kPolicyTestSpec{"PolicyTest", kPolicyTestFields};

}  // namespace portreeve::load
