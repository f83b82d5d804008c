// Fields of PolicyTest.
#include "engine/load/schema_parts.h"

namespace portreeve::load {
namespace {

using enum Type;

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

}  // namespace

const Object kPolicyTestSpec{"PolicyTest", kPolicyTestFields};

}  // namespace portreeve::load
