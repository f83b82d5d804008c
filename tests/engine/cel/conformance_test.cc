// cel-spec's conformance cases (tests/engine/cel/conformance/README.md).
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "engine/cel/evaluation.h"
#include "engine/cel/typed_json.h"
#include "engine/reader/json_reader.h"
#include "tests/engine/cel/support.h"

namespace portreeve::cel {
namespace {

struct Case {
  std::string place;  // comparisons.jsonl: eq_literal/eq_int
  std::string line;   // to paste elsewhere
  JsonValue row;
};

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  const reader::JsonLimits limits{.nul = reader::Nul::accepted};
  for (const auto& file : std::filesystem::directory_iterator(CONFORMANCE_FOLDER)) {
    if (file.path().extension() != ".jsonl") continue;
    std::ifstream lines(file.path());
    for (std::string line; std::getline(lines, line);) {
      auto row = reader::parse_json(line, limits);
      if (!row) ADD_FAILURE() << file.path() << ": " << row.error().message << ": " << line;
      if (!row) continue;
      const std::string name = row->find("name") ? *row->find("name")->as_string() : std::string();
      cases.push_back({fmt::format("{}: {}", file.path().filename().string(), name), line, std::move(*row)});
    }
  }
  return cases;
}

const std::string* text_of(const JsonValue& row, std::string_view key) {
  const JsonValue* const found = row.find(key);
  return found == nullptr ? nullptr : found->as_string();
}

bool says(const JsonValue& row, std::string_view key) {
  const JsonValue* const found = row.find(key);
  return found != nullptr && found->as_bool() != nullptr && *found->as_bool();
}

// Whether two typed values are the same, the entries of maps in any order.
bool same(const JsonValue& a, const JsonValue& b) {
  const JsonValue::Array* const as = a.as_array();
  const JsonValue::Array* const bs = b.as_array();
  if (as != nullptr && bs != nullptr) {
    return as->size() == bs->size() && std::equal(as->begin(), as->end(), bs->begin(), same);
  }
  if (a.as_double() != nullptr && b.as_double() != nullptr) {
    return *a.as_double() == *b.as_double() && std::signbit(*a.as_double()) == std::signbit(*b.as_double());
  }
  if (a.find("type") == nullptr || b.find("type") == nullptr) return a == b;
  if (!(*a.find("type") == *b.find("type"))) return false;
  const bool maps = *a.find("type") == JsonValue("map");
  if (!maps) return same(*a.find("value"), *b.find("value"));
  const auto& left = *a.find("value")->as_array();
  const auto& right = *b.find("value")->as_array();
  return std::is_permutation(left.begin(), left.end(), right.begin(), right.end(), same);
}

Question question_of(const JsonValue& row) {
  Question question{*text_of(row, "expr"), {}};
  if (const JsonValue* const variables = row.find("vars")) {
    for (const auto& [name, expression] : *variables->as_object()) question.variables[name] = *expression.as_string();
  }
  return question;
}

CompileOptions options_of(const JsonValue& row, Typing typing) {
  CompileOptions options{system_zone, Want::any_value, typing, {}};
  if (const std::string* const container = text_of(row, "container")) options.container = *container;
  return options;
}

std::string answer(const JsonValue& row, Typing typing) {
  const auto evaluated = evaluate(question_of(row), options_of(row, typing));
  if (!evaluated) return to_canonical_json(JsonValue(JsonValue::Object{{"error", evaluated.error().message}}));
  return to_typed_json(evaluated->value()).value();
}

void expect(const Case& one, Typing typing) {
  const JsonValue* const want = one.row.find("want");
  if (want == nullptr) return;
  const std::string got = answer(one.row, typing);
  const auto parsed = reader::parse_json(got, {.nul = reader::Nul::accepted});
  ASSERT_TRUE(parsed) << one.place << "\n" << got;
  const bool fits = want->find("error") ? parsed->find("error") != nullptr : same(*parsed, *want);
  EXPECT_TRUE(fits) << one.place << (typing == Typing::checked ? " (checked)" : "") << "\n  " << one.line << "\n  got "
                    << got;
}

TEST(Conformance, EveryCaseIsAsTheSpecificationHasIt) {
  std::map<std::string, int> counts;
  for (const Case& one : all_cases()) {
    expect(one, Typing::dynamic);
    ++counts[one.place.substr(0, one.place.find(':'))];
  }
  int all = 0;
  for (const auto& [file, count] : counts) {
    std::cout << fmt::format("{:6} {}\n", count, file);
    all += count;
  }
  EXPECT_EQ(all, 1733);
}

// What the source checks before it runs, a policy may say as well.
TEST(Conformance, WhatTheSourceChecksIsWellTypedHereToo) {
  for (const Case& one : all_cases()) {
    if (!says(one.row, "unchecked")) expect(one, Typing::checked);
  }
}

TEST(Conformance, TypesAreDeducedAsTheSourceDeducesThem) {
  int deduced = 0;
  for (const Case& one : all_cases()) {
    const std::string* const want = text_of(one.row, "deduced");
    if (want == nullptr) continue;
    ++deduced;
    const Compiled compiled = compile(*text_of(one.row, "expr"), {}, options_of(one.row, Typing::checked));
    ASSERT_NE(compiled.program, nullptr) << one.place << "\n" << to_text(compiled.errors);
    EXPECT_EQ(to_text(compiled.program->type()), *want) << one.place << "\n  " << one.line;
  }
  EXPECT_EQ(deduced, 21);
}

}  // namespace
}  // namespace portreeve::cel
