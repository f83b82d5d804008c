// Macros with two variables, cel.block(), and names in a container.
#include <gtest/gtest.h>

#include "engine/cel/evaluation.h"
#include "tests/engine/cel/support.h"

namespace portreeve::cel {
namespace {

struct Row {
  const char* expression;
  const char* value;
};

TEST(CelMacros, TakeTwoVariables) {
  const Row rows[] = {
      {"numbers.all(i, n, n > i)", "true"},
      {"['a', 'b'].exists(i, n, i == 1 && n == 'b')", "true"},
      {"{'a': 1, 'b': 2}.exists_one(k, v, k == 'b' || v > 2)", "true"},
      {"{'a': 1, 'b': 2}.existsOne(k, v, v > 0)", "false"},
      {"[5, 6].transformList(i, v, [i, v])", "[[0, 5], [1, 6]]"},
      {"{'a': 1, 'b': 2}.transformList(k, v, v > 1, k)", "[\"b\"]"},
      {"[5, 6].transformMap(i, v, v * 2)", "{0: 10, 1: 12}"},
      {"{'a': 1, 'b': 2}.transformMap(k, v, v > 1, k + 'x')", "{\"b\": \"bx\"}"},
      {"{'a': 'x', 'b': 'y'}.transformMapEntry(k, v, {v: k})", "{\"x\": \"a\", \"y\": \"b\"}"},
      {"['a', 'b'].transformMapEntry(i, v, i > 0, {v: i})", "{\"b\": 1}"},
      {"['a', 'a'].transformMapEntry(i, v, {v: i})", "error: column 12: a map has the same key twice"},
      {"[1].transformMapEntry(i, v, dyn(v))", "error: column 5: `transformMapEntry` does not apply to int"},
      {"[1].transformMapEntry(i, v, v)", "29: transformMapEntry() makes of each element a map, not int"},
      {"[1, 0].transformMap(i, v, 1 / v)", "error: column 29: division by zero"},
      {"[1, 0].exists(i, v, 1 / v == 1)", "true"},
      {"[1].all(i, v, unk == v)", "unknown: `unk` is not known yet"},
      {"[1].transformList(i, v, unk)", "unknown: `unk` is not known yet"},
      {"dyn(1).transformList(i, v, v)", "error: column 8: `map()` does not apply to int"},
      {"[[1, 2], [3]].transformList(i, row, row.transformList(j, v, 10 * i + j + v))", "[[1, 3], [13]]"},
      {"[1].all(v, v, true)", "12: all() names both its variables `v`"},
      {"[1].all(1, v, true)",
       "9: the first argument of all() names its variable (as in subject.groups.exists(g, "
       "g.startsWith(\"dev-\")))"},
      {"[1].all(i, .v, true)",
       "13: the second argument of all() names its variable (as in subject.groups.exists(g, "
       "g.startsWith(\"dev-\")))"},
      {"[1].transformList(v, v)",
       "5: transformList() takes two variables and an expression (as in "
       "subject.groups.exists(g, g.startsWith(\"dev-\")))"},
      {"[1].map(a, [1].map(b, [1].transformList(i, c, [1].map(d, d))))", "51: macros nest 4 deep; at most 3"},
  };
  for (const Row& row : rows) EXPECT_EQ(evaluate(row.expression), row.value) << row.expression;
}

TEST(CelMacros, BlockNamesItsMembersByNumber) {
  const Row rows[] = {
      {"cel.block([i, cel.index(0) + 1], cel.index(1) * cel.index(0))", "56"},
      {"cel.block([1 / 0], 5)", "5"},
      {"cel.block([1 / 0], cel.index(0) == 1 || flag)", "true"},
      {"cel.block([1 / 0], cel.index(0))", "error: column 14: division by zero"},
      {"[1].map(x, cel.block([x, 2], cel.index(0) + cel.index(1)))", "[3]"},
      {"cel.block([1, 2, 3, 4, 5, 6, 7, 8], [cel.index(7)].map(x, x + cel.index(0)))", "[9]"},
      {"numbers.exists(cel.iterVar(0, 0), cel.iterVar(0, 0) == 2)", "true"},
      {"cel.block([1], cel.index(1))", "20: unknown variable `cel.index(1)` (did you mean `cel.index(0)`?)"},
      {"cel.block(numbers, 1)", "5: cel.block() takes a list and an expression"},
      {"cel.index(i)", "5: cel.index() takes 1 int literal"},
      {"cel.iterVar(0)", "5: cel.iterVar() takes 2 int literals"},
  };
  for (const Row& row : rows) EXPECT_EQ(evaluate(row.expression), row.value) << row.expression;
}

std::string answer(const Question& question, const std::string& container = {}) {
  const auto evaluated = evaluate(question, {system_zone, Want::any_value, Typing::dynamic, container});
  return evaluated ? to_text(evaluated->value()) : "error: " + evaluated.error().message;
}

TEST(CelNames, AreLookedUpInTheContainerFirst) {
  const std::map<std::string, std::string> variables = {
      {"y", "0"}, {"a.y", "1"}, {"a.b.y", "2"}, {"a.b.z.w", "3"}, {"z", "{'w': 4}"}};
  const struct {
    const char* expression;
    const char* container;
    const char* value;
  } rows[] = {
      {"y", "", "0"},
      {"y", "a", "1"},
      {"y", "a.b", "2"},
      {"y", "a.b.c", "2"},
      {"y", "b", "0"},
      {".y", "a.b", "0"},
      {"z.w", "a.b", "3"},
      {"z.w", "a", "4"},
      {".z.w", "a.b", "4"},
      {"b.y", "a", "2"},
      {"[5].map(y, y)", "a", "[5]"},
      {"[5].map(y, .a.y)", "a", "[1]"},
      {"Timestamp == type(timestamp(0))", "google.protobuf", "true"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(answer({row.expression, variables}, row.container), row.value)
        << row.expression << " in " << row.container;
  }
}

TEST(CelNames, ThatNothingAnswersToAreErrorsOfTheRunWithoutAChecker) {
  const Row rows[] = {
      {"nobody || true", "true"},
      {"nobody(1) || true", "true"},
      {"a.b.nobody() || true", "true"},
      {"size(1, 2) == 0 || true", "true"},
      {"sets.contains([1], [1]) || true", "true"},
      {"nobody", "error: column 1: unknown variable `nobody`"},
      {"sizes('a')", "error: column 1: unknown function `sizes` (did you mean `size`?)"},
      {"timestamp(0).getHours('Nowhere/Land') == 0 || true", "true"},
      {"timestamp(0).getHours(zone)", "1"},
      {"timestamp(0).getHours(zone + '/Quarter')", "error: column 14: unknown time zone `Europe/Berlin/Quarter`"},
      {"timestamp(0).getHours('+02:00')", "2"},
  };
  for (const Row& row : rows)
    EXPECT_EQ(answer({row.expression, {{"zone", "'Europe/Berlin'"}}}), row.value) << row.expression;
}

TEST(CelNames, OfVariablesMayBeQualified) {
  EXPECT_EQ(answer({"a.b.c", {{"a.b", "{'c': 'oops'}"}, {"a.b.c", "'yeah'"}}}), "\"yeah\"");
  EXPECT_EQ(answer({"1", {{"a..b", "1"}}}), "error: `a..b` is no variable's name");
  EXPECT_EQ(answer({"1", {{"1a", "1"}}}), "error: `1a` is no variable's name");
  EXPECT_EQ(answer({"1", {{"a", "1 +"}}}),
            "error: variable `a`: column 4: the expression ends where a value should follow");
}

}  // namespace
}  // namespace portreeve::cel
