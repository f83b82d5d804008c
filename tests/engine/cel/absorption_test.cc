// SEMANTICS §2: in &&, || and ?: a deciding side absorbs error and unknown; else unknown wins over error.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>

#include "tests/engine/cel/support.h"

namespace portreeve::cel {
namespace {

enum Operand { kT, kF, kE, kU };
constexpr std::array<Operand, 4> kAll = {kT, kF, kE, kU};
constexpr const char* kLetters = "TFEU";

// flag is a bool that no folding knows; err and unk are what they say.
const char* text(Operand operand) {
  static constexpr const char* kTexts[] = {"flag", "!flag", "err", "unk"};
  return kTexts[operand];
}

char letter(const std::string& result) {
  if (result == "true") return 'T';
  if (result == "false") return 'F';
  if (result.starts_with("error: ")) return 'E';
  return result.starts_with("unknown: ") ? 'U' : '?';
}

std::string row(const char* format, Operand first) {
  std::string out;
  for (const Operand second : kAll)
    out += letter(evaluate(fmt::format(fmt::runtime(format), text(first), text(second))));
  return out;
}

TEST(CelAbsorption, And) {
  // columns: the right operand T F E U
  EXPECT_EQ(row("{} && {}", kT), "TFEU");
  EXPECT_EQ(row("{} && {}", kF), "FFFF");
  EXPECT_EQ(row("{} && {}", kE), "EFEU");
  EXPECT_EQ(row("{} && {}", kU), "UFUU");
}

TEST(CelAbsorption, Or) {
  EXPECT_EQ(row("{} || {}", kT), "TTTT");
  EXPECT_EQ(row("{} || {}", kF), "TFEU");
  EXPECT_EQ(row("{} || {}", kE), "TEEU");
  EXPECT_EQ(row("{} || {}", kU), "TUUU");
}

TEST(CelAbsorption, ThreeOperandsAreAsTwoPairs) {
  for (const Operand a : kAll) {
    for (const Operand b : kAll) {
      for (const Operand c : kAll) {
        for (const char* op : {"&&", "||"}) {
          const auto flat = evaluate(fmt::format("{} {} {} {} {}", text(a), op, text(b), op, text(c)));
          const auto paired = evaluate(fmt::format("({} {} {}) {} {}", text(a), op, text(b), op, text(c)));
          const auto other = evaluate(fmt::format("{} {} ({} {} {})", text(a), op, text(b), op, text(c)));
          EXPECT_EQ(letter(flat), letter(paired)) << kLetters[a] << op << kLetters[b] << op << kLetters[c];
          EXPECT_EQ(letter(flat), letter(other)) << kLetters[a] << op << kLetters[b] << op << kLetters[c];
        }
      }
    }
  }
}

TEST(CelAbsorption, IfElseLooksOnlyAtTheBranchTaken) {
  const auto result = [](Operand condition, Operand yes, Operand no) {
    return letter(evaluate(fmt::format("{} ? {} : {}", text(condition), text(yes), text(no))));
  };
  for (const Operand yes : kAll) {
    for (const Operand no : kAll) {
      EXPECT_EQ(result(kT, yes, no), kLetters[yes]);
      EXPECT_EQ(result(kF, yes, no), kLetters[no]);
      EXPECT_EQ(result(kE, yes, no), 'E');
      EXPECT_EQ(result(kU, yes, no), 'U');
    }
  }
}

TEST(CelAbsorption, Not) {
  EXPECT_EQ(evaluate("!err"), "error: column 2: the request does not say `err`");
  EXPECT_EQ(evaluate("!unk"), "unknown: `unk` is not known yet");
}

TEST(CelAbsorption, StrictOperationsPreferUnknownToError) {
  for (const char* expression :
       {"err == unk", "unk == err", "err < unk", "unk + err", "err in unk", "[err, unk]", "{err: unk}",
        "names[err].startsWith(unk)", "unk[err]", "[err, unk].map(e, e)", "[1, 2].map(n, n == 1 ? err : unk)",
        "[1, 2].exists_one(n, n == 1 ? err : unk)", "[1, 2].filter(n, n == 1 ? err : unk)"}) {
    EXPECT_EQ(letter(evaluate(expression)), 'U') << expression;
  }
  for (const char* expression :
       {"err == 1", "1 + err", "err.field", "err[0]", "err.all(e, true)", "has(err.field)", "size(err)"}) {
    EXPECT_EQ(letter(evaluate(expression)), 'E') << expression;
  }
  for (const char* expression :
       {"unk == 1", "unk.field", "unk[0]", "unk.all(e, true)", "has(unk.field)", "size(unk)", "type(unk)"}) {
    EXPECT_EQ(letter(evaluate(expression)), 'U') << expression;
  }
}

TEST(CelAbsorption, QuantifiersFoldAsAndAndOr) {
  EXPECT_EQ(letter(evaluate("[1, 2, 3].all(n, n == 1 ? err : n == 2 ? unk : !flag)")), 'F');
  EXPECT_EQ(letter(evaluate("[1, 2, 3].all(n, n == 1 ? err : n == 2 ? unk : flag)")), 'U');
  EXPECT_EQ(letter(evaluate("[1, 2, 3].all(n, n == 1 ? err : flag)")), 'E');
  EXPECT_EQ(letter(evaluate("[1, 2, 3].exists(n, n == 1 ? err : n == 2 ? unk : flag)")), 'T');
  EXPECT_EQ(letter(evaluate("[1, 2, 3].exists(n, n == 1 ? err : n == 2 ? unk : !flag)")), 'U');
}

TEST(CelAbsorption, AnOperandThatIsNoBoolIsAnErrorAndMayBeAbsorbed) {
  EXPECT_EQ(evaluate("x && flag"), "error: column 3: `&&` does not apply to string");
  EXPECT_EQ(evaluate("x && !flag"), "false");
  EXPECT_EQ(evaluate("x || flag"), "true");
  EXPECT_EQ(evaluate("x ? 1 : 2"), "error: column 3: `?:` does not apply to string");
  EXPECT_EQ(evaluate("!x"), "error: column 1: `!` does not apply to string");
}

}  // namespace
}  // namespace portreeve::cel
