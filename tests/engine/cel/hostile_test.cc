// Whatever is written, compile() answers within its bounds, and what compiles runs to an end.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <random>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/cel/policy_environment.h"
#include "tests/engine/cel/fuzz_entry.h"
#include "tests/engine/cel/support.h"

namespace portreeve::cel {
namespace {

constexpr const char* kWords[] = {"flag",
                                  "i",
                                  "u",
                                  "d",
                                  "s",
                                  "y",
                                  "t",
                                  "age",
                                  "numbers",
                                  "names",
                                  "claims",
                                  "labels",
                                  "x",
                                  "err",
                                  "unk",
                                  "who.id",
                                  "who.gone",
                                  "1",
                                  "2u",
                                  "0",
                                  "-1",
                                  "1.5",
                                  "'a'",
                                  "'UTC'",
                                  "b'a'",
                                  "null",
                                  "true",
                                  "false",
                                  "[]",
                                  "{}",
                                  "9223372036854775807",
                                  "(",
                                  ")",
                                  "[",
                                  "]",
                                  "{",
                                  "}",
                                  ",",
                                  ".",
                                  ":",
                                  "?",
                                  "+",
                                  "-",
                                  "*",
                                  "/",
                                  "%",
                                  "!",
                                  "&&",
                                  "||",
                                  "==",
                                  "!=",
                                  "<",
                                  "<=",
                                  ">",
                                  ">=",
                                  "in",
                                  ".size()",
                                  ".contains(",
                                  ".startsWith(",
                                  ".matches(",
                                  ".split(",
                                  ".join(",
                                  ".replace(",
                                  ".substring(",
                                  ".getHours(",
                                  ".all(n, ",
                                  ".exists(n, ",
                                  ".map(n, ",
                                  ".filter(n, ",
                                  "n",
                                  "has(claims.level)",
                                  "int(",
                                  "string(",
                                  "timestamp(",
                                  "duration(",
                                  "dyn(",
                                  "type(",
                                  "'Europe/Berlin'",
                                  "'2024-01-01T00:00:00Z'",
                                  "'1h'",
                                  "`",
                                  "\\",
                                  "'",
                                  "\"",
                                  "r'",
                                  "\xff",
                                  "\xc3\xbc",
                                  "0x",
                                  "1e",
                                  "//",
                                  "\n"};

TEST(CelHostile, SurvivesTokenSoup) {
  constexpr unsigned kSeed = 20261124;
  SCOPED_TRACE(fmt::format("seed {}", kSeed));
  std::mt19937 random(kSeed);
  for (int round = 0; round < 20'000; ++round) {
    std::string soup;
    const std::size_t count = 1 + random() % 24;
    for (std::size_t i = 0; i < count; ++i)
      soup += std::string(kWords[random() % std::size(kWords)]) + (random() % 3 ? "" : " ");
    fuzz_compile_and_run(soup);
  }
}

// Grown by the grammar, so that most of it compiles and runs.
std::string grown(std::mt19937& random, int depth) {
  static constexpr const char* kLeaves[] = {
      "flag",         "i", "u",   "d",   "s", "t",   "age", "numbers", "names", "claims",
      "claims.level", "x", "err", "unk", "1", "'a'", "n"};
  if (depth == 0 || random() % 5 == 0) return kLeaves[random() % std::size(kLeaves)];
  const std::string a = grown(random, depth - 1);
  const std::string b = grown(random, depth - 1);
  static constexpr const char* kForms[] = {"dyn({0}) + {1}",
                                           "dyn({0}) == {1}",
                                           "({0}) && dyn({1})",
                                           "dyn({0}) || ({1})",
                                           "dyn({0}) ? dyn({1}) : {0}",
                                           "dyn({0})[{1}]",
                                           "[{0}, {1}]",
                                           "{{'k': {0}, 'l': {1}}}",
                                           "dyn({0}) < {1}",
                                           "{0} in dyn({1})",
                                           "dyn({0}).all(n, dyn({1}))",
                                           "dyn({0}).map(n, {1})",
                                           "dyn({0}).filter(n, dyn({1}))",
                                           "size(dyn({0})) - {1}",
                                           "string(dyn({0})).contains(dyn({1}))",
                                           "dyn({0}).replace(dyn({1}), dyn({0}))",
                                           "dyn({0}).split(dyn({1}))",
                                           "-dyn({0})",
                                           "int(dyn({0})) % int(dyn({1}))"};
  return fmt::format(fmt::runtime(kForms[random() % std::size(kForms)]), a, b);
}

TEST(CelHostile, RunsWhatTheGrammarGrows) {
  constexpr unsigned kSeed = 4711;
  SCOPED_TRACE(fmt::format("seed {}", kSeed));
  std::mt19937 random(kSeed);
  int ran = 0;
  for (int round = 0; round < 4'000; ++round) ran += fuzz_compile_and_run(grown(random, 4));
  EXPECT_GT(ran, 500);
}

TEST(CelHostile, SurvivesEveryByteFlippedInARealCondition) {
  const std::string good =
      "request.time.getHours(\"Europe/Berlin\") < 7 || !(session.trust in ['internal', r'\\d']) && "
      "subject.claims.level >= 0x1Fu";
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (int c = 0; c < 256; ++c) {
      std::string bad = good;
      bad[i] = static_cast<char>(c);
      const Compiled found = compile(bad, policy_environment(), {system_zone, Want::condition});
      EXPECT_NE(found.program == nullptr, found.errors.empty()) << printable(bad);
    }
  }
}

TEST(CelHostile, PlacesEveryErrorInsideTheExpression) {
  constexpr unsigned kSeed = 99;
  std::mt19937 random(kSeed);
  for (int round = 0; round < 5'000; ++round) {
    std::string soup;
    for (std::size_t i = 0; i < 1 + random() % 10; ++i) soup += kWords[random() % std::size(kWords)];
    for (const CompileError& error : compile(soup, test_environment()).errors) {
      EXPECT_LE(error.offset + error.length, soup.size()) << printable(soup);
      EXPECT_TRUE(is_valid_utf8(error.message)) << printable(soup);
    }
  }
}

// What a request can make a loaded condition do is bounded as well.
TEST(CelHostile, GivesUpOnLargeDataWithAnError) {
  JsonValue::Array many(20'000, JsonValue(1));
  const JsonValue list(many);
  const std::string long_text(1 << 20, 'a');
  TestActivation activation;
  activation.set("numbers", Value::of(list));
  activation.set("s", Value::of(std::string_view(long_text)));
  EXPECT_EQ(evaluate("numbers.all(a, numbers.all(b, a == b))", activation),
            "error: column 33: evaluation takes more steps or memory than it may");
  EXPECT_EQ(evaluate("numbers.map(a, numbers.map(b, a + b)) == []", activation),
            "error: column 24: evaluation takes more steps or memory than it may");
  EXPECT_EQ(evaluate("s.replace('a', s) == ''", activation),
            "error: column 3: evaluation takes more steps or memory than it may");
  EXPECT_EQ(evaluate("s.replace('', s) == ''", activation),
            "error: column 3: evaluation takes more steps or memory than it may");
  EXPECT_EQ(evaluate("(s + s + s + s + s + s + s + s + s) == ''", activation),
            "error: column 12: evaluation takes more steps or memory than it may");
  EXPECT_EQ(evaluate("numbers.map(n, s.lowerAscii()) == []", activation),
            "error: column 18: evaluation takes more steps or memory than it may");
  EXPECT_EQ(evaluate("numbers.all(n, s.contains(s))", activation),
            "error: column 18: evaluation takes more steps or memory than it may");
  EXPECT_EQ(evaluate("numbers.exists(n, 'a'.matches(s.substring(0, 3) + '$'))", activation),
            "error: column 23: evaluation takes more steps or memory than it may");
  EXPECT_EQ(evaluate("s.matches(s + '(a+)+$')", activation), "error: column 3: the regular expression is malformed");
  JsonValue::Object holder{{"list", list}};
  const JsonValue claims(holder);
  activation.set("claims", Value::of(claims));
  EXPECT_EQ(evaluate("numbers.all(n, claims == claims)", activation),
            "error: column 23: evaluation takes more steps or memory than it may");
  EXPECT_EQ(evaluate("numbers.all(n, [claims] == [claims])", activation),
            "error: column 25: evaluation takes more steps or memory than it may");
  EXPECT_EQ(evaluate("numbers.all(n, s == s)", activation),
            "error: column 18: evaluation takes more steps or memory than it may");
  EXPECT_EQ(evaluate("numbers.all(n, s <= s)", activation),
            "error: column 18: evaluation takes more steps or memory than it may");
  EXPECT_EQ(evaluate("numbers.all(n, !(0 in numbers))", activation),
            "error: column 20: evaluation takes more steps or memory than it may");
  EXPECT_EQ(evaluate("size(s.split('')) > 0", activation),
            "error: column 8: evaluation takes more steps or memory than it may");
}

TEST(CelHostile, FindsPartsInLinearTime) {
  const std::string text(1 << 20, 'a');
  const std::string part = std::string(1 << 19, 'a') + "b";
  TestActivation activation;
  activation.set("s", Value::of(std::string_view(text)));
  activation.set("x", Value::of(std::string_view(part)));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(evaluate("s.contains(x) || s.indexOf(x) >= 0 || s.lastIndexOf(x) >= 0 || s.replace(x, '') != s || "
                     "s.split(x).size() != 1",
                     activation),
            "false");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10)) << "a quadratic search takes minutes";
}

}  // namespace
}  // namespace portreeve::cel
