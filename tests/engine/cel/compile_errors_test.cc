// What is refused at load, with its whole message: `column: message (help)`.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "engine/base/limits.h"
#include "engine/cel/policy_environment.h"
#include "tests/engine/cel/support.h"

namespace portreeve::cel {
namespace {

struct Row {
  const char* expression;
  const char* errors;
};

TEST(CelCompile, SaysWhatIsWrongInAPolicysCondition) {
  const Row rows[] = {
      {"session.trst == \"internal\"", "9: `session` has no field `trst` (did you mean `trust`?)"},
      {"session.colour == \"red\"", "9: `session` has no field `colour` (it has id, age, trust, labels)"},
      {"sesion.trust == \"internal\"", "1: unknown variable `sesion` (did you mean `session`?)"},
      {"session == \"internal\"", "1: not supported: `session` as a whole"},
      {"session.trust == 1", "15: `==` compares string with int, which are never equal"},
      {"session.trust == null", "15: `==` compares string with null, which are never equal"},
      {"session.trust", "1: a condition must be a bool, not string (compare it with something)"},
      {"subject.groups", "1: a condition must be a bool, not list(string) (compare it with something)"},
      {"session.age > 5", "13: `>` does not apply to duration and int"},
      {"session.age > duration(\"5 minutes\")",
       "24: `5 minutes` is no duration (write it as `1h30m`, `90s` or `1.5s`)"},
      {"\"ops\" in subject.id",
       "7: `in` wants a list or a map on its right, not string (for a part of a string write .contains())"},
      {"1 in subject.groups", "3: int is never in list(string)"},
      {"subject.id.startswith(\"a\")", "12: unknown function `startswith` (did you mean `startsWith`?)"},
      {"startsWith(subject.id, \"a\")", "1: unknown function `startsWith` (write it as string.startsWith(string))"},
      {"subject.id.startsWith(1)",
       "12: `startsWith` does not apply to (string, int) (there is string.startsWith(string))"},
      {"subject.id.length() > 3", "12: unknown function `length`"},
      {"subject.id.id == \"a\"", "12: string has no fields, so no `id`"},
      {"subject.id.matches(\"a(\")", "20: regular expression `a(`: missing ): a("},
      {"subject.groups.exists(g, g == 1)", "28: `==` compares string with int, which are never equal"},
      {"request.time.getHours(\"Europe/Berlim\") < 7", "23: unknown time zone `Europe/Berlim`"},
      {"request.time.getHours(subject.id) < 7",
       "23: a time zone must be a string literal (so that it can be checked when the policy is loaded)"},
      {"resource.id.under(\"*.example.com\")",
       "19: `*.example.com` is no domain (write it as \"example.com\", without wildcard or dot around it)"},
      {"!session.trust", "2: `!` wants a bool, not string"},
      {"session.trust && true", "1: `&&` wants a bool, not string"},
      {"session.trust ? true : false", "1: `?:` wants a bool, not string"},
      {"context.a ? 1 : \"a\"",
       "11: the branches of `?:` are int and string (wrap one of them in dyn() where that is meant)"},
      {"subject.id + 1 == \"a\"", "12: `+` does not apply to string and int (convert the other with string())"},
      {"1 + 1.0 == 2.0", "3: `+` does not apply to int and double (convert one of them: int(), uint() or double())"},
      {"-subject.id == \"a\"", "1: `-` does not apply to string"},
      {"subject.groups[\"a\"] == \"b\"", "16: a list's index is an int, not string"},
      {"subject.claims[1] == \"b\"", "16: keys of map(string, dyn) are no int"},
      {"subject.id[0] == \"b\"", "1: string cannot be indexed"},
      {"subject.id.all(c, true)", "1: all() goes over a list or a map, not string"},
      {"subject.groups.all(g, g)", "23: all() wants a bool, not string"},
      {"{1.5: 2} == {}", "2: a map's key must be a bool, int, uint or string, not double"},
      {"true", "1: this condition is always true (leave out `when` where there is no condition)"},
      {"1 > 2", "1: this condition is always false (leave out `when` where there is no condition)"},
      {"session.trust == \"internal\" || true",
       "1: this condition is always true (leave out `when` where there is no condition)"},
      {"1 / 0 == 1", "1: this condition always fails: division by zero (leave out `when` where there is no condition)"},
      {"[1, 2].all(n, n > 0)", "1: this condition is always true (leave out `when` where there is no condition)"},
      {"dyn(\"text\")", "1: a condition must be a bool, not string (leave out `when` where there is no condition)"},
  };
  for (const Row& row : rows) EXPECT_EQ(compiled(row.expression, policy_environment()), row.errors) << row.expression;
}

TEST(CelCompile, SaysWhatIsWrongWithTheGrammar) {
  const Row rows[] = {
      {"", "1: an empty expression (leave out `when` where there is no condition)"},
      {"  // only a comment", "20: an empty expression (leave out `when` where there is no condition)"},
      {"flag &&", "8: the expression ends where a value should follow"},
      {"flag flag", "6: unexpected `flag`, where the end or an operator should stand"},
      {"flag = true", "6: unexpected `=` (equality is `==`)"},
      {"flag & flag", "6: unexpected `&` (write `&&`)"},
      {"flag | flag", "6: unexpected `|` (write `||`)"},
      {"(flag", "6: the expression ends where `)` should follow"},
      {"[1, 2", "6: the expression ends where `,` or `]` should follow"},
      {"[1 2]", "4: unexpected `2`, where `,` or `]` should stand"},
      {"{1, 2}", "3: unexpected `,`, where `:` should stand"},
      {"s.size(", "8: the expression ends where a value should follow"},
      {"s.'a'", "3: unexpected string, where a field's name should stand"},
      {"s.in", "3: unexpected `in`, where a field's name should stand"},
      {"for == 1", "1: `for` is a reserved word"},
      {"flag ? 1", "9: the expression ends where `:` should follow"},
      {"flag # no", "6: unexpected `#`"},
      {"flag == €", "9: unexpected `\u20ac`"},
      {"has(s)", "1: has() asks for one field (as in has(subject.claims.department))"},
      {"has(claims.a, claims.b)", "1: has() asks for one field (as in has(subject.claims.department))"},
      {"names.all(n)",
       "7: all() takes one or two variables and an expression (as in subject.groups.exists(g, "
       "g.startsWith(\"dev-\")))"},
      {"names.all(1, true)",
       "11: the first argument of all() names its variable (as in subject.groups.exists(g, g.startsWith(\"dev-\")))"},
      {"a.`b c",
       "3: a quoted field name is not closed (letters, digits, blanks and any of _ . - / may stand between the "
       "backticks)"},
  };
  for (const Row& row : rows) EXPECT_EQ(compiled(row.expression), row.errors) << row.expression;
}

TEST(CelCompile, NamesWhatItDoesNotAcceptYet) {
  const Row rows[] = {
      {"google.protobuf.Struct{} == 1", "1: not supported: building protobuf messages"},
      {"sets.contains(names, ['a'])", "6: not supported: sets.contains()"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(compiled(row.expression), row.errors) << row.expression;
  }
}

TEST(CelCompile, ChecksTheExtensionsTypes) {
  const Row rows[] = {
      {"claims.?department == 'a'", "20: `==` compares optional(dyn) with string, which are never equal"},
      {"labels.?team.orValue(1) == 1", "(== (orValue (.? labels \"team\") 1) 1)"},
      {"labels.?team.value() == 1", "22: `==` compares string with int, which are never equal"},
      {"[?i] == [1]", "3: `?` wants an optional, not int"},
      {"s.or(s) == s",
       "1: or() wants an optional, not string\n6: or() wants an optional, not string\n9: `==` compares optional(dyn) "
       "with "
       "string, which are never equal"},
      {"optional.of(s).optFlatMap(x, x) == optional.of(s)", "30: optFlatMap() wants an optional, not string"},
      {"has(labels.?team)", "1: has() asks for one field (as in has(subject.claims.department))"},
      {"math.ceil(i) == 1.0", "6: `math.ceil` does not apply to (int) (there is math.ceil(double))"},
      {"math.bitAnd(i, u) == 1",
       "6: `math.bitAnd` does not apply to (int, uint) (there is math.bitAnd(int, int), math.bitAnd(uint, uint))"},
      {"ip('10.0.0.256').family() == 4", "4: `10.0.0.256` is no IP address"},
      {"cidr('10.0.0.0').containsIP(s)", "6: `10.0.0.0` is no CIDR prefix (write it as \"10.0.0.0/8\")"},
      {"isPublic(i)", "1: `isPublic` does not apply to (int) (there is isPublic(ip), isPublic(string))"},
      {"cel.bind(i) == 1",
       "5: cel.bind() takes a variable, its value and an expression (as in cel.bind(d, subject.claims.department, d == "
       "\"research\" || d == \"legal\"))"},
  };
  for (const Row& row : rows) EXPECT_EQ(compiled(row.expression), row.errors) << row.expression;
}

TEST(CelCompile, TellsAllTypeErrorsOfAnExpression) {
  EXPECT_EQ(compiled("sesion.trust == 'x' || session.trst == 'y' && subject.id < 3 || subject.id.matches('(')",
                     policy_environment()),
            "1: unknown variable `sesion` (did you mean `session`?)\n"
            "32: `session` has no field `trst` (did you mean `trust`?)\n"
            "58: `<` does not apply to string and int\n"
            "84: regular expression `(`: missing ): (");
}

TEST(CelCompile, PlacesErrorsByRange) {
  const Compiled found = compile("session.trst == 'x'", policy_environment());
  ASSERT_EQ(found.errors.size(), 1u);
  EXPECT_EQ(found.errors[0].offset, 8u);
  EXPECT_EQ(found.errors[0].length, 4u);
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

TEST(CelCompile, KeepsItsBounds) {
  const std::string long_one = "flag || s == '" + std::string(limits::kCelExpressionBytes - 15, 'a') + "'";
  ASSERT_EQ(long_one.size(), limits::kCelExpressionBytes);
  EXPECT_TRUE(compile(long_one, test_environment()).program);
  EXPECT_EQ(compiled(long_one + " "), "1: the expression is 4097 bytes long; at most 4096");

  EXPECT_TRUE(compile(repeated("(", 63) + "flag" + repeated(")", 63), test_environment()).program);
  EXPECT_EQ(compiled(repeated("(", 64) + "flag" + repeated(")", 64)), "65: the expression nests more than 64 deep");
  EXPECT_EQ(compiled(repeated("[", 2000)), "65: the expression nests more than 64 deep");
  EXPECT_EQ(compiled(repeated("flag ? flag : ", 200) + "flag"), "897: the expression nests more than 64 deep");
  EXPECT_TRUE(compile("i" + repeated(" + 1", 62) + " > 0", test_environment()).program);
  EXPECT_EQ(compiled("i" + repeated(" + 1", 63) + " > 0"), "1: the expression nests 65 deep; at most 64");
  EXPECT_EQ(compiled(repeated("!", 3000) + "flag"), "1: the expression nests 3001 deep; at most 64");
  EXPECT_EQ(compiled("x" + repeated(".a", 2000) + " == 1"), "1: the expression nests 2002 deep; at most 64");
  EXPECT_TRUE(compile("flag" + repeated(" || flag", 500), test_environment()).program) << "|| is flat";

  EXPECT_EQ(compiled("names.all(a, names.all(b, names.all(c, names.all(d, a == d))))"),
            "46: macros nest 4 deep; at most 3");
  EXPECT_TRUE(compile("names.all(a, names.all(b, names.all(c, a + b == c)))", test_environment()).program);
  EXPECT_EQ(compiled("names.all(a, names.all(b, names.all(c, a.contains(b) && b.contains(c) && c.contains(a))))"),
            "1: the estimated cost is 1936482; at most 1000000 (nest fewer macros, or make their bodies smaller)");
  EXPECT_EQ(compiled("\xff"), "1: the expression is no valid UTF-8");
}

TEST(CelCompile, LooksAtDynAtRunTime) {
  const Compiled found = compile("x", test_environment());
  ASSERT_TRUE(found.program);
  std::string why;
  EXPECT_EQ(found.program->run_condition(TestActivation(), &why), Truth::error);
  EXPECT_EQ(why, "column 1: the condition is no bool but string");
  TestActivation activation;
  activation.set("x", Value::of(true));
  EXPECT_EQ(found.program->run_condition(activation), Truth::true_);
  activation.set("x", Value::of(false));
  EXPECT_EQ(found.program->run_condition(activation), Truth::false_);
  activation.set("x", Value::unknown());
  EXPECT_EQ(found.program->run_condition(activation, &why), Truth::unknown);
  EXPECT_EQ(why, "`x` is not known yet");
  activation.set("x", Value::absent());
  EXPECT_EQ(found.program->run_condition(activation, &why), Truth::error);
  EXPECT_EQ(why, "column 1: the request does not say `x`");
}

TEST(CelCompile, FoldsWhatIsConstant) {
  const Row rows[] = {
      {"who.trust == 'internal'", "(== who.trust \"internal\")"},
      {"i > 60 * 60 * 24", "(> i 86400)"},
      {"age < duration('1h') + duration('30m')", "(< age duration(\"5400s\"))"},
      {"s in ['a', 'b' + 'c']", "(in s [\"a\", \"bc\"])"},
      {"true && flag && s == 'a'", "(&& flag (== s \"a\"))"},
      {"true ? flag : err", "flag"},
      {"i > 1 / 0", "(> i (/ 1 0))"},
      {"has(who.gone) && has(claims.level)", "(&& (has who.gone) (has claims \"level\"))"},
      {"claims.nested.deep == 'x'", "(== (. (. claims \"nested\") \"deep\") \"x\")"},
      {"names.exists(n, n.startsWith('a'))", "(exists $0 names (startsWith $0 \"a\"))"},
      {"t.getHours('Europe/Berlin') < 7", "(< (getHours t \"Europe/Berlin\") 7)"},
      {"timestamp('2026-07-01T12:00:00Z').getHours('Europe/Berlin') == i", "(== 14 i)"},
  };
  for (const Row& row : rows) EXPECT_EQ(compiled(row.expression), row.errors) << row.expression;
}

TEST(CelCompile, SaysWhatAProgramReads) {
  const auto reads = [](std::string_view expression) {
    std::string text;
    const TypeEnv env = policy_environment();
    const Compiled found = compile(expression, env, {system_zone, Want::condition});
    if (!found.program) return to_text(found.errors);
    for (const Read& read : found.program->reads()) {
      text += (text.empty() ? "" : ", ") + env.name_of(read.attribute);
      for (const std::string& key : read.keys) text += "/" + key;
    }
    for (const std::string& zone : found.program->zones()) text += " zone:" + zone;
    return text;
  };
  EXPECT_EQ(reads("session.trust == 'internal' && session.trust != 'x'"), "session.trust");
  EXPECT_EQ(reads("subject.claims.department.name == 'a' && subject.claims['level'] > 3"),
            "subject.claims/department/name, subject.claims/level");
  EXPECT_EQ(reads("has(resource.properties.sni) || 'host' in resource.properties"),
            "resource.properties/host, resource.properties/sni");
  EXPECT_EQ(reads("subject.claims[session.id] == 1"), "subject.claims, session.id");
  EXPECT_EQ(reads("request.time.getHours('Europe/Berlin') < 7 || request.time.getDate('UTC') == 1"),
            "request.time zone:Europe/Berlin");
  EXPECT_EQ(reads("session.age > duration('1h') ? context.a : context.b.c"), "session.age, context/a, context/b/c");

  const Compiled found = compile("subject.claims.level > 3 && context == {}", policy_environment());
  ASSERT_TRUE(found.program);
  EXPECT_TRUE(found.program->reads(policy::kSubjectClaims));
  EXPECT_TRUE(found.program->reads(policy::kSubjectClaims, "level"));
  EXPECT_FALSE(found.program->reads(policy::kSubjectClaims, "department"));
  EXPECT_TRUE(found.program->reads(policy::kContext, "anything"));
  EXPECT_FALSE(found.program->reads(policy::kSessionAge));
}

TEST(CelPolicyEnvironment, HasItsConstantsRight) {
  const TypeEnv env = policy_environment();
  const std::pair<AttributeId, const char*> rows[] = {
      {policy::kSubjectType, "subject.type"},
      {policy::kSubjectId, "subject.id"},
      {policy::kSubjectGroups, "subject.groups"},
      {policy::kSubjectRoles, "subject.roles"},
      {policy::kSubjectTenant, "subject.tenant"},
      {policy::kSubjectClaims, "subject.claims"},
      {policy::kSubjectProperties, "subject.properties"},
      {policy::kSessionId, "session.id"},
      {policy::kSessionAge, "session.age"},
      {policy::kSessionTrust, "session.trust"},
      {policy::kSessionLabels, "session.labels"},
      {policy::kActionName, "action.name"},
      {policy::kActionProperties, "action.properties"},
      {policy::kResourceType, "resource.type"},
      {policy::kResourceId, "resource.id"},
      {policy::kResourceProperties, "resource.properties"},
      {policy::kRequestTime, "request.time"},
      {policy::kRequestSource, "request.source"},
      {policy::kContext, "context"},
  };
  std::size_t fields = 0;
  for (const auto& variable : env.variables()) {
    fields += variable.type.kind() == TypeKind::object ? env.object(variable.type.object_name())->fields.size() : 1;
  }
  EXPECT_EQ(fields, std::size(rows));
  for (const auto& [attribute, name] : rows) EXPECT_EQ(env.name_of(attribute), name);
  EXPECT_EQ(env.attribute("session", "trst").error().message, "`session` has no field `trst` (did you mean `trust`?)");
}

}  // namespace
}  // namespace portreeve::cel
