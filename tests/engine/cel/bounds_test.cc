// What a run may take is bounded, and so is what is thrown away: an overrun is an error, and the run ends.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "engine/base/limits.h"
#include "engine/cel/evaluation.h"
#include "engine/cel/typed_json.h"
#include "tests/engine/cel/support.h"

namespace portreeve::cel {
namespace {

constexpr std::string_view kOverrun = "evaluation takes more steps or memory than it may";

// A list that says 2^depth elements in few words: each member holds the one before twice.
std::string doubled(int depth, std::string_view first, std::string_view body) {
  std::string members(first);
  for (int i = 0; i < depth; ++i) members += fmt::format(", [cel.index({0}), cel.index({0})]", i);
  return fmt::format("cel.block([{}], {})", members, body);
}

// Each would take minutes if a failure cost nothing.
TEST(CelBounds, HoldForWhatFailsOverAndOver) {
  const JsonValue many(JsonValue::Array(100'000, JsonValue(1)));
  const std::string text(1 << 20, 'a');
  const std::string pattern = "(x?){1000}(y?){1000}$";
  TestActivation activation;
  activation.set("numbers", Value::of(many));
  activation.set("s", Value::of(std::string_view(text)));
  activation.set("x", Value::of(std::string_view(pattern)));
  const char* const overruns[] = {
      "numbers.all(n, s.replace('a', s) != '')",
      "numbers.exists(n, (s + s).size() == 1)",
      "numbers.exists(n, s.matches(x))",
      "numbers.all(n, 'a'.matches(x))",
      "numbers.exists(n, s.matches('(x?){500}(y?){500}$'))",
      "numbers.transformMap(i, n, n) == {}",
      "numbers.exists(n, [s, s, s, s, s, s, s, s, s].join() == '')",
      "numbers.exists(n, numbers.exists(m, m != 1)) || flag",
  };
  for (const char* const row : overruns) {
    const std::string said = evaluate(row, activation);
    EXPECT_NE(said.find(kOverrun), std::string::npos) << row << "\n  " << said;
  }
  // An error that came before the overrun is the one that is told.
  EXPECT_EQ(evaluate("numbers.exists(n, '%s %d'.format([s, 'x']) == '')", activation),
            "error: column 27: format(): %d does not take string");
  EXPECT_TRUE(
      evaluate("numbers.exists(n, {}[bytes(s)] == 1)", activation).starts_with("error: column 22: no such key"));
  EXPECT_EQ(evaluate("[s, s, s, s, dyn(1)].join() == ''", activation),
            "error: column 22: `join` does not apply to int");
}

TEST(CelBounds, HoldForValuesThatAreLargerThanTheyLook) {
  const CompileOptions options{system_zone, Want::any_value, Typing::dynamic, {}};
  const auto said = [&](const std::string& expression) {
    const auto evaluated = evaluate({expression, {}}, options);
    if (!evaluated) return evaluated.error().message;
    const auto literal = to_literal(evaluated->value());
    return literal ? *literal : literal.error().message;
  };
  EXPECT_EQ(said(doubled(2, "1", "cel.index(2)")), "[[1, 1], [1, 1]]");
  EXPECT_EQ(said(doubled(60, "1", "cel.index(60)")), "the value is too large to write: more than 8388608 bytes");
  for (const char* const body : {"cel.index(60) == cel.index(60)", "'%s'.format([cel.index(60)])",
                                 "cel.index(60) in [cel.index(59), cel.index(60)]"}) {
    EXPECT_NE(said(doubled(60, "1", body)).find(kOverrun), std::string::npos) << body;
  }
  EXPECT_NE(said(doubled(60, "1", "{}[cel.index(60)]")).find("no such key"), std::string::npos);
  const auto large = evaluate({doubled(60, "1", "cel.index(60)"), {}}, options);
  ASSERT_TRUE(large);
  EXPECT_FALSE(to_typed_json(large->value()));
  EXPECT_LT(to_text(large->value()).size(), 5000u);
}

TEST(CelBounds, HoldForTypes) {
  std::string members = "{1: 1}";
  for (int i = 0; i < 60; ++i) members += fmt::format(", {{cel.index({0}): cel.index({0})}}", i);
  const std::string expression = fmt::format("cel.block([{}], cel.index(59) == cel.index(58))", members);
  EXPECT_FALSE(compile(expression, {}, {system_zone, Want::any_value}).errors.empty());
}

TEST(CelBounds, HoldForPatterns) {
  EXPECT_EQ(evaluate("s.matches(x)", TestActivation()), "false");
  TestActivation activation;
  const std::string pattern(limits::kCelExpressionBytes + 1, 'a');
  activation.set("x", Value::of(std::string_view(pattern)));
  EXPECT_EQ(evaluate("s.matches(x)", activation), "error: column 3: the regular expression is malformed");
}

}  // namespace
}  // namespace portreeve::cel
